"""`latchkey move`: a deployment goes from SQLite to PostgreSQL, and back, with everything that it promised."""

import contextlib
import os
import pty
import re
import subprocess

import pytest

from support import PASSWORD, Account, ServerFailed, binary_path, unique_email
from support.former_mail import queue_as_a_former_program
from support.moving import (Crowd, SETTINGS, add_rows, add_rows_there, begin_move, checksums, finish, marks, move_away,
                            target_settings, triggers, wait_for)
from support.postgres import Database

# Each makes both kinds of store itself.
pytestmark = pytest.mark.embedded


def test_a_running_server_moves_and_users_stay_signed_in(make_server, database):
    source = make_server({"mail.smtp_url": "smtp://127.0.0.1:1", "mail.tls": "off", "mail.from": "us@example.com"})
    user = Account(source, unique_email(), PASSWORD)
    source.cli_ok("user", "add", "--email", user.email, "--username", "mover", "--confirmed", "--password-stdin",
                  input=PASSWORD)
    user.login()
    user.rotate()
    waiting = source.signup()
    gone = source.signup()
    source.cli_ok("user", "delete", gone.email)
    output = source.cli_ok("move", "--to", database.url)
    assert source.wait_exit() == 0, "the server of the source ends in peace"
    source.process = None
    assert "store.moved" in source.stderr
    assert "moved sqlite:" in output and "master_secret" in output
    assert set(checksums(output)) == {"users", "sessions", "outbox", "mails", "mail_codes", "spent", "devices", "totp",
                                      "recovery_codes", "passkeys", "scheduled",
                                      "signing_keys", "audit", "state"}

    target = make_server({**target_settings(source, database), "mail.smtp_url": None})
    user.server = target
    assert user.me().status_code == 200, "the access token is still good"
    assert user.rotate(), "so is the refresh token"
    waiting.server = target
    waiting.confirm()  # mail that waited is sent there, with a link that works
    waiting.login()
    newer = target.signup()
    assert newer.id > gone.id, "no id is given twice, also not one whose row is gone"
    with target.db() as db:
        assert db.execute("SELECT count(*) FROM audit").fetchone()[0] == db.execute(
            "SELECT count(DISTINCT id) FROM audit").fetchone()[0]


def test_nothing_acknowledged_is_lost_under_load(make_server, database):
    source = make_server(SETTINGS, start=False)
    source.start()
    source.stop()
    add_rows(source, 6000)
    source.start()
    with Crowd(source) as crowd:
        wait_for(lambda: sum(len(client.signed_up) for client in crowd.clients) > 20, "the crowd to be at work")
        ended = crowd.ended
        output = finish(begin_move(source, "--to", database.url))
        source.wait_exit()
    source.process = None
    source.check_sanitizers()
    assert crowd.reader.reads > 20 and crowd.ended > ended
    assert checksums(output)["users"][0] >= 6000
    target = make_server(target_settings(source, database))
    crowd.check(target)
    assert sum(client.refused for client in crowd.clients) > 0, "the last part refuses writes"


def test_one_move_at_a_time(make_server, database):
    source = make_server(SETTINGS, start=False)
    source.start()
    source.stop()
    add_rows(source, 4000)
    source.start()
    first = begin_move(source, "--to", database.url)
    wait_for(lambda: marks(database) == ["filling"], "the move to begin")
    assert "another move is running" in source.cli_refused("move", "--to", database.url)
    finish(first)
    source.wait_exit()
    source.process = None


def test_a_terminal_sees_a_bar_that_moves(make_server, database):
    source = make_server()
    ours, theirs = pty.openpty()
    done = subprocess.run([binary_path(), "move", "--to", database.url], stdin=subprocess.DEVNULL, env=source.env(),
                          stdout=subprocess.PIPE, stderr=theirs, cwd=source.folder, timeout=120)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other side is closed
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    assert done.returncode == 0, shown
    assert b"\r\x1b[Kcopying   users" in shown and b"100 %" in shown
    assert b"copying" not in done.stdout and b"moved sqlite:" in done.stdout
    source.wait_exit()
    source.process = None


def test_a_target_that_is_not_empty_is_refused_by_the_names_of_its_tables(make_server, database):
    source = make_server()
    node = make_server({**target_settings(source, database), "listen": "127.0.0.1:0"})
    node.stop()
    before = node.snapshot()
    said = source.cli_refused("move", "--to", database.url)
    assert "not empty" in said and "signing_keys" in said
    assert node.snapshot() == before
    source.signup()


def test_what_can_not_be_moved_is_refused(server, tmp_path):
    for arguments, word in ((("--to", "sqlite:" + str(tmp_path / "x")), "both SQLite"),
                            ((), "--to"),
                            (("--to", "mysql://somewhere"), "postgresql://"),
                            (("--from", "sqlite:" + str(tmp_path / "none"), "--to", "postgresql://u@127.0.0.1:1/x"), "no"),
                            (("--from", "postgresql://u@h/x", "--to", "postgresql://u@h/y"), "both PostgreSQL")):
        assert word in server.cli_refused("move", *arguments)
    assert not (tmp_path / "x").exists() and not (tmp_path / "none").exists()
    server.signup()


def test_passwords_of_urls_are_never_shown(server):
    password = "quite-a-secret"
    url = f"postgresql://somebody:{password}@127.0.0.1:1/nothing"
    for environment, arguments in (({"LATCHKEY_MOVE_TO": url}, ()), ({}, ("--to", url)),
                                   ({"PGPASSWORD": password}, ("--to", "postgresql://somebody@127.0.0.1:1/nothing"))):
        done = server.cli("move", *arguments, environment=environment)
        assert done.returncode != 0
        assert password not in done.stdout + done.stderr
        assert ("warning" in done.stderr) == bool(arguments and password in arguments[1])
    assert password not in server.stderr


def test_the_password_may_come_by_the_environment(make_server, postgres, database):
    """PGPASSWORD of the command reaches the server that carries it out: a wrong one is what it says."""
    source = make_server()
    postgres.sql(f"CREATE ROLE mover_{database.name} LOGIN PASSWORD 'right'; "
                 f"ALTER DATABASE {database.name} OWNER TO mover_{database.name};")
    try:
        url = database.url.replace("postgres@", f"mover_{database.name}@")
        postgres.sql(f"GRANT ALL ON SCHEMA public TO mover_{database.name};", database.name)
        done = source.cli("move", environment={"LATCHKEY_MOVE_TO": url, "PGPASSWORD": "right"})
        assert done.returncode == 0, done.stderr
        source.wait_exit()
        source.process = None
    finally:
        database.remove()
        postgres.sql(f"DROP ROLE mover_{database.name};")


def test_a_retired_store_refuses_everything_and_names_the_new_place(make_server, database):
    source = make_server()
    url = database.url.replace("postgres@", "postgres:quite-a-secret@")
    source.cli_ok("move", "--to", url)
    source.wait_exit()
    source.process = None
    for command in (("serve",), ("user", "list"), ("keys", "list"), ("backup", str(source.folder / "copy")), ("doctor",),
                    ("restore", str(source.data_dir / "latchkey.db"))):
        done = source.cli(*command)
        assert done.returncode != 0, command
        said = done.stdout + done.stderr
        assert f"has been moved to postgresql://postgres@127.0.0.1:" in said and database.name in said, said
        assert "quite-a-secret" not in said
    assert not (source.folder / "copy").exists()
    again = source.cli_ok("move", "--to", url)
    assert "nothing left to copy" in again
    other = Database(database.server)
    try:
        assert "has been moved to" in source.cli_refused("move", "--to", other.url)
    finally:
        other.remove()


TAMPERING = {
    "users": "NEW.username := 'somebody'",
    "sessions": "NEW.expires_at := NEW.expires_at + 1",
    "outbox": "NEW.tries := NEW.tries + 1",
    "mails": "NEW.recipient := 'somebody.else@example.com'",
    "signing_keys": "NEW.activates_at := NEW.activates_at + 1",
    "audit": "NEW.detail := NEW.detail || ' '",
    "state": "NEW.value := NEW.value + 1",
}


@pytest.mark.parametrize("table, change", [*TAMPERING.items(), ("sessions", "RETURN NULL"), ("audit", "RETURN NULL")])
def test_checksums_catch_a_row_of_any_table_that_arrives_changed_or_not_at_all(make_server, database, table, change):
    source = make_server({"mail.smtp_url": "smtp://127.0.0.1:1", "mail.tls": "off", "mail.from": "us@example.com"})
    queue_as_a_former_program(source, source.signup())  # whose mail waits in both tables
    account = source.admin()
    node = make_server(target_settings(source, database), start=False)
    node.cli_ok("migrate")
    database.server.sql(f"""CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                               {change}; RETURN NEW; END $$;
                           CREATE TRIGGER tamper BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION tamper();""",
                        database.name)
    said = source.cli_refused("move", "--to", database.url)
    assert f"table {table}" in said and "the source goes on" in said
    assert marks(database) == ["filling"]
    account.rotate()
    database.server.sql("DROP FUNCTION tamper() CASCADE;", database.name)
    move_away(source, database)


def test_another_master_secret_is_noticed_before_anything_is_moved(make_server, database):
    source = make_server()
    source.stop()
    said = source.cli("move", "--to", database.url, environment={"LATCHKEY_MASTER_SECRET": "5a" * 7 + os.urandom(25).hex()})
    assert said.returncode != 0
    assert "signed out" in said.stderr and "master secret" in said.stderr
    assert marks(database) == []
    source.start()


def test_and_back_again(make_server, database):
    source = make_server(SETTINGS)
    user = source.signup()
    user.login()
    move_away(source, database)
    node = make_server(target_settings(source, database))
    other = make_server({**target_settings(source, database), "listen": "127.0.0.1:0", "public_url": node.url})
    home = make_server({**target_settings(source, database), "database_url": None}, start=False)
    user.server = node
    user.rotate()
    add_rows_there(database, 15000)
    last = other.signup()
    with Crowd(node, writers=2) as crowd, Crowd(other, writers=2) as crowd_of_other:
        wait_for(lambda: min(crowd.signed_up, crowd_of_other.signed_up) > 5, "the crowds to be at work")
        process = begin_move(node, "--to", f"sqlite:{home.data_dir}")
        wait_for(lambda: triggers(database), "the move to begin")
        before = crowd.signed_up, crowd_of_other.signed_up
        wait_for(lambda: crowd.signed_up > before[0] + 3 and crowd_of_other.signed_up > before[1] + 3, "writes to go on")
        assert process.poll() is None, "they were written while the move was at work"
        output = finish(process)
        assert node.wait_exit() == 0 and other.wait_exit() == 0, "every node ends"
    held = re.search(r"writes were refused for ([0-9.]+) s", output)
    assert held and checksums(output)["users"][0] > 15000
    refused = sum(client.refused for each in (crowd, crowd_of_other) for client in each.clients)
    assert refused > 0, "the last part refuses writes"
    for server in (node, other):
        server.process = None
        server.check_sanitizers()
        with pytest.raises(ServerFailed, match="has been moved to sqlite:"):
            server.start()
        server.process = None
    home.start()
    crowd.check(home)
    crowd_of_other.check(home)
    user.server = home
    assert user.me().status_code == 200
    user.rotate()
    assert home.signup().id > last.id
