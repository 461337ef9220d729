"""What a storm of sign-ins does to everybody else."""

from __future__ import annotations

from pathlib import Path

from .bench import DEFAULT_HASH, Bench, Row
from .processes import Listening, run_together
from .routes import LOGIN, ME, REFRESH, UNKNOWN_LOGIN, take_access_tokens

ME_RATE = 2000
REFRESH_RATE = 500
HONEST_SIGN_INS = 8  # a second
STORM_CONNECTIONS = 160


def measure(bench: Bench) -> None:
    """p99 of `me` and of refresh at moderate rates, quiet and while sign-ins arrive at twice what can be hashed. All
    threads of the server share its one core."""
    store = bench.make_store("storm", bench.users, DEFAULT_HASH, tokens=bench.users)
    tokens = bench.tokens_of(store)
    with bench.serve(store, DEFAULT_HASH) as server:
        access = take_access_tokens(bench, server, tokens, 64)
        if bench.sign_ins_per_second is None:
            bench.sign_ins_per_second = bench.load(server, LOGIN, connections=32, modulo=bench.users, seconds=2)["good_per_second"]
        offered = 2 * bench.sign_ins_per_second
        me = {"tokens": access, "rate": ME_RATE, "connections": 32}
        refresh = {"tokens": tokens, "rotate": "yes", "rate": REFRESH_RATE, "connections": 32}
        logins = {"rate": offered, "connections": 400, "modulo": bench.users}
        seconds = bench.seconds(6, 3)
        quiet, stormy = bench.interleave(lambda: _together(bench, server, seconds, me, refresh),
                                         lambda: _together(bench, server, seconds, me, refresh, logins))
    for name, short, rate in (("GET users/me", "me", ME_RATE), ("GET refresh_token, durable", "refresh", REFRESH_RATE)):
        before, after = quiet[f"{short}_p99_us"], stormy[f"{short}_p99_us"]
        bench.add(Row(f"{name}, {rate:,} a second, under a login storm", per_second=stormy[f"{short}_per_second"],
                      p50_us=stormy[f"{short}_p50_us"], p99_us=after, limit=f"without the storm: p99 {before / 1000:.2f} ms",
                      ratio=after / before, goal="p99 ≤ 2×", raw={"quiet": quiet, "storm": stormy},
                      notes=[f"{offered:.0f} sign-ins a second offered, {stormy['logins_good_per_second']:.0f} done, "
                             f"the rest answered 503 or waiting"]))


def measure_shares(bench: Bench) -> None:
    """p99 of a few sign-ins a second, quiet and while another address signs in at unknown addresses on many connections: first
    refused by its share of the hashing queue alone, then by the default limits as well."""
    store = bench.make_store("shares", bench.users, DEFAULT_HASH)
    _measure_shares(bench, store, {}, "")
    _measure_shares(bench, bench.copy_store(store, "shares-limited"), {"limits.enabled": "true"}, ", default limits")


def _measure_shares(bench: Bench, store: Path, settings: dict[str, str], name: str) -> None:
    with bench.serve(store, {**DEFAULT_HASH, **settings}) as server:
        seconds = bench.seconds(15, 5)
        honest = bench.load_command(server, LOGIN, rate=HONEST_SIGN_INS, connections=8, modulo=bench.users, seconds=seconds, warmup=2)
        storm = bench.load_command(server, UNKNOWN_LOGIN, connections=STORM_CONNECTIONS, source="127.0.0.2", seconds=seconds + 1,
                                   warmup=1)
        quiet, stormy = bench.interleave(lambda: run_together([honest], bench.load_cores)[0],
                                         lambda: run_together([honest, storm], bench.load_cores)[0])
    before, after = quiet["p99_us"], stormy["p99_us"]
    refused = stormy["operations"] - stormy["good"]
    bench.add(Row(f"POST login, {HONEST_SIGN_INS} a second, {STORM_CONNECTIONS} connections of another address sign in at unknown ones{name}",
                  per_second=stormy["good_per_second"], p50_us=stormy["p50_us"], p99_us=after,
                  limit=f"without them: p99 {before / 1000:.1f} ms", ratio=after / before, goal="p99 ≤ 3×, or 20 ms more; none refused",
                  raw={"quiet": quiet, "storm": stormy}, notes=[f"{refused:.0f} of {stormy['operations']:.0f} were refused"]))


def _together(bench: Bench, server: Listening, seconds: float, me: dict, refresh: dict, logins: dict | None = None) -> dict:
    """One window of all at once. The storm starts first and ends last: its queue is full when the window begins."""
    wait = 3 if logins else 0.5
    commands = {"me": bench.load_command(server, ME, seconds=seconds, warmup=wait, **me),
                "refresh": bench.load_command(server, REFRESH, seconds=seconds, warmup=wait, **refresh)}
    if logins:
        commands["logins"] = bench.load_command(server, LOGIN, seconds=seconds, warmup=wait, **logins)
    results = run_together(list(commands.values()), bench.load_cores)
    flat = {f"{name}_{figure}": value for name, result in zip(commands, results)
            for figure, value in result.items() if isinstance(value, (int, float))}
    if logins:
        flat["statuses"] = results[-1]["statuses"]
    return flat
