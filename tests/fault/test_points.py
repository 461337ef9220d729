"""The process dies at named places of the program (README.md). Every point of the program dies here once."""

from __future__ import annotations

import contextlib
import re
import secrets
import sqlite3
from pathlib import Path

import pytest

from ledger import SETTINGS, Ledger, assert_sound
from support import Server, ServerFailed
from support.disk import FaultyDisk
from support.invariants import violations
from support.moving import target_settings
from support.points import Points
from support.program import REPOSITORY
from support.size import size

UNDER_LOAD = ("commit.before", "commit.after", "checkpoint.before", "checkpoint.after", "mail.sent")
REOPENING = ("open.anew", "open.log_rewritten", "open.log_copied")
MIGRATION = ("migration.applied", "migration.committed")
ROTATION = ("rotation.inserted", "rotation.committed")
REKEY = ("rekey.sealed",)
BACKUP = ("backup.step", "backup.synced")
RESTORE = ("restore.copied", "restore.old_closed", "restore.old_kept", "restore.in_place")
RESTORE_WITH_LOG = ("restore.old_aside",)
COMPACT = ("compact.written", "compact.old_closed", "compact.in_place")
MOVE = ("move.held", "move.left", "move.arrived")


@pytest.fixture
def points(tmp_path):
    return Points(tmp_path / "points")


@pytest.fixture
def server(make_server, points) -> Server:
    return make_server(SETTINGS, environment=points.environment)


def wait_killed(server: Server) -> None:
    assert server.wait_exit() == -9, server.stderr[-3000:]
    server.process = None


def die(server: Server, points: Points, point: str, *command: str | Path) -> None:
    """The command dies there, or the server that carries it out does; then nobody dies any more."""
    points.set(f"{point} die")
    with contextlib.suppress(AssertionError):  # `cli` takes the signal for a crash
        assert server.cli(*command).returncode != 0
    assert points.happened()[-1:] == [point]
    if server.process is not None:
        wait_killed(server)
    points.set()


def assert_whole(server: Server) -> None:
    assert_sound(server)
    assert violations(server) == {}


def test_Z01_every_point_of_the_program_dies_in_a_test():
    found = {name for path in (REPOSITORY / "src").rglob("*.cpp") for name in re.findall(r'test_point\("([^"]+)"\)', path.read_text())}
    tested = (UNDER_LOAD, REOPENING, MIGRATION, ROTATION, REKEY, BACKUP, RESTORE, RESTORE_WITH_LOG, COMPACT, MOVE)
    assert found == {name for names in tested for name in names}


@pytest.mark.embedded
def test_Z01_Z28_a_server_that_dies_before_or_after_a_commit_in_a_checkpoint_or_behind_a_mail_loses_nothing(server, points):
    for number, point in enumerate(UNDER_LOAD * size(1, 20)):
        ledger = Ledger(server, 4, seed=number).start()
        server.wait(lambda: ledger.acknowledged > 10, "the load to begin", 60)
        points.set(f"{point} die after={0 if point.startswith('checkpoint') else number % 3}")
        if point.startswith("checkpoint"):
            ledger.finish()  # when nothing is asked for any more the log is copied
        wait_killed(server)
        ledger.finish()
        points.set()
        server.start()
        assert points.happened()[-1] == point
        assert ledger.unexpected == []
        ledger.check()
        for line in ledger.lines:
            if line.signed_up:  # at least once: it is marked as sent when it has been
                assert 1 <= len([mail for mail in server.wait_mail(line.email) if "Confirm" in mail.subject]) <= 2
    assert_whole(server)


@pytest.mark.embedded
def test_Z06_a_server_that_dies_while_it_opens_the_store_anew_loses_nothing(make_server, tmp_path, points):
    disk = FaultyDisk(tmp_path / "disk")
    server = make_server(SETTINGS, environment=disk.environment | points.environment)
    for number, point in enumerate(REOPENING * size(1, 20)):
        ledger = Ledger(server, 4, seed=number, faults=True).start()
        server.wait(lambda: ledger.acknowledged > 10, "the load to begin", 60)
        points.set(f"{point} die")
        disk.set(f"seed {number}", "sync wal error lose=0.5")
        wait_killed(server)
        ledger.finish()
        assert disk.happened() == ["sync wal error"] * (number + 1)
        points.set()
        disk.set()
        server.start()
        assert ledger.unexpected == []
        ledger.check()
    assert_whole(server)


@pytest.mark.embedded
def test_Z16_a_migration_that_dies_is_gone_on_with(make_server, points):
    def schema(server: Server) -> list:
        with server.db() as db:
            return db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()

    expected = schema(make_server())
    server = make_server(start=False, environment=points.environment)
    versions = len(list((REPOSITORY / "migrations").glob("*.sql")))
    for number in range(versions):
        points.set(f"{MIGRATION[number % 2]} die")
        with pytest.raises(ServerFailed, match="ended with -9"):
            server.start()
        server.process = None
    points.set()
    server.start()
    assert points.happened() == [MIGRATION[number % 2] for number in range(versions)]
    assert schema(server) == expected
    server.user().rotate()
    assert_whole(server)


@pytest.mark.embedded
def test_Z01_a_rotation_that_dies_has_happened_whole_or_not_at_all(server, points):
    user = server.user()

    def keys() -> int:
        return len(server.get("/.well-known/jwks.json", cacheable=True).json()["keys"])

    for point, count in zip(ROTATION, (1, 2)):
        die(server, points, point, "keys", "rotate")
        server.start()
        assert keys() == count
        assert user.me().status_code == 200
        user.rotate()
    server.cli_ok("doctor")


@pytest.mark.embedded
def test_Z50_a_change_of_the_master_secret_that_dies_between_two_keys_goes_on(server, points):
    user = server.user()
    server.cli_ok("keys", "rotate")
    old = (server.data_dir / "master_secret").read_text().strip()
    server.restart(master_secret=secrets.token_hex(32), master_secret_previous=old)
    die(server, points, *REKEY, "keys", "rekey")
    server.start()
    assert user.me().status_code == 200
    user.rotate()
    assert "1 sealed under master_secret_previous" in server.cli_ok("doctor")
    server.cli_ok("keys", "rekey")
    user.login()
    server.restart(master_secret_previous=None)
    assert user.me().status_code == 200


@pytest.mark.embedded
def test_Z01_a_backup_that_dies_leaves_none_and_harms_nothing(server, points):
    user, backup = server.user(), server.folder / "backup.db"
    for point in BACKUP:
        die(server, points, point, "backup", backup)
        assert not backup.exists()
        server.start()
        assert user.me().status_code == 200
    server.cli_ok("backup", backup)
    assert not list(server.folder.glob("backup.db?*"))
    assert_whole(server)


@pytest.fixture(scope="module")
def stored():
    """A stopped store, a backup of it that lacks the newest account, and the files."""
    with Server(SETTINGS) as server:
        points = Points(server.folder / "points")
        server.environment |= points.environment
        server.user("kept@example.com")
        backup = server.folder / "backup.db"
        server.cli_ok("backup", backup)
        server.user("newest@example.com")
        server.stop()
        yield server, points, backup, (server.data_dir / "latchkey.db").read_bytes()


def put_back(server: Server, data: bytes) -> None:
    for path in [*server.data_dir.glob("latchkey.db?*"), *server.data_dir.glob("restore/*"), *server.data_dir.glob("compact/*")]:
        path.unlink()
    (server.data_dir / "latchkey.db").write_bytes(data)


def has_newest(server: Server) -> bool:
    with server.db() as db:
        found = [row[0] for row in db.execute("SELECT email FROM users WHERE email LIKE '%@example.com' AND role = 'user'")]
    assert "kept@example.com" in found
    return "newest@example.com" in found


@pytest.mark.parametrize("point", RESTORE)
def test_Z01_Z05_a_restore_that_dies_leaves_the_old_store_or_the_new_one(stored, point):
    server, points, backup, data = stored
    put_back(server, data)
    die(server, points, point, "restore", backup)
    server.start()
    try:
        assert has_newest(server) == (point != "restore.in_place")
        assert_whole(server)
    finally:
        server.stop()
    server.cli_ok("restore", backup)
    server.start()
    assert not has_newest(server)
    server.stop()


def test_Z05_Z13_a_store_whose_log_can_not_be_copied_back_is_never_served_without_it(stored):
    """What is only in the log would be undone: a new password, the end of a session. Here another program reads the old store."""
    server, points, backup, data = stored
    put_back(server, data)
    server.start()
    in_log = server.signup().email
    path, kept = server.data_dir / "latchkey.db", server.data_dir / "latchkey.db.replaced"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchone()
        server.signup()
        server.kill()
        die(server, points, *RESTORE_WITH_LOG, "restore", backup)
        with pytest.raises(ServerFailed, match="has held a store: restore a backup"):
            server.start()
        server.process = None
    assert Path(f"{kept}-wal").stat().st_size > 0
    server.cli_ok("restore", backup)
    server.start()
    assert not has_newest(server)
    server.stop()
    with contextlib.closing(sqlite3.connect(kept)) as old:
        assert old.execute("SELECT count(*) FROM users WHERE email = ?", (in_log,)).fetchone() == (1,)


@pytest.mark.parametrize("point", COMPACT)
def test_Z65_a_compaction_that_dies_leaves_a_whole_store(stored, point):
    server, points, _, data = stored
    put_back(server, data)
    die(server, points, point, "compact")
    server.start()
    assert has_newest(server)
    assert_whole(server)
    server.stop()
    server.cli_ok("compact")
    with contextlib.closing(sqlite3.connect(server.data_dir / "latchkey.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.embedded
@pytest.mark.parametrize("point", MOVE)
def test_Z01_a_move_that_dies_leaves_one_store_that_serves(server, points, database, point):
    user = server.user()
    die(server, points, point, "move", "--to", database.url)
    if point == "move.held":
        server.start()
        assert user.me().status_code == 200
        user.rotate()
    else:
        with pytest.raises(ServerFailed, match="latchkey move"):
            server.start()
        server.process = None
    server.cli_ok("move", "--to", database.url)
    if server.process is not None:
        server.wait_exit()
        server.process = None
    with Server(target_settings(server, database)) as target:
        user.server = target
        assert user.me().status_code == 200
        user.rotate()
