"""What the number of users costs, on both stores: three routes, size on disk, and the start."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from .bench import CHEAP_HASH, Bench, Row, row_of_load
from .plot import Plot
from .postgres_server import BenchPostgres, Filled
from .postgresql import silent_mail_server
from .processes import Listening
from .routes import CONNECTIONS, ME, REFRESH, SIGNUP, take_access_tokens

SIZES = (1_000, 100_000, 1_000_000, 10_000_000)
# As many sessions are used at every size, spread evenly over the store: only the size differs.
SESSIONS = 1_000
# And many more where there are: their rows and tokens fit no cache of the processor.
MANY_SESSIONS = 20_000
FIGURES = {"me": "GET users/me", "refresh": "GET refresh_token, durable", "signup": "POST signup, hash of 64 KiB, durable"}
WIDE = "refresh over many sessions"


@dataclasses.dataclass
class Store:
    """One store of one size, ready to be served."""

    users: int
    data: Path
    settings: dict
    sizes: dict[str, int]  # bytes of everything that users and that sessions take
    filled_in: float
    server: Listening | None = None
    tokens: Path | None = None
    wide_tokens: Path | None = None
    access: Path | None = None
    signups: int = 0

    def split_tokens(self, all_tokens: Path) -> None:
        """A thousand sessions for most measurements, and the rest for those over many. No session is in both: a token
        that was used is of no more use."""
        lines = all_tokens.read_text().splitlines(keepends=True)
        step = max(len(lines) // SESSIONS, 1)
        self.tokens = all_tokens.with_suffix(".few")
        self.tokens.write_text("".join(lines[::step]))
        if step > 1:
            self.wide_tokens = all_tokens.with_suffix(".many")
            self.wide_tokens.write_text("".join(line for number, line in enumerate(lines) if number % step))


def measure(bench: Bench) -> None:
    sizes = [size for size in SIZES if size <= bench.most_users]
    with silent_mail_server() as mail:
        _measure_store(bench, "SQLite", [_fill_sqlite(bench, users, mail) for users in sizes], lambda: 0.0)
        for users in sizes:
            bench.remove_store(f"growth-{users}")
        with BenchPostgres(bench) as postgres:
            stores = [_fill_postgres(bench, postgres, users, mail) for users in sizes]
            postgres.checkpoint()
            _measure_store(bench, "PostgreSQL", stores, postgres.cpu_seconds)


def _fill_sqlite(bench: Bench, users: int, mail: dict) -> Store:
    begin = time.monotonic()
    data = bench.make_store(f"growth-{users}", users, CHEAP_HASH, tokens=SESSIONS + MANY_SESSIONS)
    took = time.monotonic() - begin
    return Store(users, data, mail, _sizes_in_sqlite(data / "latchkey.db"), took)


def _fill_postgres(bench: Bench, postgres: BenchPostgres, users: int, mail: dict) -> Store:
    begin = time.monotonic()
    filled = Filled.make(postgres, f"growth-pg-{users}", users, CHEAP_HASH, tokens=SESSIONS + MANY_SESSIONS)
    took = time.monotonic() - begin
    (sizes,) = postgres.server.sql("SELECT pg_total_relation_size('users'), pg_total_relation_size('sessions');", filled.database)
    return Store(users, filled.data, {**mail, **filled.settings}, dict(zip(("user", "session"), map(int, sizes))), took)


def _sizes_in_sqlite(file: Path) -> dict[str, int]:
    """Pages of the tables with their indexes."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        # Pages, and not bytes, which this table of SQLite's sums up in 32 bits. Of a whole tree, `pageno` is their number.
        pages = database.execute("SELECT m.tbl_name, sum(d.pageno) * (SELECT page_size FROM pragma_page_size) "
                                 "FROM dbstat d JOIN sqlite_master m ON m.name = d.name WHERE d.aggregate = TRUE GROUP BY 1")
        sizes = dict(pages.fetchall())
    return {"user": sizes["users"], "session": sizes["sessions"]}


def _measure_store(bench: Bench, kind: str, stores: list[Store], database_cpu: Callable[[], float]) -> None:
    with contextlib.ExitStack() as stack:
        for store in stores:
            store.server = stack.enter_context(bench.serve(store.data, {**CHEAP_HASH, **store.settings}))
            store.split_tokens(bench.tokens_of(store.data))
            store.access = take_access_tokens(bench, store.server, store.tokens, SESSIONS)
            bench.load(store.server, ME, tokens=store.access, count=2 * SESSIONS)  # no signature is left to verify
        points: dict[str, list[tuple[float, float]]] = {}
        for name, figure in FIGURES.items():
            results = bench.interleave(*(lambda store=store: _load(bench, store, name, database_cpu) for store in stores))
            points[figure.partition(",")[0]] = [(store.users, result["cpu_us"]) for store, result in zip(stores, results)]
            _add_rows(bench, f"{figure}, {kind}", stores, results)
        wide = [store for store in stores if store.wide_tokens]
        if len(wide) > 1:
            results = bench.interleave(*(lambda store=store: _load(bench, store, WIDE, database_cpu) for store in wide))
            _add_rows(bench, f"{FIGURES['refresh']}, {kind}, {MANY_SESSIONS:,} sessions", wide, results)
    bench.plots.append(Plot(f"growth-{kind.lower()}", f"Cost of a request by the number of users, {kind}", "users", "CPU µs each",
                            points, x_log=True, y_log=True))
    _add_sizes(bench, kind, stores)
    _add_start(bench, kind, stores[-1])


def _load(bench: Bench, store: Store, name: str, database_cpu: Callable[[], float]) -> dict:
    store.signups += name == "signup"
    request, options = {"me": (ME, {"tokens": store.access}), "refresh": (REFRESH, {"tokens": store.tokens, "rotate": "yes"}),
                        WIDE: (REFRESH, {"tokens": store.wide_tokens, "rotate": "yes"}),
                        "signup": (SIGNUP, {"first": store.signups * 1_000_000})}[name]
    before = database_cpu()
    # No warm-up: the database's CPU time is counted over the whole.
    result = bench.load(store.server, request, connections=CONNECTIONS, warmup=0, seconds=bench.seconds(1.2), **options)
    result["cpu_us"] += (database_cpu() - before) / max(result["good"], 1) * 1e6
    return result


def _add_rows(bench: Bench, figure: str, stores: list[Store], results: list[dict]) -> None:
    least = results[0]
    for store, result in list(zip(stores, results))[1:]:
        row = row_of_load(f"{figure}, {store.users:,} users", result, saturated=False, limit=f"the same with {stores[0].users:,} users",
                          limit_per_second=least["good_per_second"], limit_cpu_us=least["cpu_us"],
                          ratio=least["cpu_us"] / result["cpu_us"], goal="≥ 0.80" if store.users == SIZES[-1] else "")
        row.raw["limit"] = least
        bench.add(row)


def _add_sizes(bench: Bench, kind: str, stores: list[Store]) -> None:
    large = stores[-1]
    each = {name: size / large.users for name, size in large.sizes.items()}
    total = sum(large.sizes.values()) / 2**20
    bench.add(Row(f"size on disk, {kind}, {large.users:,} users with a live session each",
                  value=f"{each['user']:.0f} bytes a user, {each['session']:.0f} a live session",
                  raw={"sizes": [(store.users, store.sizes) for store in stores]},
                  notes=[f"tables with their indexes, {total:,.0f} MiB in all; filled in {large.filled_in:.0f} s"]))


def _add_start(bench: Bench, kind: str, large: Store) -> None:
    times = []
    for _ in range(3 if bench.quick else 9):
        with bench.serve(large.data, {**CHEAP_HASH, **large.settings}) as server:
            times.append(server.seconds_to_listen * 1000)
    goal = "≤ 20 ms" if large.users == SIZES[-1] else "≤ 20 ms at ten million"
    bench.add(Row(f"start to `listening`, {kind}, {large.users:,} users", value=f"{statistics.median(times):.1f} ms", goal=goal,
                  raw={"milliseconds": times}, notes=[f"slowest of {len(times)}: {max(times):.1f} ms; the store in the kernel's cache"]))
