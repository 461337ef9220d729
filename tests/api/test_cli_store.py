"""The commands on keys, mail and the store, and how commands reach a running server."""

import json
import os
import re
import sqlite3
import stat
import subprocess
import unicodedata
from pathlib import Path

import pytest

from support import (PASSWORD, Account, Server, ServerFailed, assert_problem, at_once, binary_path, nothing_changes,
                     unique_email)

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["serve", "user", "user add", "user invite", "user list", "user show", "user block", "user unblock", "user unlock", "user set-role",
            "user delete", "user remove-factor", "keys", "keys list", "keys rotate", "keys revoke", "keys rekey", "mail", "mail list",
            "mail retry", "mail show", "passwords", "passwords index", "migrate", "config", "openapi", "backup", "restore", "compact", "move", "doctor"]


def run(*arguments, **more):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
    return subprocess.run([binary_path(), *arguments], capture_output=True, text=True, timeout=60, env=environment, **more)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, tmp_path):
    done = run(*command.split(), "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert list(tmp_path.iterdir()) == [], "help makes no data directory"


def test_version_and_help_of_the_program(tmp_path):
    assert run("--version", cwd=tmp_path).stdout.strip()
    shown = run("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for command in ("serve", "user", "keys", "mail", "passwords", "migrate", "config", "openapi", "backup", "restore", "compact", "move", "doctor"):
        assert command in shown.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_help_names_the_features_that_the_program_was_built_with(tmp_path):
    listed = re.findall(r"&features::(\w+)::feature,$", (ROOT / "src/app/features.cpp").read_text(), re.M)
    assert listed and {path.name for path in (ROOT / "src/features").iterdir() if path.is_dir()} == set(listed)
    assert run("--help", cwd=tmp_path).stdout.splitlines()[0] == f"An authentication server over HTTP, with {', '.join(listed)}"


@pytest.mark.parametrize("arguments", [("nonsense",), ("user", "nonsense"), ("user",), ("serve", "--nonsense"),
                                       ("serve", "extra"), ("keys", "revoke"), ("backup",), ("restore",)])
def test_a_wrong_command_is_refused_with_a_word(arguments, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert (done.stderr + done.stdout).strip()


def test_commands_work_with_and_without_a_running_server():
    with Server() as server:
        server.user()
        for running in (True, False):
            if not running:
                server.stop()
            for command in (("user", "list"), ("keys", "list"), ("mail", "list"), ("migrate",), ("config",),
                            ("openapi",), ("doctor",)):
                server.cli_ok(*command)
        server.start()


def test_many_commands_at_once_beside_a_busy_server(server, user):
    def commands():
        server.cli_ok("user", "add", "--email", unique_email(), "--username", "parallel", "--password-stdin",
                      input=PASSWORD)

    def requests():
        for _ in range(10):
            assert server.user().me().status_code == 200

    at_once(commands, commands, commands, requests, requests)


def test_the_control_socket_is_private(server):
    assert stat.S_IMODE(os.stat(server.data_dir).st_mode) == 0o700
    mode = os.stat(server.data_dir / "control.sock").st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_a_stale_socket_is_replaced(make_server):
    server = make_server()
    server.kill()
    assert (server.data_dir / "control.sock").exists()
    server.cli_ok("user", "list")
    server.start()
    server.cli_ok("user", "list")
    server.user()


def test_a_long_data_path_works(make_server):
    server = make_server(start=False)
    deep = server.folder / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server.data_dir = deep / "data"
    server.settings["data_dir"] = server.data_dir
    server.start()
    account = server.user()
    assert account.email in server.cli_ok("user", "list")
    server.cli_ok("user", "block", account.email)
    assert account.me().status_code == 401


# Migrate, config, doctor --------------------------------------------------------------------------


@pytest.mark.embedded
def test_migrate_makes_a_new_store_and_can_be_said_again(make_server):
    server = make_server(start=False)
    server.cli_ok("migrate")
    assert (server.data_dir / "latchkey.db").exists()
    before = server.snapshot()
    server.cli_ok("migrate")
    assert server.snapshot() == before
    server.start()
    server.user()


@pytest.mark.embedded
def test_a_store_of_a_newer_version_is_refused(make_server):
    server = make_server()
    server.stop()
    tables = [name for name in server.tables() if "migration" in name or "version" in name]
    assert len(tables) == 1, tables
    database = sqlite3.connect(server.data_dir / "latchkey.db")
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({tables[0]})")]
    newest = list(database.execute(f"SELECT * FROM {tables[0]} ORDER BY 1 DESC LIMIT 1").fetchone())
    database.execute(f"INSERT INTO {tables[0]} VALUES ({','.join('?' * len(columns))})", [newest[0] + 1000] + newest[1:])
    database.commit()
    database.close()
    before = server.snapshot()
    with pytest.raises(ServerFailed, match="ended with"):
        server.start()
    server.process = None
    server.cli_refused("migrate")
    assert server.snapshot() == before


def test_config_shows_what_is_in_force_and_no_secret(make_server):
    secret = "5914aa550ff67941980c8945505d107a8cff699bc09d401547ba844904977203"
    server = make_server({"tokens.access_ttl": "7m", "master_secret": secret, "mail.smtp_password": "smtp-secret-word",
                          "mail.smtp_user": "someone", "admin.password": "an-admin-secret-word"}, start=False)
    shown = server.cli_ok("config")
    assert "access_ttl" in shown and "7m" in shown
    assert str(server.data_dir) in shown
    for hidden in (secret, "smtp-secret-word", "an-admin-secret-word"):
        assert hidden not in shown


def test_doctor_is_content_with_a_healthy_server(server):
    assert server.cli_ok("doctor").strip()


@pytest.mark.embedded
def test_doctor_sees_a_damaged_database(make_server):
    server = make_server()
    for _ in range(30):
        server.signup()
    server.stop()
    path = server.data_dir / "latchkey.db"
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 4096):
        data[start:start + 64] = b"\xa5" * 64
    path.write_bytes(data)
    done = server.cli("doctor")
    assert done.returncode != 0


# Backup and restore -------------------------------------------------------------------------------


def private(path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.fixture(scope="module")
def restored():
    """A server that was backed up while it ran, lived on, and was brought back."""
    with Server() as server:
        kept, pending = server.user(), server.signup()
        kept.link = server.wait_mail(pending.email)[0].confirmation_path
        backup = server.folder / "backup.db"
        server.cli_ok("backup", backup)
        assert private(backup)
        old_tokens = dict(kept.tokens)
        assert kept.try_logout().status_code == 200
        kept.login()
        later = server.user()
        server.stop()
        server.cli_ok("restore", backup)
        server.start()
        yield server, kept, pending, later, old_tokens


@pytest.mark.embedded
def test_a_restored_server_has_the_users_of_the_backup_and_no_others(restored):
    server, kept, pending, later, _ = restored
    listed = server.cli_ok("user", "list")
    assert kept.email in listed and pending.email in listed
    assert later.email not in listed
    assert_problem(later.try_login(), 401, "invalid_credentials")


@pytest.mark.embedded
def test_nothing_that_was_signed_before_a_restore_is_valid_after_it(restored):
    _, kept, _, later, old_tokens = restored
    for tokens in (old_tokens, kept.tokens, later.tokens):
        assert_problem(kept.me(tokens["access_token"]), 401, "invalid_token")
        assert_problem(kept.try_refresh(tokens["refresh_token"]), 401, "invalid_token")
        assert_problem(kept.try_logout(tokens["refresh_token"]), 401, "invalid_token")


@pytest.mark.embedded
def test_links_of_before_a_restore_are_void_and_new_ones_work(restored):
    server, kept, pending, _, _ = restored
    assert_problem(server.get(kept.link), 400, "invalid_confirmation")
    count = len(server.mails(pending.email))
    server.post("/api/auth/request_email", json={"email": pending.email})
    server.wait_mail(pending.email, count + 1)
    pending.confirm()


@pytest.mark.embedded
def test_users_sign_in_anew_after_a_restore(restored):
    server, kept, _, _, _ = restored
    again = Account(server, kept.email, kept.password)
    again.login()
    assert again.me().status_code == 200
    again.rotate()
    assert len(again.sessions()) == 1


@pytest.mark.embedded
def test_a_backup_under_load_is_whole(make_server):
    server = make_server()
    known: list = []

    def load():
        for _ in range(15):
            known.append(server.signup().email)

    def backups():
        for number in range(3):
            server.cli_ok("backup", server.folder / f"backup-{number}.db")

    at_once(load, load, backups)
    server.stop()
    for number in range(3):
        server.cli_ok("restore", server.folder / f"backup-{number}.db")
        server.cli_ok("doctor")
    server.start()
    server.user()


@pytest.mark.embedded
def test_restoring_beside_a_running_server_restarts_it_with_the_backup(make_server):
    server = make_server()
    server.restart()  # from here on it has a port of its own, which it comes back on
    kept = server.user()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    later = server.user()
    process = server.process.pid
    server.cli_ok("restore", backup)
    server.wait(lambda: server.stdout_path.read_text().count("listening on") == 2, "the server to listen again")
    assert server.running and server.process.pid == process
    again = Account(server, kept.email, kept.password)
    assert_problem(again.me(kept.access), 401, "invalid_token")
    assert_problem(again.try_refresh(kept.refresh), 401, "invalid_token")
    assert_problem(Account(server, later.email, later.password).try_login(), 401, "invalid_credentials")
    again.login()
    assert again.me().status_code == 200


def test_restoring_what_is_no_backup_is_refused_and_harms_nothing(make_server):
    server = make_server()
    account = server.user()
    server.stop()
    wrong = server.folder / "wrong"
    before = server.snapshot()
    for content in (b"", b"not a database" * 1000, b"SQLite format 3\0" + b"\xa5" * 8192):
        wrong.write_bytes(content)
        server.cli_refused("restore", wrong)
    server.cli_refused("restore", server.folder / "missing")
    assert server.snapshot() == before
    server.start()
    assert account.me().status_code == 200


@pytest.mark.embedded
@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_F25_a_backup_is_no_stream(make_server, running):
    server = make_server()
    if not running:
        server.stop()
    for command in ("backup", "restore"):
        done = server.cli(command, "-")
        assert done.returncode == 2 and "a file of the name - is ./-" in done.stderr
        assert done.stdout == ""
    assert not (server.folder / "-").exists()
    server.cli_ok("backup", "./-")
    assert private(server.folder / "-")


@pytest.mark.embedded
def test_F25_a_list_of_names_in_any_script_stands_in_columns(make_server):
    server = make_server()
    for name in ("王小明", "Zoë", "한국어 이름", "plain"):
        server.signup(username=name)
    lines = server.cli_ok("user", "list").splitlines()

    def column(line: str, word: str) -> int:
        """Where a word begins on a terminal."""
        before = line[:re.search(rf"(?<!\S){word}(?!\S)", line).start()]
        return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in before)

    assert len(lines) == 6
    assert {column(line, "admin" if "administrator" in line else "user") for line in lines[1:]} == {column(lines[0], "ROLE")}


def test_a_backup_does_not_overwrite_a_file(server):
    target = server.folder / "taken"
    target.write_text("precious")
    server.cli_refused("backup", target)
    assert target.read_text() == "precious"


# Rekey --------------------------------------------------------------------------------------------

FIRST = "68b00173dde569fcea8b03495847e12226fdc200d6cf754fb72cf896d6a7f353"
SECOND = "4a86b0fdbb2d3299c5495bcd39dcd58607afa262591523fe77d6b321f2bcf414"


def test_a_new_master_secret_takes_over_with_the_previous_one_beside_it(make_server):
    server = make_server({"master_secret": FIRST})
    account = server.user()
    pending = server.signup()
    link = server.wait_mail(pending.email)[0].confirmation_path
    server.restart(master_secret=SECOND, master_secret_previous=FIRST)
    assert account.me().status_code == 200
    account.rotate()
    assert server.get(link).json() == {"message": "Email confirmed"}
    server.cli_ok("keys", "rekey")
    server.cli_ok("keys", "rekey")
    server.restart(master_secret_previous=None)
    assert account.me().status_code == 200
    account.rotate()


def test_a_different_master_secret_alone_refuses_to_start(make_server):
    server = make_server({"master_secret": FIRST})
    account = server.user()
    server.stop()
    server.settings["master_secret"] = SECOND
    with pytest.raises(ServerFailed, match="master_secret"):
        server.start()
    server.process = None
    server.settings["master_secret"] = FIRST
    server.start()
    assert account.me().status_code == 200


def test_openapi_needs_no_store(tmp_path):
    done = run("openapi", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["openapi"].startswith("3.1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.embedded
def test_F45_compact_works_on_a_store_that_nobody_serves():
    with Server() as server:
        account = server.user()
        with nothing_changes(server):
            assert "stop the server first" in server.cli_refused("compact")
        server.stop()
        assert re.search(r"^the store is compact: [0-9.]+ MiB before, [0-9.]+ MiB now$", server.cli_ok("compact"), re.M)
        server.start()
        assert account.me().status_code == 200, "its session lives on"
        account.login()


@pytest.mark.embedded
def test_F45_a_new_store_can_give_space_back():
    with Server() as server, server.db() as db:
        assert db.execute("PRAGMA auto_vacuum").fetchone() == (2,)
