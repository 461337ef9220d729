"""Z08, Z12, Z13, O09, D08: the disk is full, or the files are not what was written."""

import contextlib
import random
import re
import subprocess

import pytest

from ledger import SETTINGS, Ledger, assert_sound
from support import PASSWORD, Account, Server, ServerFailed, assert_problem, unique_email

INNARDS = re.compile(r"(?i)sqlite|database|disk|SQL|no space|errno|I/O|latchkey\.db|/tmp|insert|users|exception")


@pytest.fixture
def on_small_disk(tmp_path):
    """A server whose data directory is a small file system of its own, and a function that fills that."""
    server = Server()
    server.data_dir.mkdir(mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "none", str(server.data_dir)],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        server.remove()
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    filler = server.data_dir / "mail" / "filler"
    try:
        server.start()

        def fill():
            filler.parent.mkdir(exist_ok=True)
            with filler.open("wb", buffering=0) as file:
                for size in (65536, 4096, 512):
                    with contextlib.suppress(OSError):
                        while file.write(b"\0" * size) == size:
                            pass

        yield server, fill, filler
        server.stop()
        server.check_sanitizers()
    finally:
        server.kill()
        subprocess.run(["umount", "-l", str(server.data_dir)], check=False)
        server.remove()


def refused_for_the_disk(response) -> None:
    """A fault of ours, not of the caller; and nothing of what is behind it."""
    assert_problem(response, response.status_code)
    assert response.status_code in (500, 503, 507), response.text
    assert not INNARDS.search(response.text), response.text


def test_Z08_O09_D08_a_full_disk_refuses_writes_serves_reads_and_recovers(on_small_disk):
    server, fill, filler = on_small_disk
    staying, leaving, blocked = server.user(), server.user(), server.user()
    admin = server.admin()
    fill()
    acknowledged, refused = [], 0
    for number in range(3000):
        email = unique_email("full")
        response = server.post("/api/auth/signup", json={"email": email, "username": "x" * 50, "password": PASSWORD},
                               headers={"User-Agent": "x" * 200})
        if response.status_code == 201:
            acknowledged.append(email)
            fill()
        else:
            refused_for_the_disk(response)
            refused += 1
            if refused >= 3:
                break
    assert refused, "the disk never was full"
    # Writes say that they failed; what was asked did not happen, and nobody is signed out by it.
    for write in (leaving.try_logout, staying.try_login, staying.try_refresh,
                  lambda: server.post("/api/auth/logout_all", bearer=leaving.access),
                  lambda: server.post(f"/api/auth/block_user/{blocked.id}", bearer=admin.access,
                                      json={"is_active": False})):
        response = write()
        if response.status_code >= 400:
            refused_for_the_disk(response)
        elif write == leaving.try_logout:
            assert_problem(leaving.me(), 401)
        fill()
    # Reads go on.
    for account in (staying, admin):
        assert account.me().status_code == 200
    assert server.get("/healthz").status_code == 200
    assert server.get("/.well-known/jwks.json", cacheable=True).status_code == 200
    assert_problem(server.get("/api/users/me", bearer="x.y.z"), 401, "invalid_token")
    # And with room again everything works, without a restart.
    filler.unlink()
    server.wait(lambda: server.post("/api/auth/signup", json={"email": unique_email("room"), "username": "room again",
                                                              "password": PASSWORD}).status_code == 201,
                "the server to write again", 30)
    for email in acknowledged:
        assert_problem(Account(server, email, PASSWORD).try_login(), 401, "email_not_confirmed")
    staying.login()
    account = server.user()
    account.rotate()
    assert account.try_logout().status_code == 200
    assert_sound(server)
    server.kill()
    server.start()
    assert staying.me().status_code == 200
    for email in acknowledged:
        assert_problem(server.post("/api/auth/signup", json={"email": email, "username": "again",
                                                             "password": PASSWORD}), 409)


def test_Z08_a_disk_that_is_full_at_the_start_is_said_clearly(on_small_disk):
    server, fill, filler = on_small_disk
    account = server.user()
    server.kill()
    fill()
    try:
        server.start()
    except ServerFailed as failure:
        assert re.search(r"(?i)full|space|write|disk", str(failure))
        server.process = None
    else:
        assert account.me().status_code == 200
        server.kill()
    filler.unlink()
    server.start()
    assert account.me().status_code == 200
    account.rotate()


# Z12 ----------------------------------------------------------------------------------------------


def damage(path, kind: str) -> None:
    data = bytearray(path.read_bytes())
    dice = random.Random(12)
    if kind == "half of the file":
        data = data[:len(data) // 2]
    elif kind == "the header":
        data[:100] = bytes(100)
    elif kind == "the first page":
        data[:4096] = dice.randbytes(4096)
    elif kind == "all but the first page":
        data[4096:] = dice.randbytes(len(data) - 4096)
    elif kind == "another file":
        data = bytearray(b"this is no database\n" * 500)
    elif kind == "an odd length":
        data = data[:4096 + 1234]
    path.write_bytes(data)


@pytest.fixture(scope="module")
def kept():
    """A store with a backup of it, made once."""
    with Server() as server:
        accounts = [server.user() for _ in range(10)]
        backup = server.folder / "backup.db"
        server.cli_ok("backup", backup)
        server.stop()
        yield server, accounts, backup, (server.data_dir / "latchkey.db").read_bytes()


@pytest.mark.parametrize("kind", ["half of the file", "the header", "the first page", "all but the first page",
                                  "another file", "an odd length"])
def test_Z12_a_damaged_database_refuses_to_start_and_can_be_restored(kept, kind):
    server, accounts, backup, whole = kept
    path = server.data_dir / "latchkey.db"
    for extra in server.data_dir.glob("latchkey.db-*"):
        extra.unlink()
    path.write_bytes(whole)
    damage(path, kind)
    said = len(server.stderr)
    with pytest.raises(ServerFailed, match="ended with [1-9]"):
        server.start()
    server.process = None
    assert re.search(r"(?i)latchkey\.db|database|store", server.stderr[said:]), server.stderr[said:]
    server.check_sanitizers()
    assert server.cli("doctor").returncode != 0
    server.cli_ok("restore", backup)
    server.start()
    try:
        accounts[0].login()
        assert accounts[0].me().status_code == 200
        assert_sound(server)
    finally:
        server.stop()


def test_Z12_a_damaged_backup_is_not_restored(kept):
    server, accounts, backup, whole = kept
    path = server.data_dir / "latchkey.db"
    for extra in server.data_dir.glob("latchkey.db-*"):
        extra.unlink()
    path.write_bytes(whole)
    broken = server.folder / "broken.db"
    for kind in ("half of the file", "the header", "all but the first page", "another file"):
        broken.write_bytes(backup.read_bytes())
        damage(broken, kind)
        server.cli_refused("restore", broken)
        assert path.read_bytes() == whole or server.snapshot()
    server.start()
    assert accounts[1].me().status_code in (200, 401)
    accounts[1].login()
    server.stop()


# Z13 ----------------------------------------------------------------------------------------------


def loaded(make_server, seed: int):
    server = make_server(SETTINGS)
    ledger = Ledger(server, seed=seed).start()
    server.wait(lambda: ledger.acknowledged > 60, "some load", 60)
    return server, ledger


@pytest.mark.parametrize("kind", ["missing", "zeros", "random", "empty"])
def test_Z13_the_shared_memory_file_is_made_anew_after_a_crash(make_server, kind):
    server, ledger = loaded(make_server, 13)
    server.kill()
    ledger.finish()
    path = server.data_dir / "latchkey.db-shm"
    assert path.exists() and (server.data_dir / "latchkey.db-wal").stat().st_size > 0
    size = path.stat().st_size
    path.unlink() if kind == "missing" else path.write_bytes({"zeros": bytes(size),
                                                              "random": random.Random(13).randbytes(size),
                                                              "empty": b""}[kind])
    server.start()
    assert ledger.unexpected == []
    ledger.check()
    assert_sound(server)


@pytest.mark.parametrize("kind", ["missing", "garbage", "half"])
def test_Z13_a_lost_log_is_recovered_from_or_refused_and_never_half_read(make_server, kind):
    """What was only in the log is gone with it; what the server then says must still be whole."""
    server, ledger = loaded(make_server, 14)
    server.kill()
    ledger.finish()
    path = server.data_dir / "latchkey.db-wal"
    if kind == "missing":
        path.unlink()
    else:
        data = path.read_bytes()
        path.write_bytes(random.Random(14).randbytes(len(data)) if kind == "garbage" else data[:len(data) // 2 + 13])
    try:
        server.start()
    except ServerFailed as failure:
        assert re.search(r"(?i)database|latchkey\.db|store|secret", str(failure))
        server.process = None
        return
    assert_sound(server)
    server.user().rotate()


def test_Z13_a_log_left_over_from_another_database_lets_no_stranger_in(make_server):
    """SQLite applies any whole log that lies beside a database; what comes out of that is not ours, and is refused."""
    server, other = make_server(), make_server()
    account, stranger = server.user(), other.user()
    other.kill()
    server.stop()
    left_over = (other.data_dir / "latchkey.db-wal").read_bytes()
    (server.data_dir / "latchkey.db-wal").write_bytes(left_over)
    try:
        server.start()
    except ServerFailed as failure:
        assert "ended with" in str(failure)
        server.process = None
        return
    assert_problem(Account(server, stranger.email, stranger.password).try_login(), 401, "invalid_credentials")
    assert account.me().status_code == 200
    assert_sound(server)
