"""What housekeeping costs everybody else: dead sessions are purged while live ones are refreshed."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from pathlib import Path

from .bench import CHEAP_HASH, Bench, Row
from .processes import Failed, Listening
from .routes import REFRESH

TOKENS = 20_000
DEAD_FOR_EACH_USER = 2
LAPSED = 20_000  # accounts that nobody confirmed, whose time is up
# Refreshes a second that fall due at even distances: a busy server, not a saturated one.
RATE = 500
LOADS = {
    "one after the other on 64 connections": {"connections": 64},
    f"{RATE} a second": {"connections": 64, "rate": RATE},
}
WINDOW = 5  # seconds
WINDOWS = 12  # of each kind, on each server
MOST_SECONDS = 3600
DAY = 24 * 3600 * 1_000_000


def measure(bench: Bench) -> None:
    """Two servers on the same accounts, one that purges and one that has nothing to purge, are loaded in turns, and the one
    that purges stands still while the other is loaded: so both meet the same machine, whatever else runs on it."""
    calm_data = bench.make_store("calm", bench.most_users, CHEAP_HASH, tokens=TOKENS)
    data = bench.copy_store(calm_data, "purge")
    dead = DEAD_FOR_EACH_USER * bench.most_users
    _add_what_is_over(data, dead)
    settings = {**CHEAP_HASH, "log.level": "info", "accounts.unconfirmed_ttl": "72h"}
    log = bench.folder / f"{data.name}.log"
    purging: dict[str, list[dict]] = {name: [] for name in LOADS}
    calm: dict[str, list[dict]] = {name: [] for name in LOADS}
    accounts_gone = None
    with bench.serve(calm_data, settings) as quiet, bench.serve(data, settings) as server:
        begin = time.monotonic()
        stood_still = 0.0
        for _ in range(WINDOWS):
            for name, options in LOADS.items():
                purging[name].append(_window(bench, server, data, options))
                stopped = time.monotonic()
                os.kill(server.pid, signal.SIGSTOP)
                calm[name].append(_window(bench, quiet, calm_data, options))
                os.kill(server.pid, signal.SIGCONT)
                stood_still += time.monotonic() - stopped
            if accounts_gone is None and _lapsed_left(data) == 0:
                accounts_gone = time.monotonic() - begin - stood_still
            if "housekeeping.swept" in log.read_text():
                break
        loaded_for = time.monotonic() - begin - stood_still
        removed_under_load = dead - _dead_left(data)
        while "housekeeping.swept" not in log.read_text():
            if time.monotonic() - begin > MOST_SECONDS:
                raise Failed(f"the purge is not through after {MOST_SECONDS} s")
            time.sleep(1)
        took = time.monotonic() - begin - stood_still
    if left := _dead_left(data) + _lapsed_left(data):
        raise Failed(f"the purge has left {left} rows")
    for name in LOADS:
        bench.add(_row(name, purging[name], calm[name]))
    gone = "were gone only at the end" if accounts_gone is None else f"were gone within {accounts_gone:.0f} s"
    bench.add(Row(f"purge of {dead:,} dead sessions at {bench.most_users:,} accounts", value=f"{took:.0f} s", per_second=dead / took,
                  notes=[f"{removed_under_load / loaded_for:,.0f} a second under that load, for {loaded_for:.0f} s; the rest without any load; "
                         f"{LAPSED:,} accounts that nobody confirmed {gone}"],
                  raw={"seconds": took, "under_load": removed_under_load, "loaded_for": loaded_for, "accounts_gone": accounts_gone}))
    bench.remove_store("purge")
    bench.remove_store("calm")


def _window(bench: Bench, server: Listening, data: Path, options: dict) -> dict:
    return bench.load(server, REFRESH, tokens=bench.tokens_of(data), rotate="yes", warmup=0.2, seconds=bench.seconds(WINDOW), **options)


def _row(name: str, purging: list[dict], calm: list[dict]) -> Row:
    def p99(windows: list[dict]) -> float:
        ordered = sorted(window["p99_us"] for window in windows)
        return ordered[len(ordered) // 2]

    busy, quiet = p99(purging), p99(calm)
    per_second = sum(window["good_per_second"] for window in purging) / len(purging)
    calm_per_second = sum(window["good_per_second"] for window in calm) / len(calm)
    worst = max(window["p99_us"] for window in purging)
    return Row(f"refresh while sessions are purged, {name}", per_second=per_second, p99_us=busy, limit="the same with nothing to purge",
               limit_per_second=calm_per_second, ratio=quiet / busy, goal="≥ 0.67",
               value=f"p99 {busy / 1000:.1f} ms, calm {quiet / 1000:.1f} ms",
               notes=[f"the ratio is that of the p99, each the median of windows of {WINDOW} s ({len(purging)} and {len(calm)}); the worst "
                      f"window has {worst / 1000:.1f} ms"],
               raw={"purging": purging, "calm": calm})


def _add_what_is_over(data: Path, dead: int) -> None:
    """Sessions that ended yesterday, spread over all accounts, and accounts past `accounts.unconfirmed_ttl`."""
    now = time.time_ns() // 1000
    with contextlib.closing(sqlite3.connect(data / "latchkey.db", isolation_level=None)) as database:
        for pragma in ("synchronous = OFF", "cache_size = -2000000"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("BEGIN IMMEDIATE")
        first, users = database.execute("SELECT min(id), count(*) FROM users").fetchone()
        rows = ((os.urandom(16), first + n % users, now - 9 * DAY, now - DAY, now + 20 * DAY, now - 10 * DAY) for n in range(dead))
        database.executemany("INSERT INTO sessions (id, user_id, generation, rotated_at, idle_expires_at, expires_at, created_at, "
                             "address, user_agent) VALUES (?, ?, 3, ?, ?, ?, ?, '127.0.0.1', 'bench')", rows)
        accounts = ((os.urandom(16), f"lapsed{n}@example.com", f"lapsed{n}", now - 9 * DAY) for n in range(LAPSED))
        database.executemany("INSERT INTO users (subject, email, email_key, username, password_hash, role, confirmed, is_active, "
                             "failed_sign_ins, locked_until, mailed_at, created_at, updated_at) "
                             "VALUES (?1, ?2, ?2, ?3, 'x', 'user', FALSE, TRUE, 0, 0, ?4, ?4, ?4)", accounts)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()


def _dead_left(data: Path) -> int:
    return _count(data, f"FROM sessions WHERE idle_expires_at <= {time.time_ns() // 1000 - DAY // 2}")


def _lapsed_left(data: Path) -> int:
    return _count(data, "FROM users WHERE NOT confirmed")  # the columns of an index: it holds up nobody


def _count(data: Path, what: str) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{data / 'latchkey.db'}?mode=ro", uri=True)) as database:
        return database.execute(f"SELECT count(*) {what}").fetchone()[0]
