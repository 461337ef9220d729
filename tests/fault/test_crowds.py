"""F32, F38, Z33, Z66, Z67: whoever holds many connections, descriptors or bytes of memory gives way to the others."""

from __future__ import annotations

import json
import resource
import time

import pytest

from support import Server, binary_path, request_bytes
from support.control_group import control_group
from support.crowds import connect, counted, crowd, crowd_apart, half_body
from support.size import size
from support.together import ended_in_peace

MIB = 1 << 20
PATIENT = {"management_listen": "127.0.0.1:0", "http.head_timeout": "600s", "http.body_timeout": "600s", "http.idle_timeout": "600s", "http.least_body_rate": 0}


def asked(server, request: bytes, source: str, tries: int = 3) -> bytes:
    """The answer on a connection of its own, as a client gets it that tries again when it is hung up on."""
    for _ in range(tries):
        try:
            with connect(server, source) as client:
                client.sendall(request)
                answer = client.recv(65536)
                if answer:
                    return answer
        except ConnectionError:
            pass
    raise AssertionError("no answer")


def me(account, **headers: str) -> bytes:
    return request_bytes("GET", "/api/users/me", {"Authorization": f"Bearer {account.access}",
                                                  **{name.replace("_", "-"): value for name, value in headers.items()}})


@pytest.mark.parametrize("kind", ["heads", "bodies", "proxied"])
def test_F38_Z66_950_half_sent_requests_of_one_address_at_1024_descriptors_stop_nobody(kind):
    proxied = kind == "proxied"
    start = {"heads": b"POST /api/auth/login HTTP/1.1\r\nX-A: ", "bodies": half_body(20),
             "proxied": half_body(20, X_Forwarded_For="203.0.113.9")}[kind]
    settings = PATIENT | ({"http.trusted_proxies": "127.0.0.3"} if proxied else {})
    server = Server(settings, machine=["prlimit", "--nofile=1024:1024", "--"])
    with ended_in_peace([server]):
        server.start()
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (1024, 1024)
        account = server.user()
        kept = connect(server)
        with crowd(server, 1000, start, ["127.0.0.3" if proxied else "127.0.0.2"]) as attackers:
            took = []
            for number in range(100):
                begun = time.monotonic()
                # Behind the proxy, honest clients come from where the others come from.
                source = "127.0.0.3" if proxied else f"127.0.1.{number + 1}"
                assert asked(server, me(account, X_Forwarded_For="198.51.100.7"), source).startswith(b"HTTP/1.1 200 ")
                took.append(time.monotonic() - begun)
            assert sorted(took)[95] < 5
            assert counted(server, "latchkey_connections_given_up_total") > 0
            # An honest client that has been here all the time and says something now and then keeps its connection.
            kept.sendall(me(account))
            assert kept.recv(65536).startswith(b"HTTP/1.1 200 ")
            assert attackers.opened >= 1000
        kept.close()
        account.rotate()


def test_F38_Z66_one_client_has_its_number_of_connections_and_others_are_served(make_server):
    server = make_server(PATIENT | {"http.connections_per_client": 50})
    account = server.user()
    with crowd(server, 200, b"G", ["127.0.0.2"]):
        open_ones = counted(server, "latchkey_connections_open")
        assert 50 <= open_ones <= 60, "fifty of one client, and few of others"
        assert asked(server, me(account), "127.0.0.4").startswith(b"HTTP/1.1 200 ")
        assert counted(server, "latchkey_connections_refused_total") >= 150


@pytest.mark.embedded
@pytest.mark.parametrize("addresses", [1, 250])
def test_F32_Z67_a_control_group_of_256_mib_survives_5000_half_sent_bodies_and_serves(addresses):
    if b"__asan_init" in binary_path().read_bytes():
        pytest.skip("a sanitizer build takes several times the memory")
    with control_group(256 * MIB) as group:
        server = Server(PATIENT | {"http.connections_per_client": 1_000_000, "password.argon2_memory_kib": 19_456,
                                   "password.argon2_passes": 2}, machine=group.machine())
        with ended_in_peace([server]):
            server.start()
            account = server.user()
            sources = [f"127.0.{2 + number // 250}.{number % 250 + 1}" for number in range(addresses)]
            with crowd(server, 5000, half_body(65_000), sources):
                for number in range(20):
                    assert asked(server, me(account), f"127.0.9.{number + 1}").startswith(b"HTTP/1.1 200 ")
                account.rotate()
                account.login()
                assert group.killed() == 0 and server.running
                assert counted(server, "latchkey_connections_given_up_total") > 0
                assert group.used() < 256 * MIB
            assert asked(server, me(account), "127.0.9.1").startswith(b"HTTP/1.1 200 ")


def test_H08_a_route_that_takes_no_body_does_not_wait_for_one(make_server):
    server = make_server(PATIENT)
    account = server.user()
    with connect(server) as client:
        client.sendall(request_bytes("GET", "/api/users/me", {"Authorization": f"Bearer {account.access}",
                                                              "Content-Length": "60000"}) + b"a" * 100)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def test_Z33_10000_half_open_connections_do_not_slow_honest_requests(make_server, capsys):
    """Of many addresses, at the default settings; LATCHKEY_FULL=1 opens all 10,000 and holds the ratio to 2."""
    count, rounds = size(1000, 10_000), size(200, 2000)
    server = make_server()
    account = server.user()

    def timed(client, request: bytes) -> tuple[float, bytes]:
        begun = time.perf_counter()
        client.sendall(request)
        answer = client.recv(65536)
        took = time.perf_counter() - begun
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        return took, answer

    def measured() -> tuple[list[float], list[float]]:
        reads, refreshes = [], []
        with connect(server) as client:
            for _ in range(rounds):
                reads.append(timed(client, me(account))[0])
                took, answer = timed(client, request_bytes("GET", "/api/auth/refresh_token",
                                                           {"Authorization": f"Bearer {account.refresh}"}))
                account.tokens = json.loads(answer.partition(b"\r\n\r\n")[2])
                refreshes.append(took)
        return reads, refreshes

    measured()
    calm = [measured() for _ in range(3)]
    sources = [f"127.0.{2 + number // 250}.{number % 250 + 1}" for number in range(500)]
    halves = [b"GET /api/users/me HTTP/1.1\r\nX-A: ", half_body(20)]
    with crowd_apart(server, count // 2, halves[0], sources), crowd_apart(server, count // 2, halves[1], sources):
        crowded = [measured() for _ in range(3)]
    figures = {}
    for name, part in (("me", 0), ("refresh", 1)):
        before = min(percentile(run[part], 0.99) for run in calm)
        during = min(percentile(run[part], 0.99) for run in crowded)
        figures[name] = (before, during)
    with capsys.disabled():
        print(f"\n{count} half-open connections, p99 calm and crowded in ms: " + ", ".join(
            f"{name} {before * 1e3:.2f} {during * 1e3:.2f}" for name, (before, during) in figures.items()))
    for name, (before, during) in figures.items():
        assert during < max((2 if count == 10_000 else 10) * before, 0.02), name
