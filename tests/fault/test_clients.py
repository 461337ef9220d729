"""Z33–Z38: clients that are slow, many, or take all descriptors."""

import contextlib
import resource
import select
import socket
import threading
import time
from pathlib import Path

from support import RawConnection, request_bytes

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


# Z33, Z34 -----------------------------------------------------------------------------------------


def trickled(server, starts: list[bytes], letter: bytes, count: int, seconds: float) -> int:
    """Opens `count` connections that send a start and then one letter after another, for at most `seconds`. Answers
    how many are still open at the end; meanwhile others must be served."""
    account = server.user()
    connections = [socket.create_connection((server.host, server.port), timeout=20) for _ in range(count)]
    try:
        for number, connection in enumerate(connections):
            connection.sendall(starts[number % len(starts)])
        open_ones = set(connections)
        deadline = time.monotonic() + seconds
        while open_ones and time.monotonic() < deadline:
            for connection in list(open_ones):
                readable, _, _ = select.select([connection], [], [], 0)
                try:
                    if readable and not connection.recv(4096):
                        open_ones.discard(connection)
                    else:
                        connection.sendall(letter)
                except OSError:
                    open_ones.discard(connection)
            assert account.me().status_code == 200
            time.sleep(0.1)
        return len(open_ones)
    finally:
        for connection in connections:
            connection.close()


def test_Z33_heads_that_trickle_in_are_cut_off_and_nobody_waits_for_them(make_server):
    server = make_server({"http.head_timeout": "1s", "http.body_timeout": "60s", "http.idle_timeout": "60s"})
    starts = [b"G", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", b"GET /",
              b"POST /api/auth/login HTTP/1.1\r\nContent-Type: "]
    assert trickled(server, starts, b"a", 300, 30) == 0


def test_Z33_a_connection_that_never_starts_and_one_that_only_sends_empty_lines_are_cut_off(make_server):
    server = make_server({"http.head_timeout": "1s", "http.body_timeout": "60s", "http.idle_timeout": "1s"})
    assert trickled(server, [b""], b"", 50, 30) == 0
    assert trickled(server, [b"\r\n"], b"\r\n", 50, 30) == 0


def test_Z34_bodies_that_trickle_in_are_cut_off(make_server):
    server = make_server({"http.head_timeout": "60s", "http.body_timeout": "1s", "http.idle_timeout": "60s"})
    starts = [request_bytes("POST", "/api/auth/login", {**FORM, "Content-Length": "60000"}),
              request_bytes("POST", "/api/auth/signup", {"Content-Type": "application/json",
                                                         "Transfer-Encoding": "chunked"}) + b"e000\r\n"]
    assert trickled(server, starts, b"a", 200, 30) == 0


def test_Z34_a_client_that_reads_nothing_is_cut_off(make_server):
    server = make_server({"http.head_timeout": "1s", "http.body_timeout": "1s", "http.idle_timeout": "1s"})
    account = server.user()
    connections = []
    try:
        for _ in range(20):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.connect((server.host, server.port))
            connection.settimeout(0.2)
            connections.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)

        def established() -> int:
            """Connections of the server's side of the port that still stand."""
            rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
            return sum(row.split()[1].endswith(f":{server.port:04X}") and row.split()[3] == "01" for row in rows)

        server.wait(lambda: established() <= 3, "the server to let go of clients that read nothing", 60)
        assert account.me().status_code == 200
    finally:
        for connection in connections:
            connection.close()


# Z36, Z37, Z38 ------------------------------------------------------------------------------------


def test_Z36_a_thousand_idle_connections_do_not_hinder_others(make_server):
    server = make_server({"http.head_timeout": "600s", "http.idle_timeout": "600s"})
    account = server.user()
    idle = [socket.create_connection((server.host, server.port), timeout=20) for _ in range(1000)]
    try:
        account.login()
        account.rotate()
        assert account.me().status_code == 200
    finally:
        for connection in idle:
            connection.close()
    assert account.me().status_code == 200


def test_Z37_connections_that_come_and_go_at_once_do_no_harm(make_server):
    server = make_server()
    account = server.user()

    def knock():
        for _ in range(500):
            with contextlib.suppress(OSError):
                connection = socket.create_connection((server.host, server.port), timeout=20)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                connection.close()

    threads = [threading.Thread(target=knock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        assert account.me().status_code == 200
    for thread in threads:
        thread.join()
    account.rotate()


def spent(server) -> float:
    """Processor seconds of the whole process."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_Z38_without_file_descriptors_it_waits_and_recovers(make_server):
    server = make_server({"http.head_timeout": "600s", "http.idle_timeout": "600s"})
    account = server.user()
    kept = RawConnection(server)
    assert kept.is_open()
    used = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
    before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 8, before[1]))
    crowd = [socket.create_connection((server.host, server.port), timeout=20) for _ in range(80)]
    try:
        time.sleep(0.5)
        begun = spent(server)
        time.sleep(2)
        assert spent(server) - begun < 1, "it spins instead of waiting for a descriptor"
        assert server.running
        # Who still has a connection is served, writes included; idle ones may have been given up.
        answered = 0
        for connection in [kept.socket, *crowd]:
            with contextlib.suppress(OSError):
                connection.settimeout(0.2)
                connection.sendall(request_bytes("GET", "/api/auth/refresh_token",
                                                 {"Authorization": f"Bearer {account.refresh}"}))
                answered += connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert answered >= 1
    finally:
        for connection in crowd:
            connection.close()
        kept.close()
    server.wait(lambda: account.me().status_code == 200, "the server to serve again")
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, before)
    account.rotate()
    server.user()
    server.check_sanitizers()
