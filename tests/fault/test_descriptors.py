"""A process that may open few files: the server takes what it may have, and refuses to start where that serves nobody."""

from __future__ import annotations

import contextlib
import re
import resource
import socket
import time

import pytest

from support import Server, ServerFailed, request_bytes
from support.postgres import Database, Postgres
from support.together import ended_in_peace
from support.without_database import connections_of_nodes

THREADS = 16


def limited(soft: int, hard: int, **settings: object) -> Server:
    return Server({name.replace("__", "."): value for name, value in settings.items()},
                  machine=["prlimit", f"--nofile={soft}:{hard}", "--"])


def served_at_once(server: Server, count: int) -> int:
    """How many of so many connections, all open, are answered."""
    clients = [socket.create_connection((server.host, server.port), timeout=10) for _ in range(count)]
    answered = 0
    try:
        for client in clients:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        for client in clients:
            try:
                answered += client.recv(4096).startswith(b"HTTP/1.1 200")
            except (TimeoutError, ConnectionResetError):
                pass
    finally:
        for client in clients:
            client.close()
    return answered


def test_F04_the_soft_limit_is_raised_to_the_hard_one_and_nobody_who_keeps_a_connection_is_cut():
    crowd = 600
    with limited(256, 4096, threads="2") as server:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (4096, 4096)
        clients = [socket.create_connection((server.host, server.port), timeout=30) for _ in range(crowd)]
        for _ in range(3):
            for client in clients:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sum(client.recv(4096).startswith(b"HTTP/1.1 200") for client in clients) == crowd
            time.sleep(1.5)  # whoever is idle for more than a second gives way where there is no room
        for client in clients:
            client.close()


def least(store: dict[str, object]) -> int:
    """What a server of so many threads says that it needs."""
    server = limited(64, 64, threads=THREADS, **store)
    with pytest.raises(ServerFailed) as failed:
        server.start()
    said = str(failed.value)
    assert server.process.returncode == 1 and "ended with 1" in said
    assert "listening on" not in server.stdout_path.read_text()
    found = re.search(rf"may open 64 files and connections, and {THREADS} threads need at least (\d+): raise the hard limit "
                      r"\(LimitNOFILE= .*\), or set threads to fewer", said)
    assert found, said
    assert not (server.data_dir / "latchkey.db").exists(), "nothing is made"
    server.remove()
    return int(found[1])


@pytest.mark.embedded
def test_F04_under_every_limit_it_serves_or_says_that_it_does_not_start():
    enough = least({})
    for limit in [20, 40, 80, 100, 116, 120, 124, 128, 140, 160, enough - 1, enough, enough + 1, enough + 32]:
        server = limited(limit, limit, threads=THREADS)
        try:
            server.start()
        except ServerFailed as refused:
            assert limit < enough, refused
            assert server.process.returncode == 1, refused
            assert f"may open {limit} files" in str(refused)
            assert "listening on" not in server.stdout_path.read_text()
            server.remove()
            continue
        with ended_in_peace([server]):
            assert limit >= enough
            assert served_at_once(server, 64) == 64
            server.user().rotate()


def test_F04_where_the_limit_is_just_enough_every_thread_has_its_connections_to_postgresql():
    with Postgres() as postgres:
        database = Database(postgres)
        store = {**database.settings(), "database__connections": 4}
        enough = least(store)
        with limited(enough, enough, threads=THREADS, **store) as server:
            assert served_at_once(server, 64) == 64
            server.wait(lambda: connections_of_nodes(postgres) >= 2 * THREADS + 2, "all connections")
            account = server.user()
            # A crowd leaves what lost connections need to be made again, as they are once a request of their thread needs them.
            crowd = [socket.create_connection((server.host, server.port), timeout=30) for _ in range(enough)]
            time.sleep(0.5)
            postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey';")
            for client in crowd:
                with contextlib.suppress(OSError):  # an idle one may have been given up
                    client.sendall(request_bytes("GET", "/api/auth/refresh_token", {"Authorization": f"Bearer {account.refresh}"}))
            server.wait(lambda: connections_of_nodes(postgres) >= 2 * THREADS + 2, "all connections again")
            for client in crowd:
                client.close()
            server.wait(lambda: server.get("/readyz").status_code == 200, "readiness")
            server.user().rotate()
