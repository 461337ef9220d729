"""The data directory: what is there before the store is opened, and what a first start, a loss or a broken-off restore
leaves behind."""

import os
import re
import shutil
import stat
import subprocess
import time

import pytest

from support import PASSWORD, Account, ServerFailed, assert_problem, binary_path

pytestmark = pytest.mark.embedded

COMMANDS = [("user", "list"), ("migrate",), ("backup", "copy.db"), ("doctor",)]


def refused(server, pattern: str) -> str:
    """The server does not start, and says why."""
    said = len(server.stderr)
    with pytest.raises(ServerFailed, match="ended with 1"):
        server.start()
    server.process = None
    assert re.search(pattern, server.stderr[said:]), server.stderr[said:]
    return server.stderr[said:]


# A store that was lost ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["empty", "gone"])
@pytest.mark.parametrize("secret", ["in the directory", "elsewhere"])
def test_a_lost_database_refuses_to_start_and_can_be_restored(make_server, kind, secret):
    """A new store in its place would have no accounts and say nothing of it."""
    server = make_server({} if secret == "in the directory" else {
        "master_secret": "e1b49c07d5a2f8366c90b7d41f5e2a8371bd04c96e85fa1327d8b0e94c6153af"})
    account = server.user()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    server.stop()
    database = server.data_dir / "latchkey.db"
    whole = database.read_bytes()
    os.truncate(database, 0) if kind == "empty" else database.unlink()
    before = sorted(path.name for path in server.data_dir.iterdir())

    said = refused(server, rf"latchkey\.db is {kind}, but this data directory has held a store")
    assert "latchkey restore FILE" in said and str(database) in said
    for command in COMMANDS:
        complaint = server.cli(*command)
        assert complaint.returncode == 1
        assert "has held a store" in complaint.stdout + complaint.stderr
    assert sorted(path.name for path in server.data_dir.iterdir()) == before, "nothing is made in its place"

    # A restore that is refused changes nothing of that.
    wrong = server.folder / "wrong"
    wrong.write_text("no backup")
    server.cli_refused("restore", wrong)
    refused(server, "has held a store")

    if kind == "empty":
        database.write_bytes(whole)
        server.start()
        assert account.me().status_code == 200
        server.stop()
        os.truncate(database, 0)
    server.cli_ok("restore", backup)
    server.start()
    Account(server, account.email, account.password).login()


def test_an_operator_can_begin_anew_where_a_store_was(make_server):
    server = make_server()
    account = server.user()
    server.stop()
    os.truncate(server.data_dir / "latchkey.db", 0)
    note, = re.findall(r"remove (\S+) to start again", refused(server, "to start again"))
    os.unlink(note)
    server.start()
    assert_problem(account.try_login(), 401, "invalid_credentials")
    server._admin = None
    server.user()


@pytest.mark.parametrize("milliseconds", [0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100])
def test_a_first_start_that_is_killed_at_any_moment_locks_nobody_out(make_server, milliseconds):
    server = make_server(start=False)
    first = subprocess.Popen([binary_path(), "serve"], env=server.env(), cwd=server.folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(milliseconds / 1000)
    first.kill()
    first.wait()
    server.start()
    server.user()


def test_a_first_start_that_was_killed_before_its_first_commit_locks_nobody_out(make_server):
    """It leaves a secret, a lock and an empty database."""
    server = make_server(start=False)
    server.start()
    server.stop()
    secret = (server.data_dir / "master_secret").read_bytes()
    for path in server.data_dir.iterdir():
        if path.name == "mail":
            path.rmdir()
        elif path.name not in ("master_secret", "lock"):
            path.unlink()
    (server.data_dir / "latchkey.db").touch(mode=0o600)
    server.start()
    server.user()
    assert (server.data_dir / "master_secret").read_bytes() == secret


@pytest.mark.parametrize("made_by", ["serve", "migrate", "user add", "restore"])
def test_whoever_makes_the_store_notes_it(make_server, made_by):
    server = make_server()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    fresh = make_server(start=False)
    if made_by == "serve":
        fresh.start()
        fresh.stop()
    elif made_by == "user add":
        fresh.cli_ok("user", "add", "--email", "someone@example.com", "--username", "someone", "--password-stdin",
                     input=PASSWORD)
    else:
        fresh.cli_ok(*([made_by] if made_by == "migrate" else [made_by, backup]))
    os.truncate(fresh.data_dir / "latchkey.db", 0)
    refused(fresh, "has held a store")


# A restore that was broken off --------------------------------------------------------------------


def leave_half_a_copy(server):
    folder = server.data_dir / "restore"
    folder.mkdir(mode=0o700)
    (folder / "latchkey.db.part").write_bytes(b"\0" * 70_000)
    return folder


def test_what_a_killed_restore_leaves_is_removed_by_the_next_start(make_server):
    server = make_server()
    account = server.user()
    server.stop()
    folder = leave_half_a_copy(server)
    server.start()
    assert not folder.exists()
    server.wait_log("restore.leftover_removed")
    assert account.me().status_code == 200


def test_what_a_killed_restore_leaves_is_removed_by_the_next_restore(make_server):
    server = make_server()
    account = server.user()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    server.stop()
    folder = leave_half_a_copy(server)
    server.cli_ok("restore", backup)
    assert not folder.exists()
    server.start()
    account.login()


@pytest.mark.parametrize("kind, why", [("empty", "it is empty"), ("text", "does not begin like an SQLite file"),
                                       ("header", "the database of another program"),
                                       ("half", "is damaged"), ("folder", "is a directory, not a file"),
                                       ("missing", "does not exist")])
@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_file_that_is_no_backup_is_named_with_what_it_is(make_server, kind, why, running):
    server = make_server()
    account = server.user()
    backup, wrong = server.folder / "backup.db", server.folder / "wrong.db"
    server.cli_ok("backup", backup)
    whole = backup.read_bytes()
    if kind == "folder":
        wrong.mkdir()
    elif kind != "missing":
        wrong.write_bytes({"empty": b"", "text": b"not a database\n" * 1000, "header": b"SQLite format 3\0" + bytes(9000),
                           "half": whole[:len(whole) // 2]}[kind])
    if not running:
        server.stop()
    complaint = server.cli_refused("restore", wrong)
    assert str(wrong) in complaint and why in complaint, complaint
    assert str(server.data_dir) not in complaint, "what is wrong is not the data directory"
    assert not (server.data_dir / "restore").exists()
    if not running:
        server.start()
    assert account.me().status_code == 200


# A plain copy in place of a backup ----------------------------------------------------------------


WITHOUT_LOG = r"warning: \S+ was not written by `latchkey backup`.*\(\S+-wal\) is not there.*newest accounts and changes are missing"


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_copy_of_a_living_file_without_its_log_is_restored_with_a_warning(make_server, running):
    server = make_server()
    old = server.user()
    server.restart()  # closing has copied everything into the main file
    new = server.user()
    copy = server.folder / "copy.db"
    shutil.copy(server.data_dir / "latchkey.db", copy)
    if not running:
        server.stop()
    done = server.cli("restore", copy)
    assert done.returncode == 0, done.stderr
    assert re.search(WITHOUT_LOG, done.stderr), done.stderr
    assert f"{copy}-wal" in done.stderr and "is restored" in done.stdout
    if running:
        server.wait(lambda: server.stdout_path.read_text().count("listening on") == 2, "the server to listen again")
    else:
        server.start()
    assert_problem(Account(server, new.email, new.password).try_login(), 401, "invalid_credentials")
    Account(server, old.email, old.password).login()


@pytest.mark.parametrize("kind", ["a backup", "a copy with its log", "the store before a restore"])
def test_what_is_whole_is_restored_without_a_warning(make_server, kind):
    server = make_server()
    user = server.user()
    copy = server.folder / "copy.db"
    if kind == "a backup":
        server.cli_ok("backup", copy)
        server.stop()
    elif kind == "a copy with its log":
        for suffix in ("", "-wal"):
            shutil.copy(f"{server.data_dir}/latchkey.db{suffix}", f"{copy}{suffix}")
        server.stop()
    else:
        server.cli_ok("backup", server.folder / "other.db")
        later = server.user()
        server.stop()
        server.cli_ok("restore", server.folder / "other.db")
        copy = server.data_dir / "latchkey.db.replaced"
        user = later
    done = server.cli("restore", copy)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    server.start()
    Account(server, user.email, user.password).login()


# What others were let into, and who may do what ---------------------------------------------------


@pytest.mark.parametrize("secret", ["in the directory", "named, in the directory"])
def test_F03_a_directory_that_was_mounted_for_a_group_is_closed_again(make_server, secret):
    """Kubernetes' fsGroup does this at each mount: `chmod -R g+rwX`, and another group."""
    server = make_server(start=False)
    if secret != "in the directory":
        server.data_dir.mkdir(mode=0o700)
        path = server.data_dir / "other_secret"
        path.write_text("e1b49c07d5a2f8366c90b7d41f5e2a8371bd04c96e85fa1327d8b0e94c6153af\n")
        path.chmod(0o600)
        server.settings["master_secret_file"] = path
    server.start()
    account = server.user()
    for stop in (server.stop, server.kill):
        stop()
        subprocess.run(["chmod", "-R", "g+rwX,g+s", server.data_dir], check=True)
        if os.getuid() == 0:
            subprocess.run(["chgrp", "-R", "12345", server.data_dir], check=True)
        told = len(server.stderr)
        server.start()
        assert account.me().status_code == 200
        for name in ("latchkey.db", "lock", "store_made", "other_secret" if "master_secret_file" in server.settings else "master_secret"):
            server.wait_log(rf"WARN files\.made_private path={re.escape(str(server.data_dir / name))}$")
        assert server.stderr[told:].count("files.made_private") >= 5
        for path in (server.data_dir, *server.data_dir.iterdir()):
            assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
    server.cli_ok("doctor")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize("owner", [23456, 65534], ids=["a user without a name", "a user with a name"])
def test_F25_the_command_that_is_printed_for_another_users_directory_works(make_server, owner):
    server = make_server()
    account = server.signup()
    server.stop()
    binary = server.folder / "latchkey"
    shutil.copy(binary_path(), binary)
    binary.chmod(0o755)
    server.folder.chmod(0o711)
    server.clock.path.chmod(0o644)
    subprocess.run(["chown", "-R", f"{owner}:{owner}", server.data_dir], check=True)
    before = server.snapshot()
    said = server.cli_refused("user", "list")
    prefix = re.search(r"give the command as that user, with (.+) in front of it", said)[1]
    done = subprocess.run(["sh", "-c", f"{prefix} {binary} user list"], env=server.env(), cwd=server.folder,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{prefix}: {done.stderr}"
    assert account.email in done.stdout
    assert {path.stat().st_uid for path in server.data_dir.iterdir()} == {owner}
    assert server.snapshot() == before


# A name that is no directory ----------------------------------------------------------------------


@pytest.mark.parametrize("written", ["", "/"], ids=["plain", "with a slash"])
@pytest.mark.parametrize("target", ["absent", "gone/below", "data"], ids=["absent", "below something absent", "itself"])
def test_F25_a_data_dir_that_is_a_link_to_nowhere_is_refused_with_a_sentence(make_server, target, written):
    """As after a reboot at which the disk was not mounted."""
    server = make_server(start=False)
    server.data_dir.symlink_to(server.folder / target)
    server.settings["data_dir"] = f"{server.data_dir}{written}"
    pattern = rf"data_dir {re.escape(str(server.data_dir))} is a link to {re.escape(str(server.folder / target))}, which can not be used"
    refused(server, pattern)
    for command in (*COMMANDS, ("restore", "copy.db")):
        assert re.search(pattern, server.cli_refused(*command))
    assert os.readlink(server.data_dir) == str(server.folder / target)
    assert not (server.folder / "absent").exists() and not (server.folder / "gone").exists()


def test_a_data_dir_that_is_a_file_is_refused_and_left_as_it_is(make_server):
    server = make_server(start=False)
    server.data_dir.write_text("something of mine")
    server.data_dir.chmod(0o644)
    said = refused(server, rf"data_dir {re.escape(str(server.data_dir))} is a file, not a directory")
    assert "move it away" in said
    for command in COMMANDS:
        assert "is a file, not a directory" in server.cli_refused(*command)
    assert server.data_dir.read_text() == "something of mine"
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o644


# The administrator of the settings ----------------------------------------------------------------


def test_a_weak_administrator_password_is_refused_before_anything_is_made(make_server):
    server = make_server({"admin.password": "password123"}, start=False)
    said = refused(server, r"admin\.password is too easy to guess")
    assert "password123" not in said
    assert not server.data_dir.exists()


def test_a_weak_administrator_password_has_no_effect_once_there_is_an_administrator(make_server):
    server = make_server()
    server.restart(admin__password="password123")
    server.admin()


def test_making_the_first_administrator_is_logged_without_a_secret(make_server):
    server = make_server()
    line = server.wait_log(r"INFO administrator\.made ")
    assert f"id={server.admin().id} " in line and "admin.password" in line
    assert "the-keeper-of-keys" not in server.stderr and "admin@example.com" not in line
    server.restart()
    assert server.stderr.count("administrator.made") == 1


def test_links_that_outlive_their_accounts_are_warned_of(make_server):
    server = make_server({"accounts.confirmation_ttl": "48h", "accounts.unconfirmed_ttl": "24h"})
    line = server.wait_log("WARN settings.unwise .*outlive")
    assert "accounts.confirmation_ttl" in line and "accounts.unconfirmed_ttl" in line


# A name that is a link ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", [None, "migrate"], ids=["serve", "migrate"])
def test_F51_K02_a_data_dir_that_is_a_link_to_an_open_directory_is_closed(make_server, command):
    server = make_server(start=False)
    target = server.folder / "open to all"
    target.mkdir()
    target.chmod(0o777)
    server.data_dir.symlink_to(target)
    server.cli_ok(command) if command else server.start()
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert os.readlink(server.data_dir) == str(target)


def test_F51_K02_files_of_the_store_that_are_links_are_closed_too(make_server):
    server = make_server()
    account = server.user()
    server.stop()
    elsewhere = server.folder / "elsewhere"
    elsewhere.mkdir()
    for name in ("latchkey.db", "master_secret"):
        (server.data_dir / name).rename(elsewhere / name)
        (elsewhere / name).chmod(0o666)
        (server.data_dir / name).symlink_to(elsewhere / name)
    server.start()
    assert account.me().status_code == 200
    assert {stat.S_IMODE(path.stat().st_mode) for path in elsewhere.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_F51_K02_a_data_dir_that_is_a_link_to_a_directory_of_somebody_else_is_refused(make_server):
    server = make_server(start=False)
    target = server.folder / "theirs"
    target.mkdir(mode=0o700)
    os.chown(target, 12345, 12345)
    server.data_dir.symlink_to(target)
    refused(server, "belongs to another user")
    assert list(target.iterdir()) == []
