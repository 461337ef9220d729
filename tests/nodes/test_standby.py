"""A PostgreSQL and a second one that follows it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from cluster.clients import Clients
from support import Server, ServerFailed, SmtpSink, assert_problem
from support.postgres import Database, Postgres

from .conftest import SHARED, two_nodes


@contextlib.contextmanager
def followed(database: Database) -> Iterator[Postgres]:
    standby = database.server.make_standby()
    try:
        yield standby.start()
    finally:
        standby.remove()


def url_of(database: Database, *servers: Postgres, attributes: str = "") -> str:
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"postgresql://postgres@{hosts}/{database.name}{attributes}"


def sessions_of_ours(server: Postgres) -> int:
    (count,), = server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'latchkey';")
    return int(count)


def test_D03_a_standby_is_never_asked_even_when_it_is_all_there_is(breakable):
    """Named first, alive, and in step: no connection goes there, and without the primary nobody is told anything."""
    database = Database(breakable)
    with followed(database) as standby:
        url = url_of(database, standby, breakable)
        with Server({**SHARED, **database.settings(), "database_url": url}) as node:
            user, ended = node.user(), node.user()
            assert sessions_of_ours(standby) == 0 and sessions_of_ours(breakable) > 2
            # What the standby does not hear of: it is cut off before a sign-out that the primary acknowledges.
            standby.sql("SELECT pg_wal_replay_pause();")
            assert ended.try_logout().status_code == 200
            breakable.stop("immediate")
            deadline = time.monotonic() + 4
            while time.monotonic() < deadline:
                for account in (user, ended):
                    assert_problem(account.me(), 503, "unavailable")
                    assert_problem(account.try_refresh(), 503, "unavailable")
                assert_problem(user.try_login(), 503, "unavailable")
            assert sessions_of_ours(standby) == 0
            breakable.start()
            node.wait(lambda: user.me().status_code == 200, "service")
            assert_problem(ended.me(), 401, "invalid_token")


@pytest.mark.parametrize("attributes", ["any", "prefer-standby", "standby", "read-only"])
def test_D03_a_url_that_would_read_from_a_standby_is_refused(breakable, attributes):
    database = Database(breakable)
    url = url_of(database, breakable, attributes=f"?target_session_attrs={attributes}")
    node = Server({**SHARED, **database.settings(), "database_url": url})
    try:
        with pytest.raises(ServerFailed, match="target_session_attrs"):
            node.start()
    finally:
        node.remove()


def test_D03_a_standby_alone_starts_no_node(breakable):
    database = Database(breakable)
    with followed(database) as standby:
        node = Server({**SHARED, **database.settings(), "database_url": url_of(database, standby)})
        try:
            with pytest.raises(ServerFailed, match="read-only|read-write"):
                node.start()
        finally:
            node.remove()


def test_Z21_a_failover_to_a_synchronous_standby_loses_nothing_and_spends_nothing_twice(breakable):
    database = Database(breakable)
    with SmtpSink() as sink, followed(database) as standby:
        breakable.wait_for_every_commit()
        settings = {"database_url": url_of(database, breakable, standby), "mail.smtp_url": sink.url, "mail.tls": "off",
                    "mail.from": "no-reply@latchkey.example", "tokens.refresh_grace": "1m"}
        with two_nodes(database, **{name.replace(".", "__"): value for name, value in settings.items()}) as nodes:
            with Clients([node.url for node in nodes], sink, count=6) as clients:
                clients.wait_progress(200)
                breakable.stop("immediate")
                standby.promote()
                clients.wait_progress(200)
            # A mail that was claimed when the claim's answer was lost waits for its lease.
            for node in nodes:
                node.clock.advance(5 * 60 + 1)
            clients.check()
            assert standby.sql("SELECT email_key FROM users GROUP BY 1 HAVING count(*) > 1;", database.name) == []
