"""`latchkey compact` is killed: whatever the moment, the store is good afterwards."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import subprocess
import time

from ledger import assert_sound
from support import binary_path
from support.size import size


def fill(server) -> None:
    """Some 60 MiB that are needed and as many that are free, in a file of the layout that versions before had."""
    with contextlib.closing(sqlite3.connect(server.data_dir / "latchkey.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA auto_vacuum = NONE")
        database.execute("VACUUM")
        for table in ("kept", "away"):
            database.execute(f"CREATE TABLE {table} (body)")
            database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000) "
                             f"INSERT INTO {table} SELECT randomblob(4000) FROM n")
        database.execute("DROP TABLE away")


def test_F45_Z65_a_compaction_that_is_killed_leaves_a_good_store(make_server):
    server = make_server()
    accounts = [server.user() for _ in range(3)]
    server.stop()
    fill(server)
    file = server.data_dir / "latchkey.db"
    begin = time.monotonic()
    server.cli_ok("compact")
    longest = time.monotonic() - begin
    server.start().stop()
    assert file.stat().st_size < 80 << 20, "the free half is gone"
    dice = random.Random(45)
    ends = []
    for _ in range(size(10, 400)):
        process = subprocess.Popen([binary_path(), "compact"], env=server.env(), cwd=server.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0, longest))
        process.kill()
        ends.append(process.wait())
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            assert database.execute("SELECT count(*) FROM kept").fetchone() == (15000,)
    assert any(end != 0 for end in ends), "no kill came in time"
    with contextlib.closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM kept").fetchone() == (15000,)
        database.execute("DROP TABLE kept")
        database.commit()
    server.start()
    assert not (server.data_dir / "compact").exists()
    for account in accounts:
        account.login()
    assert_sound(server)
