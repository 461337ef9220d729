"""F16, F40 (Z63): restore trusts nothing that a file says, and keeps the store in place until another has proved itself."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from support import Server, nothing_changes, unique_email

pytestmark = pytest.mark.embedded

PROMOTE = "BEGIN UPDATE users SET role = 'admin' WHERE id = NEW.id; END"
# SQL that makes a stranger's file of a backup of ours, and what the refusal says.
FOREIGN = {
    "a trigger": (f"CREATE TRIGGER promote AFTER INSERT ON users {PROMOTE}", "trigger promote, which is not ours"),
    "a view in place of a table": ("ALTER TABLE spent RENAME TO kept; CREATE VIEW spent AS SELECT * FROM kept", "which is not ours"),
    "a view": ("CREATE VIEW everyone AS SELECT * FROM users", "view everyone, which is not ours"),
    "another table": ("CREATE TABLE extra (id INTEGER)", "table extra, which is not ours"),
    "a virtual table": ("CREATE VIRTUAL TABLE words USING fts5(text)", "which is not ours"),
    "a virtual table of a move": ("CREATE VIRTUAL TABLE move_changes USING fts5(text)", "which is not ours"),
    "another column": ("ALTER TABLE users ADD COLUMN backdoor TEXT", "table users is not as we make it"),
    "a column that computes": ("ALTER TABLE users ADD COLUMN shown TEXT AS (upper(email))", "table users is not as we make it"),
    "another index": ("CREATE INDEX more ON users (updated_at)", "index more, which is not ours"),
    "no index": ("DROP INDEX sessions_user", "index sessions_user is missing"),
    "an index of other columns": ("DROP INDEX sessions_user; CREATE INDEX sessions_user ON sessions (address)",
                                  "index sessions_user is not as we make it"),
    "no table": ("DROP TABLE spent", "table spent is missing"),
    "a table without its constraint": (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL UNIQUE', 'NOT NULL') WHERE name = 'users'",
        ""),
    "pages of 8 KiB": ("PRAGMA page_size = 8192; VACUUM", "its page size is 8192"),
    "a file that shrinks at each commit": ("PRAGMA auto_vacuum = FULL; VACUUM", "auto_vacuum is FULL"),
    "another program's mark": ("PRAGMA application_id = 7", "database of another program"),
    "a finished move": ("INSERT INTO moves VALUES (x'00112233445566778899aabbccddeeff', 'left', 'postgresql://elsewhere', 1)",
                        "has been moved to postgresql://elsewhere"),
    "a move at its last step": ("INSERT INTO moves VALUES (x'00112233445566778899aabbccddeeff', 'leaving', 'postgresql://elsewhere', 1)",
                                "being moved to postgresql://elsewhere"),
    "an unfinished target": ("INSERT INTO moves VALUES (x'00112233445566778899aabbccddeeff', 'filling', 'sqlite:there', 1)",
                             "unfinished target"),
    "a version that is not its own": ("DELETE FROM schema_migrations WHERE version > 1", ""),
    "a migration that is not ours": ("UPDATE schema_migrations SET checksum = 'x' WHERE version = 1", "changed since"),
}


@pytest.fixture(scope="module")
def backed_up():
    """A stopped server with an account, and a backup of it."""
    with Server() as server:
        account = server.user()
        backup = server.folder / "backup.db"
        server.cli_ok("backup", backup)
        server.stop()
        yield server, account, backup


def changed(backup: Path, script: str) -> Path:
    file = backup.with_name("changed.db")
    file.unlink(missing_ok=True)
    shutil.copy(backup, file)
    db = sqlite3.connect(file, isolation_level=None)
    db.executescript(script)
    db.close()
    return file


def assert_refused(server: Server, file: Path, why: str) -> None:
    """Nothing has changed, and the store in place is served as before."""
    before = (server.data_dir / "latchkey.db").read_bytes()
    with nothing_changes(server):
        said = server.cli_refused("restore", file)
    assert str(file) in said and re.search(re.escape(why), said), said
    assert (server.data_dir / "latchkey.db").read_bytes() == before
    assert not (server.data_dir / "restore").exists()
    assert not (server.data_dir / "latchkey.db.replaced").exists()


@pytest.mark.parametrize("kind", FOREIGN)
def test_F40_Z63_a_file_with_another_schema_is_refused(backed_up, kind):
    server, _, backup = backed_up
    script, why = FOREIGN[kind]
    assert_refused(server, changed(backup, script), why)


def with_header(backup: Path, at: int, value: bytes) -> Path:
    file = backup.with_name("header.db")
    data = bytearray(backup.read_bytes())
    data[at:at + len(value)] = value
    file.write_bytes(data)
    return file


def test_F40_what_is_no_backup_is_refused_with_what_it_is(backed_up):
    server, _, backup = backed_up
    folder = backup.parent
    pipe, nowhere, huge = folder / "pipe", folder / "nowhere.db", folder / "huge.db"
    os.mkfifo(pipe)
    nowhere.symlink_to(folder / "missing")
    shutil.copy(backup, huge)
    free = os.statvfs(server.data_dir)
    os.truncate(huge, free.f_bavail * free.f_frsize + (1 << 30))
    encrypted = folder / "encrypted.db"
    encrypted.write_bytes(os.urandom(1 << 16))
    for file, why in ((pipe, "is a named pipe"), (nowhere, "is a link that leads nowhere"), (Path("/dev/zero"), "is a device"),
                      (huge, "make room"), (encrypted, "encrypted"), (folder, "is a directory"),
                      (with_header(backup, 20, b"\x08"), "extension of SQLite")):
        assert_refused(server, file, why)


def test_F40_a_running_server_refuses_the_same_and_goes_on(make_server):
    server = make_server()
    account = server.user()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    script, why = FOREIGN["a trigger"]
    said = server.cli_refused("restore", changed(backup, script))
    assert why in said
    assert account.me().status_code == 200
    assert not (server.data_dir / "restore").exists()


@pytest.mark.parametrize("what", ["the mover's triggers", "statistics", "a link to it"])
def test_F40_what_a_move_or_an_operator_leaves_is_restored_without_it(make_server, what):
    server = make_server()
    account = server.user()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    later = server.user()
    server.stop()
    if what == "a link to it":
        file = server.folder / "latest.db"
        file.symlink_to(backup)
    elif what == "statistics":
        file = changed(backup, "ANALYZE")
    else:
        file = changed(backup, f"""
            CREATE TABLE move_changes (seq INTEGER PRIMARY KEY, table_name TEXT NOT NULL, row_key);
            CREATE TRIGGER move_log_users_INSERT AFTER INSERT ON users {PROMOTE};
            CREATE TRIGGER move_hold_spent_DELETE BEFORE DELETE ON spent BEGIN SELECT RAISE(ABORT, 'held'); END;
            CREATE TRIGGER move_log_anything AFTER DELETE ON move_changes BEGIN DELETE FROM users; END""")
    server.cli_ok("restore", file)
    with server.db() as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view') OR name LIKE 'move_changes' "
                          "OR name LIKE 'sqlite_stat%'").fetchone() == (0,)
    # The store before is kept whole, under the name that is told.
    kept = server.data_dir / "latchkey.db.replaced"
    db = sqlite3.connect(f"file:{kept}?mode=ro", uri=True)
    assert db.execute("SELECT count(*) FROM users WHERE email = ?", (later.email,)).fetchone() == (1,)
    db.close()
    server.start()
    account.login()
    assert account.me().status_code == 200
    assert server.user(unique_email("after")).me().json()["role"] == "user"


def test_a_second_restore_keeps_what_the_first_one_kept(make_server):
    """Somebody who brings the wrong backup back, and then another one, still has the store that was in place."""
    server = make_server()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    later = server.user()
    server.stop()
    for number in ("", "-2"):
        assert f"latchkey.db.replaced{number}:" in server.cli_ok("restore", backup)
    db = sqlite3.connect(f"file:{server.data_dir / 'latchkey.db.replaced'}?mode=ro", uri=True)
    assert db.execute("SELECT count(*) FROM users WHERE email = ?", (later.email,)).fetchone() == (1,)
    db.close()


def test_F40_F42_rows_that_no_program_writes_are_told_when_a_backup_is_brought_back(make_server):
    server = make_server()
    account = server.user()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    server.stop()
    done = server.cli("restore", changed(backup, f"UPDATE users SET role = 'wizard' WHERE id = {account.id}"))
    assert done.returncode == 0 and f"account {account.id}: column role" in done.stderr, done.stderr
    server.start()
    assert server.admin().me().status_code == 200
