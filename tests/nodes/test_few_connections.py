"""A server that has not as many connections as its nodes would like: none is opened beyond what the page says, all requests
are served with those that there are, and whoever has none says so."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from support import PASSWORD, Server, assert_problem, at_once, unique_email
from support.invariants import violations
from support.pgbouncer import PgBouncer
from support.postgres import Database, Postgres
from support.without_database import Visitors, all_connections_taken, connections_of_nodes

from .conftest import node_on, two_nodes
from .proxy import Proxy


def test_Z25_a_node_opens_no_more_connections_than_the_page_says(breakable):
    """`database.connections` + 2 for each I/O thread + 1: docs/operations.md."""
    database = Database(breakable)
    with node_on(database, threads="2", database__connections="3") as node:
        user, most = node.user(), 0
        load = threading.Thread(target=at_once, args=(user.try_login, user.try_refresh), kwargs={"times": 40})
        load.start()
        while load.is_alive():
            most = max(most, connections_of_nodes(breakable))
        load.join()
        assert 2 * 2 + 1 < most <= 3 + 2 * 2 + 1


def small_role(server: Postgres, database: Database, limit: int = -1) -> str:
    """A URL of a role that owns the database, and may have so many connections to it."""
    server.sql(f"CREATE ROLE small LOGIN CONNECTION LIMIT {limit}; ALTER DATABASE {database.name} OWNER TO small;")
    server.sql("GRANT ALL ON SCHEMA public TO small;", database.name)
    return f"postgresql://small@127.0.0.1:{server.port}/{database.name}"


def everything_of(node: Server, number: int) -> None:
    """What a user does from the first day to the last; everything must be answered well."""
    user = node.user()
    for _ in range(3):
        user.rotate()
        assert user.me().status_code == 200
    if number % 2:
        node.block(user)
    else:
        assert user.try_logout().status_code == 200
    assert user.me().status_code == 401


# Two are always there: one for transactions, and the pulse. Each of the two threads would like two more.
@pytest.mark.parametrize("limit", [2, 3, 4, 9])
def test_Z25_where_the_server_has_no_room_for_all_connections_a_node_serves_with_those_it_got(breakable, limit):
    database = Database(breakable)
    with node_on(database, small_role(breakable, database, limit), threads="2", database__connections="20") as node:
        node.admin()
        answers = at_once(node.user().try_login, times=60)
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert [answer.status_code for answer in answers].count(200) > 10
        for answer in answers:
            assert answer.status_code == 200 or answer.headers["Retry-After"].isdigit()
        assert 2 <= connections_of_nodes(breakable) <= limit
        # On whichever thread they come.
        at_once(*[lambda number=number: everything_of(node, number) for number in range(4)])
        assert {answer.status_code for answer in at_once(lambda: node.get("/readyz"), times=10)} == {200}
        emails = [unique_email("few") for _ in range(4)]
        said = at_once(*[lambda email=email: node.post("/api/auth/signup", json={
            "email": email, "username": "few", "password": PASSWORD}).status_code for email in emails], times=3)
        assert sorted(said) == [201] * 4 + [409] * 8
        for email in emails:
            assert len(node.wait_mail(email)) == 1
        node.stop()
        node.settings["database_url"] = database.url  # to look at it, one more connection
        assert violations(node) == {}


@contextlib.contextmanager
def behind_few(kind: str, server: Postgres, most: int) -> Iterator[int]:
    """The port of something that takes every client, and has only so many connections to the server: those who come too
    late are never answered."""
    with Proxy(server.port, most=most) if kind == "proxy" else PgBouncer(server, pool=most) as few:
        yield few.port


# A pulse and one for transactions are always there. Each of the eight threads would like two more.
@pytest.mark.parametrize("most", [2, 9])
@pytest.mark.parametrize("kind", ["proxy", "pgbouncer"])
def test_F05_a_connection_that_is_taken_and_never_answered_counts_as_one_that_cannot_be_had(breakable, kind, most):
    database = Database(breakable)
    with behind_few(kind, breakable, most) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{database.name}"
        with node_on(database, url, threads="8", database__connections="4") as node:
            # From the first moment, on whichever thread they come, and still after each connection was sought again.
            until = time.monotonic() + 10
            while time.monotonic() < until:
                at_once(*[lambda number=number: everything_of(node, number) for number in range(4)])
                assert {answer.status_code for answer in at_once(lambda: node.get("/readyz"), times=4)} == {200}
            assert connections_of_nodes(breakable) <= most
            node.wait_log(r"db\.connection_lost .*none to spare.* ready=true")
            assert "node.leads" in node.stderr
            node.stop()
            node.settings["database_url"] = database.url
            assert violations(node) == {}


def test_F05_limits_hold_behind_a_pooler_that_leaves_out_the_options_of_a_session(breakable):
    database = Database(breakable)
    with PgBouncer(breakable, pool=20) as bouncer:
        url = f"postgresql://postgres@127.0.0.1:{bouncer.port}/{database.name}"
        with node_on(database, url, threads="1", database__statement_timeout="1s") as node:
            user = node.user()
            with psycopg.connect(database.url) as other:
                other.execute("UPDATE sessions SET generation = generation")
                assert_problem(user.try_refresh(), 503, "unavailable")
                # The server has given it up as well: a node that is gone leaves nobody behind who waits.
                node.wait(lambda: breakable.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock';")
                          == [["0"]], "the server to give up", 5)
            user.rotate()


def test_F05_while_one_connection_is_not_answered_others_do_its_work(breakable):
    database = Database(breakable)
    with Proxy(breakable.port) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
        with node_on(database, url, threads="1") as node:
            first, others = node.user(), [node.user() for _ in range(4)]
            stuck = []
            # The connections of the only thread, for reads and for writes: they are asked for the first time, with the text.
            for ask, text in ((first.me, b"FROM sessions"), (first.try_refresh, b"UPDATE sessions SET generation")):
                proxy.freeze_one_at = text
                stuck.append(threading.Thread(target=ask))
                stuck[-1].start()
                node.wait(lambda: len(proxy.frozen_alone) == len(stuck), "a connection that says nothing any more")
            # What comes within the first half second may be sent on it as well, and waits on: the server may be at work.
            time.sleep(0.7)
            began = time.monotonic()
            while any(each.is_alive() for each in stuck) or time.monotonic() - began < 2:
                for other in others:
                    assert other.me().status_code == 200
                    other.rotate()
                assert node.get("/readyz").status_code == 200
            node.wait_log(r"db\.connection_lost .*not answered, while others are.* ready=true")
            node.wait_log(r"db\.connected_again connections_missing=0")
            assert first.me().status_code == 200
            node.stop()
            node.settings["database_url"] = database.url
            assert violations(node) == {}


def test_F05_while_a_thread_serves_nobody_the_node_is_not_ready_and_says_so(breakable):
    database = Database(breakable)
    with Proxy(breakable.port, most=2) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
        with node_on(database, url, threads="2", database__connections="2") as node:
            user = node.user()
            assert node.get("/readyz").status_code == 200
            proxy.freeze(1)  # the pulse's is still answered
            ended = threading.Event()

            def keep_asking() -> None:
                while not ended.is_set():
                    user.me()

            asking = [threading.Thread(target=keep_asking) for _ in range(4)]
            for each in asking:
                each.start()
            try:
                node.wait(lambda: node.get("/readyz").status_code == 503, "the word that it is not ready", 4)
                node.wait_log(r"db\.connection_lost .*not answered.* ready=false")
                # It gives that connection up, and finds another one.
                node.wait(lambda: node.get("/readyz").status_code == 200 and user.me().status_code == 200, "service")
            finally:
                ended.set()
                for each in asking:
                    each.join()
            node.wait_log(r"db\.connected_again")
            user.rotate()


def starts_of_connections(server: Postgres) -> list[tuple[str, str]]:
    """Number and start of each, the oldest first."""
    return [tuple(line) for line in server.sql("SELECT pid, backend_start FROM pg_stat_activity "
                                               "WHERE application_name = 'latchkey' ORDER BY backend_start;")]


# A node opens them in this order.
@pytest.mark.parametrize("lost", [0, 1], ids=["pulse", "transactions"])
@pytest.mark.parametrize("limit", [3, 4, 9])
def test_Z25_where_what_must_be_up_finds_no_connection_what_may_be_down_makes_way(breakable, limit, lost):
    database = Database(breakable)
    with node_on(database, small_role(breakable, database, limit), threads="1", database__connections="20") as node:
        user = node.user()
        at_once(user.try_login, times=60)  # each is taken
        node.wait(lambda: connections_of_nodes(breakable) == limit, "all that there are")
        old = starts_of_connections(breakable)
        breakable.sql(f"ALTER ROLE small CONNECTION LIMIT {limit - 1};")
        breakable.sql(f"SELECT pg_terminate_backend({old[lost][0]});")
        # The others are enough to fill the limit.
        node.wait(lambda: old[lost] not in starts_of_connections(breakable), "the loss")
        at_once(user.try_login, user.try_refresh, times=10)
        # For transactions there may be another.
        node.wait(lambda: node.get("/readyz").status_code == 200 and
                  (lost == 1 or set(starts_of_connections(breakable)) - set(old)), "service", 10)
        Visitors(node).come_back()
        user.rotate()
        assert connections_of_nodes(breakable) <= limit - 1


def test_Z22_Z25_what_a_thread_without_connections_of_its_own_has_asked_is_done_once_when_the_answer_is_lost(breakable):
    database = Database(breakable)
    small_role(breakable, database, limit=2)
    with Proxy(breakable.port) as proxy:
        with node_on(database, f"postgresql://small@127.0.0.1:{proxy.port}/{database.name}", threads="1") as node:
            user, email = node.user(), unique_email()
            body = {"email": email, "username": "somebody", "password": PASSWORD}
            proxy.cut_at = b"COMMIT"
            assert_problem(node.post("/api/auth/signup", json=body), 503, "unavailable")
            assert proxy.cuts == 1
            node.wait(lambda: node.get("/readyz").status_code == 200, "readiness")
            assert_problem(node.post("/api/auth/signup", json=body), 409, "account_exists")
            assert len(node.wait_mail(email)) == 1
            # Single statements have no commit of their own; the first on a connection goes with its text.
            proxy.cut_at = b"UPDATE sessions SET generation"
            assert_problem(user.try_refresh(), 503, "unavailable")
            assert proxy.cuts == 2
            node.wait(lambda: node.get("/readyz").status_code == 200, "readiness")
            node.wait(lambda: user.me().status_code == 200, "service")
            again = user.try_refresh()
            assert again.status_code == 200, "the same token gets its successor"
            user.tokens = again.json()
            user.rotate()
            node.stop()
            node.settings["database_url"] = database.url
            with node.db() as db:
                assert db.execute("SELECT count(*) FROM users WHERE email = ?", (email,)).fetchone() == (1,)
                assert db.execute("SELECT count(*) FROM audit WHERE event = 'sign_up' AND result = 'ok'").fetchone() == (2,)
                assert db.execute("SELECT generation FROM sessions JOIN users ON users.id = user_id WHERE email = ?",
                                  (user.email,)).fetchone() == (2,), "no rotation was made twice"


def test_Z25_two_nodes_share_a_server_of_few_connections_and_come_back_when_others_had_taken_them_all():
    room = 16  # twelve are always there: for each node two threads with two each, one for transactions, the pulse
    with Postgres(config=f"max_connections = {room + 3}\nsuperuser_reserved_connections = 3") as server:
        database = Database(server)
        url = small_role(server, database)
        with two_nodes(database, database_url=url, threads="2", database__connections="20") as nodes:
            visitors = [Visitors(node) for node in nodes]
            answers = at_once(*[each.user.try_login for each in visitors], times=25)
            assert {answer.status_code for answer in answers} <= {200, 503}
            for answer in answers:
                assert answer.status_code == 200 or answer.headers["Retry-After"].isdigit()
            assert [answer.status_code for answer in answers].count(200) > 10
            assert 2 * 3 <= connections_of_nodes(server) <= room
            # They lose what they have, and others are quicker: with no connection there is a word, not a wait.
            with all_connections_taken(server, url):
                for each in visitors:
                    each.are_refused()
            for each in visitors:
                each.come_back()
        # Whoever ends gives back what it had.
        assert connections_of_nodes(server) == 0


def test_nodes_that_find_no_database_ask_again_with_pauses_that_grow_and_differ(breakable):
    """Whoever comes back to many nodes is not met by all of them at once, again and again."""
    database = Database(breakable)
    with Proxy(breakable.port) as one, Proxy(breakable.port) as other:
        proxies = (one, other)
        nodes = [node_on(database, f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}", threads="1")
                 for proxy in proxies]
        with nodes[0], nodes[1]:
            user = nodes[0].user()
            for proxy in proxies:
                proxy.closing = True
                proxy.asked_at.clear()
                proxy.cut_all()
            # What is not asked for is not missed: the pipes and the connection for transactions.
            for node in nodes:
                at_once(lambda node=node: node.get("/api/users/me", bearer=user.access),
                        lambda node=node: node.get("/api/auth/refresh_token", bearer=user.refresh),
                        lambda node=node: node.post("/api/auth/logout", bearer=user.refresh))
            time.sleep(8)
            seekers = 2  # one for transactions, the pulse: the pipes leave them what there is
            began = [proxy.asked_at[0] for proxy in proxies]
            for proxy, start in zip(proxies, began):
                first = [at for at in proxy.asked_at if at - start < 1]
                late = [at for at in proxy.asked_at if 4 <= at - start < 8]
                # Half a second to a second each in the end, and quicker in the beginning.
                assert 4 * 1 <= len(late) <= seekers * 4 * 2 + seekers, len(late)
                assert len(first) > len(late) / 4
                gaps = [round(after - before, 3) for before, after in zip(late, late[1:])]
                assert len(set(gaps)) > len(gaps) / 2, f"they come at a beat: {gaps}"
            # The two do not fall into step.
            rhythm = [[round(at - start, 2) for at in proxy.asked_at] for proxy, start in zip(proxies, began)]
            assert len(set(rhythm[0]) & set(rhythm[1])) < len(rhythm[0]) / 2
            for proxy in proxies:
                proxy.closing = False
            began_again = time.monotonic()
            for node in nodes:
                node.wait(lambda node=node: node.get("/readyz").status_code == 200, "readiness")
            assert time.monotonic() - began_again < 5
            assert user.me().status_code == 200
