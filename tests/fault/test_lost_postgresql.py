"""PostgreSQL is gone, in each of the ways in which that happens: whoever needs it is told so within a second, and once it is
there again service is, within five."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from support import Server
from support.postgres import Database, Postgres
from support.without_database import Visitors, all_connections_taken


@contextlib.contextmanager
def stopped(server: Postgres, _url: str) -> Iterator[None]:
    """Every connection is closed, new ones are refused."""
    server.stop("immediate")
    yield
    server.start()


@contextlib.contextmanager
def frozen(server: Postgres, _url: str) -> Iterator[None]:
    """No connection is closed, new ones are taken, and nobody says anything."""
    server.freeze()
    yield
    server.thaw()


# When they come: at once, while the node still waits for a word, and after it has given up a first connection.
@pytest.mark.parametrize("idle", [0.0, 2.5])
@pytest.mark.parametrize("lose", [stopped, frozen, all_connections_taken])
def test_Z25_Z52_whatever_needs_a_database_that_is_gone_is_refused_within_a_second(lose, idle):
    with Postgres(config="max_connections = 40\nsuperuser_reserved_connections = 3") as server:
        database = Database(server)
        server.sql(f"CREATE ROLE small LOGIN; ALTER DATABASE {database.name} OWNER TO small;")
        url = f"postgresql://small@127.0.0.1:{server.port}/{database.name}"
        with Server({**database.settings(), "database_url": url, "tokens.refresh_grace": "1m"}) as node:
            visitors = Visitors(node)
            for _ in range(2):
                with lose(server, url):
                    time.sleep(idle)
                    visitors.are_refused()
                    node.wait(lambda: node.get("/readyz").status_code == 503, "readiness to say so", 5)
                visitors.come_back()
            node.wait(lambda: "db.connected_again" in node.stderr, "the log to say that it is back")
            assert node.running


def test_Z52_readiness_tells_of_a_frozen_database_within_two_seconds_though_nobody_asks_for_anything():
    with Postgres() as server, Server(Database(server).settings()) as node:
        for _ in range(3):
            server.freeze()
            began = time.monotonic()
            node.wait(lambda: node.get("/readyz").status_code == 503, "readiness to say so", 10)
            assert time.monotonic() - began < 2
            server.thaw()
            node.wait(lambda: node.get("/readyz").status_code == 200, "readiness", 5)
