"""The routes, each beside programs that do nothing but its unavoidable work."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

from . import machine
from .bench import CHEAP_HASH, DEFAULT_HASH, PASSWORD, Bench, Row, row_of_load
from .processes import NUMBER, TOKEN, Failed, Listening, ask, make_request

CONNECTIONS = 64

HEALTH = make_request("GET", "/healthz")
HEALTH_WITH_TOKEN = make_request("GET", "/healthz", {"Authorization": f"Bearer {TOKEN}"})
ME = make_request("GET", "/api/users/me", {"Authorization": f"Bearer {TOKEN}"})
REFRESH = make_request("GET", "/api/auth/refresh_token", {"Authorization": f"Bearer {TOKEN}"})
LOGIN = make_request("POST", "/api/auth/login", {"Content-Type": "application/x-www-form-urlencoded"},
                     f"username=user{NUMBER}%40example.com&password={PASSWORD}")
SIGNUP = make_request("POST", "/api/auth/signup", {"Content-Type": "application/json"},
                      json.dumps({"email": f"new{NUMBER}@example.com", "username": f"new user {NUMBER}",
                                  "password": PASSWORD}))


# What one hash with the default cost takes by the reference code, built elsewhere with its best flags, by processor and by what
# the server computes with there: no package has such a build, so `--argon2-library` measured it once.
REFERENCE_HASH_MS = {("AMD EPYC (virtual machine)", "AVX-512"): 7.1}


def machine_of(bench: Bench) -> str:
    return machine.describe(bench.folder, bench.server_cores, bench.load_cores)["cpu"]


def with_token(request: bytes, path: Path) -> bytes:
    return request.replace(TOKEN.encode(), path.read_text().splitlines()[0].encode())


def answer_to(server: Listening, request: bytes) -> bytes:
    answer = ask(server.port, request)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise Failed(f"expected 200, got {answer[:400]!r}")
    return answer


def take_access_tokens(bench: Bench, server: Listening, tokens: Path, count: int) -> Path:
    """Refreshes that many sessions once and keeps their access tokens."""
    access = tokens.with_suffix(f".access-{count}")
    bench.load(server, REFRESH, tokens=tokens, rotate="yes", count=count, access_out=access)
    if len(access.read_text().splitlines()) != count:
        raise Failed("sessions of the store could not be refreshed")
    return access


def against(bench: Bench, figure: str, server: Listening, request: bytes, goal: str, limit: str, limit_load: Callable[[dict], dict],
            **options: object) -> Row:
    """A route that writes nothing, against something simpler under the same load."""
    seconds = {"seconds": bench.seconds(4), "connections": CONNECTIONS}
    ours, least = bench.interleave(lambda: bench.load(server, request, **seconds, **options), lambda: limit_load(seconds))
    row = row_of_load(figure, ours, limit=limit, limit_per_second=least["good_per_second"], limit_cpu_us=least["cpu_us"],
                      ratio=least["cpu_us"] / ours["cpu_us"], goal=goal)
    row.raw["limit"] = least
    bench.add(row)
    return row


def measure_tokens(bench: Bench) -> None:
    """Health, `me` and refresh, on one server."""
    store = bench.make_store("tokens", bench.users, DEFAULT_HASH, tokens=bench.users)
    tokens = bench.tokens_of(store)
    with bench.serve(store) as server:
        health = answer_to(server, HEALTH)
        with bench.serve_bare(health) as bare:
            against(bench, f"GET healthz, {CONNECTIONS} connections", server, HEALTH, "", "bare epoll server, same bytes",
                    lambda seconds: bench.load(bare, HEALTH, **seconds))
        access = take_access_tokens(bench, server, tokens, CONNECTIONS)
        me = answer_to(server, with_token(ME, access))
        figure = f"GET users/me, {CONNECTIONS} connections"
        # The same head, token and all: what is left is what the token and its user cost.
        against(bench, f"{figure}, {CONNECTIONS} users", server, ME, "≥ 0.70",
                f"GET healthz of the same server, asked with the same head (its answer has {len(me) - len(health)} bytes less)",
                lambda seconds: bench.load(server, HEALTH_WITH_TOKEN, tokens=access, **seconds), tokens=access)
        with bench.serve_bare(me) as bare:
            for count in (CONNECTIONS, 1000):
                access = take_access_tokens(bench, server, tokens, count)
                against(bench, f"{figure}, {count:,} users", server, ME, "", "bare epoll server, same bytes",
                        lambda seconds, access=access: bench.load(bare, ME, tokens=access, **seconds), tokens=access)
        measure_refresh(bench, server, tokens)
    measure_many_tokens(bench)
    measure_two_threads(bench, store)
    measure_slow_syncs(bench)


def measure_many_tokens(bench: Bench) -> None:
    """`me` with more live tokens than any table of a thread would hold, against few on the same server."""
    count = 4_000 if bench.quick else 40_000
    store = bench.make_store("many-tokens", count + CONNECTIONS, DEFAULT_HASH, tokens=count + CONNECTIONS)
    with bench.serve(store) as server:
        many = take_access_tokens(bench, server, bench.tokens_of(store), count)
        few = many.with_suffix(".few")
        few.write_text("".join(many.read_text().splitlines(keepends=True)[:CONNECTIONS]))
        # A window in which each token is shown several times.
        seconds = {"seconds": bench.seconds(4), "connections": CONNECTIONS}
        ours, least = bench.interleave(lambda: bench.load(server, ME, tokens=many, **seconds),
                                       lambda: bench.load(server, ME, tokens=few, **seconds))
    row = row_of_load(f"GET users/me, {CONNECTIONS} connections, {count:,} live tokens", ours,
                      limit=f"the same with {CONNECTIONS} tokens", limit_per_second=least["good_per_second"],
                      limit_cpu_us=least["cpu_us"], ratio=least["cpu_us"] / ours["cpu_us"], goal="≥ 0.71")
    row.raw["limit"] = least
    bench.add(row)
    bench.remove_store("many-tokens")


def measure_two_threads(bench: Bench, store: Path) -> None:
    """Two threads for requests, on the one core: what they cost each other."""
    copies = {threads: bench.copy_store(store, f"threads-{threads}") for threads in (1, 2)}
    with bench.serve(copies[1]) as one, bench.serve(copies[2], {"threads": 2}) as two:
        seconds = {"seconds": bench.seconds(4), "connections": CONNECTIONS}
        for figure, request, rotates in ((f"GET users/me, {CONNECTIONS} connections", ME, False),
                                         (f"GET refresh_token, durable, {CONNECTIONS} connections", REFRESH, True)):
            def load(server: Listening, data: Path, request=request, rotates=rotates) -> dict:
                tokens = bench.tokens_of(data)
                if rotates:
                    return bench.load(server, request, tokens=tokens, rotate="yes", **seconds)
                access = tokens.with_suffix(f".access-{CONNECTIONS}")
                if not access.exists():
                    take_access_tokens(bench, server, tokens, CONNECTIONS)
                return bench.load(server, request, tokens=access, **seconds)

            ours, least = bench.interleave(lambda: load(two, copies[2]), lambda: load(one, copies[1]))
            row = row_of_load(f"{figure}, two threads for requests on that core", ours, limit="one thread",
                              limit_per_second=least["good_per_second"], limit_cpu_us=least["cpu_us"],
                              ratio=least["cpu_us"] / ours["cpu_us"])
            row.raw["limit"] = least
            bench.add(row)


def measure_slow_syncs(bench: Bench) -> None:
    """What waits for a sync, on disks that take 1 and 4 ms for one."""
    store = bench.make_store("slow-sync", bench.users, CHEAP_HASH, tokens=bench.users)
    for milliseconds in (1, 4):
        data = bench.copy_store(store, f"slow-sync-{milliseconds}")
        environment = {"LD_PRELOAD": str(bench.programs / "libslow_sync.so"), "SLOW_SYNC_MICROSECONDS": str(milliseconds * 1000)}
        with socket.create_server(("127.0.0.1", 0), backlog=16) as silent, bench.serve(
                data, {**CHEAP_HASH, **mail_to(silent)}, environment) as server:
            seconds = {"seconds": bench.seconds(3), "connections": CONNECTIONS}
            refresh = bench.load(server, REFRESH, tokens=bench.tokens_of(data), rotate="yes", **seconds)
            signup = bench.load(server, SIGNUP, first=1_000_000, **seconds)
        for figure, result in ((f"GET refresh_token, durable, {CONNECTIONS} connections", refresh),
                               (f"POST signup, hash of 64 KiB, durable, {CONNECTIONS} connections", signup)):
            bench.add(row_of_load(f"{figure}, {milliseconds} ms a sync", result, saturated=False))


def mail_to(server: socket.socket) -> dict:
    return {"mail.smtp_url": f"smtp://127.0.0.1:{server.getsockname()[1]}", "mail.tls": "off", "mail.from": "latchkey@example.com"}


def measure_refresh(bench: Bench, server: Listening, tokens: Path) -> None:
    limit_store = bench.make_store("refresh-limit", bench.users, DEFAULT_HASH)
    request = with_token(REFRESH, tokens)
    answer = answer_to(server, request)
    # That one session has moved on: its old token would end it.
    lines = tokens.read_text().splitlines(keepends=True)
    tokens.write_text("".join(lines[1:]))
    seconds = {"seconds": bench.seconds(4), "connections": CONNECTIONS}
    with bench.serve_bare(answer) as bare:
        ours, empty, sign, update = bench.interleave(
            lambda: bench.load(server, REFRESH, tokens=tokens, rotate="yes", **seconds),
            lambda: bench.load(bare, request, connections=CONNECTIONS, seconds=bench.seconds(2)),
            lambda: bench.limit("limit_es256", "--seconds", bench.seconds(1, 0.5)),
            lambda: bench.limit("limit_sqlite", "update", limit_store, "--seconds", bench.seconds(2.5), "--group", CONNECTIONS))
    least = empty["cpu_us"] + sign["cpu_us"] + update["cpu_us"]
    row = row_of_load(f"GET refresh_token, durable, {CONNECTIONS} connections, {bench.users:,} sessions", ours,
                      limit=f"bare answer {empty['cpu_us']:.1f} + ES256 signature {sign['cpu_us']:.1f} + update in groups of "
                            f"{CONNECTIONS} {update['cpu_us']:.1f} µs",
                      limit_cpu_us=least, ratio=least / ours["cpu_us"], goal="≥ 0.80")
    row.raw.update({"bare": empty, "sign": sign, "update": update})
    bench.add(row)

    rate = ours["good_per_second"] / 2
    (half,) = bench.interleave(lambda: bench.load(server, REFRESH, tokens=tokens, rotate="yes", rate=rate, **seconds))
    bench.add(row_of_load(f"the same at half that rate ({rate:,.0f} a second offered)", half, goal="p99 ≤ 5 ms",
                          saturated=False))


def measure_login(bench: Bench) -> None:
    store = bench.make_store("login", bench.users, DEFAULT_HASH)
    cost = ["--memory", DEFAULT_HASH["password.argon2_memory_kib"], "--passes", DEFAULT_HASH["password.argon2_passes"]]
    libraries = {"Debian's libargon2, memory reused": (["limit_argon2", *cost], "≥ 1.9")}
    if bench.argon2_library is not None:
        libraries[str(bench.argon2_library)] = (["limit_argon2", *cost, "--library", bench.argon2_library.resolve()], "≥ 0.95")
    with bench.serve(store, DEFAULT_HASH) as server:
        # Fewer than the hashing queue holds, so that none is refused.
        sign_in = lambda: bench.load(server, LOGIN, connections=32, modulo=bench.users, seconds=bench.seconds(5, 2))  # noqa: E731
        hashes = [lambda words=words: bench.limit(*words, "--seconds", bench.seconds(2.5))
                  for words, _ in libraries.values()]
        ours, *limits = bench.interleave(sign_in, *hashes)
        memory = server.memory()
    bench.sign_ins_per_second = ours["good_per_second"]
    for (name, (_, goal)), limit in zip(libraries.items(), limits):
        row = row_of_load("POST login, right password, saturated", ours, limit=f"one hash of {name}",
                          limit_per_second=limit["per_second"], limit_cpu_us=limit["cpu_us"],
                          ratio=limit["cpu_us"] / ours["cpu_us"], goal=goal)
        row.raw["limit"] = limit
        bench.add(row)
    if known := REFERENCE_HASH_MS.get((machine_of(bench), bench.argon2_code())):
        bench.rows[-1].notes.append(f"one hash of the reference code, built elsewhere with its best flags, takes {known} ms on such a "
                                    f"processor: ratio {known * 1000 / ours['cpu_us']:.2f}")
    arenas = len(bench.server_cores) * 20 * 2**20
    bench.add(Row("dirty memory after that load, without the hashing arenas",
                  value=f"{(memory['dirty'] - arenas) / 2**20:.1f} MiB", goal="≤ 8 MiB", raw={"memory": memory, "arenas": arenas},
                  notes=["heap and page caches; an arena is 19 MiB rounded up to whole huge pages, 20; in all "
                         f"{memory['dirty'] / 2**20:.1f} MiB are dirty, {memory['pss'] / 2**20:.1f} PSS, {memory['resident'] / 2**20:.1f} "
                         "resident, with pages of the binary, of shared libraries and of the store"]))


def measure_signup(bench: Bench) -> None:
    store = bench.make_store("signup", bench.users, CHEAP_HASH)
    limit_store = bench.make_store("signup-limit", bench.users, CHEAP_HASH)
    # A mail server that never says a word: the mail rows are written and stay, and no sending is measured.
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        with bench.serve(store, {**CHEAP_HASH, **mail_to(silent)}) as server:
            turn = iter(range(1000))
            cost = ["--memory", CHEAP_HASH["password.argon2_memory_kib"], "--passes", CHEAP_HASH["password.argon2_passes"]]
            ours, insert, password = bench.interleave(
                lambda: bench.load(server, SIGNUP, connections=CONNECTIONS, first=next(turn) * 1_000_000, seconds=bench.seconds(4)),
                lambda: bench.limit("limit_sqlite", "insert", limit_store, "--seconds", bench.seconds(2.5), "--group", CONNECTIONS),
                lambda: bench.limit("limit_signup", *cost, "--seconds", bench.seconds(1, 0.5)))
    least = insert["cpu_us"] + password["cpu_us"]
    row = row_of_load(f"POST signup, hash of 64 KiB, durable, mail row included, {CONNECTIONS} connections", ours,
                      limit=f"insert of the same rows in groups of {CONNECTIONS} {insert['cpu_us']:.1f} + estimate and hash of the "
                            f"password {password['cpu_us']:.1f} µs",
                      limit_cpu_us=least, ratio=least / ours["cpu_us"])
    row.raw.update({"insert": insert, "password": password})
    bench.add(row)
