"""How often a request takes memory from the heap, once everything that is kept has been taken."""

from __future__ import annotations

import struct

from .bench import DEFAULT_HASH, Bench, Row
from .routes import CONNECTIONS, HEALTH, ME, REFRESH, take_access_tokens

REQUESTS = 20_000


def measure(bench: Bench) -> None:
    store = bench.make_store("allocations", bench.users, DEFAULT_HASH, tokens=bench.users)
    tokens = bench.tokens_of(store)
    counter = bench.folder / "allocations.count"
    counter.write_bytes(bytes(8))
    environment = {"LD_PRELOAD": str(bench.programs / "libcount_allocations.so"), "COUNT_ALLOCATIONS": str(counter)}
    with bench.serve(store, DEFAULT_HASH, environment) as server:
        def count(request: bytes, requests: int, **options: object) -> int:
            before = struct.unpack("=Q", counter.read_bytes())[0]
            bench.load(server, request, connections=CONNECTIONS, count=requests, **options)
            return struct.unpack("=Q", counter.read_bytes())[0] - before

        access = take_access_tokens(bench, server, tokens, CONNECTIONS)
        for figure, goal, request, options in (("GET healthz", "0", HEALTH, {}), ("GET users/me", "0", ME, {"tokens": access}),
                                               ("GET refresh_token", "", REFRESH, {"tokens": tokens, "rotate": "yes"})):
            count(request, REQUESTS, **options)
            # Both open as many connections, so that the difference is that of requests alone.
            few, many = count(request, REQUESTS, **options), count(request, 2 * REQUESTS, **options)
            each = (many - few) / REQUESTS
            bench.add(Row(f"{figure}, allocations for each request", value=f"{max(each, 0):.2f}", goal=goal,
                          raw={"few": few, "many": many}))
