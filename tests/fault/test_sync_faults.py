"""F31 (Z05, Z06, Z08, Z10): syncs that fail, room that ends and disks that become read-only in places other than a commit."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator

import pytest
import requests

from ledger import assert_sound
from support import PASSWORD, Server, ServerFailed, assert_problem, unique_email
from support.disk import FaultyDisk
from support.points import Points
from support.size import size

pytestmark = pytest.mark.embedded


@pytest.fixture
def disk(tmp_path):
    return FaultyDisk(tmp_path / "disk")


@pytest.fixture
def points(tmp_path):
    return Points(tmp_path / "points")


@pytest.fixture
def server(make_server, disk, points) -> Server:
    return make_server({"management_listen": "127.0.0.1:0"}, environment=disk.environment | points.environment)


def sign_up(server: Server, email: str | None = None) -> requests.Response:
    return server.post("/api/auth/signup", json={"email": email or unique_email("fault"), "username": "fault", "password": PASSWORD})


def assert_known(server: Server, emails: list[str]) -> None:
    for email in emails:
        assert sign_up(server, email).status_code == 409, email


def wait_ready(server: Server) -> None:
    server.wait(lambda: server.get("/readyz").status_code == 200, "the server to be ready")


@contextlib.contextmanager
def held_open(server: Server) -> Iterator[sqlite3.Connection]:
    """Another program has the database open: SQLite's index of the log outlives the server's connections, and the server itself."""
    with contextlib.closing(sqlite3.connect(server.data_dir / "latchkey.db", isolation_level=None)) as reader:
        reader.execute("SELECT count(*) FROM users").fetchone()
        yield reader


def copy_partly(server: Server, reader: sqlite3.Connection, changes) -> None:
    """The reader makes SQLite copy a part of the log only, and that is not synced."""
    for change in changes:
        change()
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchone()
        server.user()
        time.sleep(0.5)  # longer than the writer waits before it copies
        reader.execute("COMMIT")


def cut_the_power(server: Server, disk: FaultyDisk, lose: float = 1) -> None:
    disk.set(f"any any cut lose={lose}")
    with pytest.raises(requests.RequestException):
        while True:
            sign_up(server)
    server.wait_exit()
    server.process = None
    disk.set()


def test_F31_Z06_what_a_failed_sync_has_lost_of_the_database_is_read_from_the_log_at_once(server, disk, points):
    """Copied pages are lost before the store is opened anew, which may take long: who is signed in stays so, and who is not does, too."""
    server.user()
    staying, leaving = [], []

    def change() -> None:
        staying.append(server.user())
        leaving.append(server.user())
        assert leaving[-1].me().status_code == 200
        assert leaving[-1].try_logout().status_code == 200

    server.wait(lambda: (server.data_dir / "latchkey.db-wal").stat().st_size > 0, "a log")
    with held_open(server) as reader:
        copy_partly(server, reader, [change] * 2)
        points.set("open.anew hold")
        sign_up(server)  # what is to be copied, when nothing more is asked for
        disk.set("sync db error times=1 lose=1")
        server.wait(points.happened, "the store to be closed")
        for account in staying:
            assert account.me().status_code == 200
        for account in leaving:
            assert_problem(account.me(), 401, "invalid_token")
        assert server.stderr.count("db.opened_anew") == 0, "all of this was meanwhile"
        points.set()
        server.wait_log(r"db\.opened_anew")
    assert_sound(server)


def test_F31_Z06_a_start_beside_another_program_copies_again_what_a_failed_sync_has_lost(server, disk, points):
    told = [server.user().email]
    server.wait(lambda: (server.data_dir / "latchkey.db-wal").stat().st_size > 0, "a log")
    with held_open(server) as reader:
        copy_partly(server, reader, [lambda: told.append(server.user().email)] * 2)
        points.set("open.anew die")
        disk.set("sync db error times=1 lose=1")
        while server.running:
            with contextlib.suppress(requests.RequestException):
                email = unique_email("fault")
                if sign_up(server, email).status_code == 201:
                    told.append(email)
        assert points.happened() == ["open.anew"]
        server.process = None
        points.set()
        disk.set()
        server.start()
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert_known(server, told)
    assert_sound(server)


def test_Z05_a_directory_that_can_not_be_synced_refuses_the_start_and_loses_nothing(server, disk):
    """SQLite does not look whether the name of a new log has been synced; a power cut then takes the log."""
    told = [server.user().email]
    server.stop()
    assert not (server.data_dir / "latchkey.db-wal").exists()
    disk.set("sync folder error")
    try:
        server.start()
    except ServerFailed as failure:
        assert "sync" in str(failure)
        server.process = None
        disk.set()
        server.start()
    assert disk.happened() == ["sync folder error"]
    told.append(server.user().email)
    cut_the_power(server, disk)
    server.start()
    assert_known(server, told)
    assert_sound(server)


@pytest.mark.parametrize("what", ["other", "folder"])
def test_Z06_a_backup_that_can_not_be_synced_is_none(server, disk, what):
    backup = server.folder / "backup.db"
    disk.set(f"sync {what} error")
    assert "sync" in server.cli_refused("backup", backup)
    assert disk.happened() == [f"sync {what} error"]
    assert not list(server.folder.glob("backup.db*"))
    server.cli_ok("backup", backup)
    assert_sound(server)


FAULTS = ("sync other error", "sync folder error", "sync db error times=0", "sync wal error times=0", "write db full times=0",
          "write db full after=3 times=0", "write wal full times=0")


def users_of(server: Server) -> set[str]:
    return set(re.findall(r"\S+@\S+", server.cli_ok("user", "list")))


def test_Z05_Z06_Z65_a_restore_or_a_compaction_on_a_disk_that_fails_leaves_a_whole_store(server, disk):
    backup = server.folder / "backup.db"
    server.user()
    server.cli_ok("backup", backup)
    newest = server.user().email
    server.stop()
    before = users_of(server)
    for fault in FAULTS:
        disk.set(fault)
        server.cli("compact")
        disk.set()
        assert not (server.data_dir / "compact").exists(), fault
        assert users_of(server) == before, fault
        aside = server.data_dir / "latchkey.db"
        whole = aside.read_bytes()
        disk.set(fault)
        done = server.cli("restore", backup)
        disk.set()
        restored = users_of(server) == before - {newest}
        assert restored or (users_of(server) == before and done.returncode != 0), (fault, done.stderr)
        aside.write_bytes(whole)
    server.start()
    assert sign_up(server, newest).status_code == 409
    assert_sound(server)


def test_Z08_a_disk_that_is_full_in_the_middle_of_a_checkpoint_loses_nothing(server, disk):
    """The log keeps what could not be copied, and goes on taking more; a power cut finds all of it."""
    told = []
    for place in range(size(2, 12)):
        disk.set(f"write db full after={place} times=0")
        before = len(disk.happened())
        while len(disk.happened()) == before:
            told.append(server.user().email)
            time.sleep(0.3)  # longer than the writer waits before it copies
        server.wait_log(r"db\.checkpoint_failed")
        disk.set()
        told.append(server.user().email)
    disk.set("write db full times=0")
    told.append(server.user().email)
    cut_the_power(server, disk)
    server.start()
    assert_known(server, told)
    assert_sound(server)


def test_Z06_commands_beside_a_server_whose_syncs_fail_are_refused_and_change_nothing(server, disk):
    account = server.user()
    disk.set("sync any error times=0")
    assert_problem(sign_up(server), 503, "unavailable")
    server.cli_refused("user", "add", "--email", "x@example.com", "--username", "x", "--confirmed", "--password-stdin", input=PASSWORD)
    server.cli_refused("keys", "rotate")
    examined = server.cli("doctor")
    assert examined.returncode == 1 and re.search(r"FAIL  .*sync", examined.stdout), examined.stdout
    disk.set()
    wait_ready(server)
    assert len(server.get("/.well-known/jwks.json", cacheable=True).json()["keys"]) == 1
    assert account.me().status_code == 200
    assert "x@example.com" not in server.cli_ok("user", "list")
    cut_the_power(server, disk, 0.5)
    server.start()
    assert_known(server, [account.email])
    assert_sound(server)


def test_Z10_a_disk_that_becomes_read_only_refuses_writes_serves_reads_and_recovers(server, disk):
    account = server.user()
    disk.set("any any readonly times=0")
    for _ in range(3):
        assert_problem(sign_up(server), 503, "unavailable")
    assert_problem(account.try_refresh(), 503, "unavailable")
    assert account.me().status_code == 200
    server.wait(lambda: server.get("/readyz").status_code == 503, "readiness to say so")
    server.kill()
    with pytest.raises(ServerFailed, match="(?i)read.?only|write"):
        server.start()
    server.process = None
    disk.set()
    server.start()
    account.rotate()
    disk.set("any any readonly times=0")
    assert_problem(sign_up(server), 503, "unavailable")
    disk.set()
    wait_ready(server)
    told = server.user().email
    cut_the_power(server, disk)
    server.start()
    assert_known(server, [told, account.email])
    assert account.me().status_code == 200
    assert_sound(server)
