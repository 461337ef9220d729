"""Throughput against connections, and latency against offered load: one pass each, for the plots."""

from __future__ import annotations

from collections.abc import Callable

from .bench import DEFAULT_HASH, Bench
from .plot import Plot
from .routes import HEALTH, ME, REFRESH, take_access_tokens

CONNECTIONS = (1, 4, 16, 64, 256, 1024)
SHARES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
# More than ever wait at once below the peak: what waits does so in the server, or is late from the moment it fell due.
OPEN_LOOP_CONNECTIONS = 256
PERCENTILES = {"p50": "p50_us", "p99": "p99_us", "p99.9": "p999_us"}


def measure(bench: Bench) -> None:
    store = bench.make_store("curves", bench.users, DEFAULT_HASH, tokens=bench.users)
    tokens = bench.tokens_of(store)
    with bench.serve(store, DEFAULT_HASH) as server:
        access = take_access_tokens(bench, server, tokens, 1000)
        routes = {
            "GET healthz": lambda **options: bench.load(server, HEALTH, **options),
            "GET users/me": lambda **options: bench.load(server, ME, tokens=access, **options),
            "GET refresh_token": lambda **options: bench.load(server, REFRESH, tokens=tokens, rotate="yes", **options),
        }
        lines = {name: [(connections, load(connections=connections, seconds=bench.seconds(1, 0.5))["good_per_second"])
                        for connections in CONNECTIONS] for name, load in routes.items()}
        bench.plots.append(Plot("throughput", "Throughput by connections, each asks again when it was answered", "connections",
                                "answers a second", lines, x_log=True, y_log=True))
        for name in ("GET users/me", "GET refresh_token"):
            peak = max(rate for _, rate in lines[name])
            _measure_latency(bench, name, routes[name], peak)


def _measure_latency(bench: Bench, name: str, load: Callable[..., dict], peak: float) -> None:
    lines: dict[str, list[tuple[float, float]]] = {percentile: [] for percentile in PERCENTILES}
    for share in SHARES:
        rate = peak * share
        result = load(connections=OPEN_LOOP_CONNECTIONS, rate=f"{rate:.0f}", seconds=bench.seconds(3, 0.5))
        for percentile, field in PERCENTILES.items():
            lines[percentile].append((rate, result[field] / 1000))
    route = "me" if name.endswith("me") else "refresh"
    bench.plots.append(Plot(f"latency-{route}", f"Latency by offered load, {name}, from the moment it fell due",
                            "requests a second, offered", "ms", lines, y_log=True))
