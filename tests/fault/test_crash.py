"""Z01, Z03, Z05, Z18: the process dies at a bad moment."""

import random
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from ledger import SETTINGS, Ledger, assert_sound
from support import Server, ServerFailed, binary_path


def test_Z01_what_was_acknowledged_is_true_after_every_kill(make_server):
    server = make_server(SETTINGS)
    dice = random.Random(1)
    acknowledged = 0
    for number in range(6):
        ledger = Ledger(server, seed=number).start()
        server.wait(lambda: ledger.acknowledged > 20, "the load to begin", 60)
        time.sleep(dice.uniform(0.0, 0.5))
        server.kill()
        ledger.finish()
        server.start()
        assert ledger.unexpected == []
        ledger.check()
        assert_sound(server)
        acknowledged += ledger.acknowledged
    assert acknowledged > 100


def test_Z01_kills_in_quick_succession_while_it_starts(make_server):
    """The recovery of a crash may itself be cut short."""
    server = make_server(SETTINGS)
    ledger = Ledger(server, seed=7).start()
    server.wait(lambda: ledger.acknowledged > 40, "some load", 60)
    server.kill()
    ledger.finish()
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2, 0.3):
        spawned = spawn(server)
        time.sleep(delay)
        spawned.kill()
        spawned.wait()
    server.start()
    assert ledger.unexpected == []
    ledger.check()
    assert_sound(server)


def test_Z03_what_was_acknowledged_is_in_the_files(make_server):
    """The files as they are at one moment under load, taken while the process stands still: another server on this copy
    knows all that was acknowledged before."""
    server = make_server(SETTINGS)
    ledger = Ledger(server, seed=3).start()
    server.wait(lambda: ledger.acknowledged > 80, "some load", 60)
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(0.1)
    twin = make_server(SETTINGS, start=False)
    shutil.copytree(server.data_dir, twin.data_dir, ignore=shutil.ignore_patterns("control.sock", "lock"))
    twin.data_dir.chmod(0o700)
    ledger._stop.set()
    server.kill()
    ledger.finish()
    twin.settings["public_url"] = server.public_url
    twin.start()
    ledger.server = twin
    assert ledger.unexpected == []
    ledger.check()
    assert_sound(twin)


def spawn(server: Server) -> subprocess.Popen:
    with server.stderr_path.open("ab") as err:
        return subprocess.Popen([binary_path(), "serve"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=err,
                                env=server.env(), cwd=server.folder)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_Z05_a_first_start_that_is_cut_short_can_be_done_again(make_server, how):
    """Secret, database, first key and administrator: each moment in between is a state to go on from."""
    began = time.monotonic()
    make_server()
    whole = time.monotonic() - began
    steps = 6
    for step in range(steps):
        server = make_server(start=False)
        spawned = spawn(server)
        time.sleep(whole * (0.1 + step / steps))
        spawned.send_signal(how)
        code = spawned.wait(60)
        assert how == signal.SIGKILL or code in (0, -signal.SIGTERM), server.stderr
        server.start()
        assert server.admin().me().status_code == 200
        server.user().rotate()
        assert_sound(server)
        server.stop()


def test_Z18_an_older_program_leaves_a_newer_store_as_it_is(make_server):
    server = make_server()
    account = server.user()
    server.stop()
    table, = [name for name in server.tables() if "migration" in name or "version" in name]
    path = server.data_dir / "latchkey.db"

    def change(text, *values):
        with sqlite3.connect(path) as db:
            db.execute(text, values)
        db.close()

    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        newest = list(db.execute(f"SELECT * FROM {table} ORDER BY 1 DESC LIMIT 1").fetchone())
    db.close()
    change(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", newest[0] + 1, *newest[1:])
    before = server.snapshot()
    for command in (None, "migrate", "user list", "keys rotate"):
        if command is None:
            with pytest.raises(ServerFailed, match="ended with [1-9]"):
                server.start()
            server.process = None
        else:
            server.cli(*command.split())
        assert server.snapshot() == before, command
    change(f"DELETE FROM {table} WHERE {columns[0]} = ?", newest[0] + 1)
    server.start()
    assert account.me().status_code == 200
    account.rotate()


def test_Z18_a_migration_that_is_not_the_one_that_was_applied_refuses_to_start(make_server):
    server = make_server()
    server.stop()
    table, = [name for name in server.tables() if "migration" in name or "version" in name]
    with sqlite3.connect(server.data_dir / "latchkey.db") as db:
        columns = [(row[1], row[2]) for row in db.execute(f"PRAGMA table_info({table})")]
        named = [name for name, _ in columns if "check" in name or "hash" in name or "sum" in name]
        if not named:
            pytest.skip("no checksum is kept")
        value, = db.execute(f"SELECT {named[0]} FROM {table} ORDER BY 1 DESC LIMIT 1").fetchone()
        changed = bytes([value[0] ^ 1]) + value[1:] if isinstance(value, bytes) else ("0" if str(value)[0] != "0"
                                                                                      else "1") + str(value)[1:]
        db.execute(f"UPDATE {table} SET {named[0]} = ?", (changed,))
    db.close()
    with pytest.raises(ServerFailed, match="ended with [1-9]"):
        server.start()
    server.process = None
