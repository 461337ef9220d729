"""A PostgreSQL and a second one that follows it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from cluster.clients import Clients, end_leases
from support import Account, Server, ServerFailed, SmtpSink, assert_problem, at_once
from support.invariants import assert_undamaged, violations
from support.postgres import Database, Postgres
from support.printed import code_blocks

from .conftest import SHARED, node_on, two_nodes


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
            end_leases(nodes)
            clients.check()
            assert violations(nodes[0]) == {}
            assert_undamaged(standby, database.name)


@contextlib.contextmanager
def taken_over(database: Database, standby: Postgres) -> Iterator[None]:
    """The primary hangs (it closes no connection), and the standby takes its place, until the primary comes to itself."""
    wait_in_step(database.server, standby)
    database.server.freeze()
    standby.promote()
    yield
    database.server.thaw()


def wait_for_the_new_one(node: Server) -> None:
    node.wait(lambda: "db.connected_again" in node.stderr, "a connection to the new primary")
    node.wait(lambda: node.get("/readyz").status_code == 200, "readiness")


def test_Z21_after_a_failover_from_a_primary_that_hangs_no_request_waits_for_it(breakable):
    database = Database(breakable)
    with followed(database) as standby, node_on(database, url_of(database, breakable, standby)) as node:
        people = [node.user() for _ in range(12)]
        together = [call for user in people for call in (user.me, user.try_login, user.try_refresh)]
        with concurrent.futures.ThreadPoolExecutor(len(together)) as pool:
            list(pool.map(lambda call: call(), together))  # every connection there may be is open
            with taken_over(database, standby):
                wait_for_the_new_one(node)
                for _ in range(3):
                    answers = list(pool.map(lambda call: call().status_code, together))
                    assert answers == [200] * len(together)


def test_Z21_a_primary_that_comes_to_itself_after_its_place_was_taken_is_not_believed(breakable):
    """Nobody has fenced it off, as somebody should. A node that has seen the new one asks that, whatever it asks."""
    database = Database(breakable)
    with followed(database) as standby, node_on(database, url_of(database, breakable, standby)) as node:
        with node_on(database, url_of(database, standby, breakable), admin__email=None, admin__password=None) as other:
            people = [node.user() for _ in range(12)]
            at_once(*[user.me for user in people])
            with taken_over(database, standby):
                for each in (node, other):
                    wait_for_the_new_one(each)
                for user in people:
                    assert at(other, user).try_logout().status_code == 200
            # More at once than there are connections, so that new ones are opened too.
            for _ in range(10):
                for answer in at_once(*[user.me for user in people], *[user.try_refresh for user in people]):
                    assert_problem(answer, 401, "invalid_token")
                time.sleep(0.2)


def wait_in_step(primary: Postgres, standby: Postgres) -> None:
    (position,), = primary.sql("SELECT pg_current_wal_lsn();")
    deadline = time.monotonic() + 30
    while standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{position}';") != [["t"]]:
        assert time.monotonic() < deadline, "the standby does not follow"
        time.sleep(0.05)


def at(node: Server, account: Account) -> Account:
    """The account as another of its programs has it, at another node."""
    there = Account(node, account.email, account.password, account.user)
    there.tokens = dict(account.tokens)
    return there


def end_what_was_given_out(standby: Postgres, database: Database) -> None:
    """The statements that docs/operations.md prints for whoever is back at an older state."""
    _, restore = code_blocks("docs/operations.md", "### Backup and restore")
    subprocess.run(["bash", "-euo", "pipefail", "-c", restore[restore.index("psql "):]], check=True, env={
        **os.environ, "DATABASE_URL": standby.prefix + database.name, "PATH": f"{standby.bin}:{os.environ['PATH']}"})


def test_Z21_a_failover_to_an_asynchronous_standby_loses_the_last_moments_and_spends_nothing_twice(breakable):
    """What docs/operations.md says is lost, and no more than that: what was given out in the last moments is worth nothing
    afterwards, and no line of refreshes goes on in two places."""
    database = Database(breakable)
    with SmtpSink() as sink, followed(database) as standby, two_nodes(
            database, database_url=url_of(database, breakable, standby), mail__smtp_url=sink.url, mail__tls="off",
            mail__from="no-reply@latchkey.example") as (first, second):
        def link_of(account: Account) -> str:
            return sink.wait_for(account.email)[-1].mail.confirmation_path

        def person() -> Account:
            account = first.signup()
            assert first.get(link_of(account)).status_code == 200
            account.login()
            return account

        idle, owner_first, thief_first, signed_out, blocked, busy = people = [person() for _ in range(6)]
        pending = first.signup()
        link = link_of(pending)
        keeper = first.admin()
        wait_in_step(breakable, standby)
        standby.stop()

        # The last moments: acknowledged, and not on the standby. More than a second, since tokens count whole ones.
        time.sleep(1.1)
        stolen = {account.email: account.refresh for account in (owner_first, thief_first)}
        lost = {account.email: account.rotate()["refresh_token"] for account in (owner_first, thief_first)}
        assert signed_out.try_logout().status_code == 200
        first.block(blocked)
        assert second.get(link).json() == {"message": "Email confirmed"}
        newcomer = second.signup()
        newcomer_link = link_of(newcomer)
        assert second.get(newcomer_link).status_code == 200
        newcomer.login()
        second_session = at(second, busy)
        second_session.login()
        first.wait(lambda: "waiting" not in first.cli_ok("mail", "list"), "the outbox to be empty")

        breakable.stop("immediate")
        standby.start()
        standby.promote()
        for node in (first, second):
            node.wait(lambda node=node: node.get("/readyz").status_code == 200, "readiness")

        # Who did nothing in them notices nothing.
        for account in (idle, busy, keeper):
            assert at(second, account).me().status_code == 200
            account.rotate()
        # A session that was opened in them is gone, and so is an account with everything that it was given.
        for node in (first, second):
            for account in (second_session, newcomer):
                assert_problem(node.get("/api/users/me", bearer=account.access), 401, "invalid_token")
                assert_problem(node.get("/api/auth/refresh_token", bearer=account.refresh), 401, "invalid_token")
            assert_problem(node.get(newcomer_link), 400, "invalid_confirmation")
        assert_problem(newcomer.try_login(), 401, "invalid_credentials")
        again = first.signup(newcomer.email)
        assert_problem(second.get(newcomer_link), 400, "invalid_confirmation")
        assert_problem(again.me(newcomer.access), 401, "invalid_token")
        assert_problem(again.try_login(), 401, "email_not_confirmed")

        # A confirmation that was taken back can be made good by its link, once.
        said = at_once(*[lambda node=node: node.get(link).json()["message"] for node in (first, second)], times=10)
        assert said.count("Email confirmed") == 1 and said.count("Your email is already confirmed") == 19
        # A line whose rotation was lost is in two hands: the token that was given, and the one before, which the store has.
        # The one that was given is ahead, and ends the session;
        assert_problem(at(second, owner_first).try_refresh(lost[owner_first.email]), 401, "invalid_token")
        assert_problem(owner_first.try_refresh(stolen[owner_first.email]), 401, "invalid_token")
        # and if the other comes first, there are two successors of one generation, of which one is known. In one second they
        # would be the same.
        time.sleep(1.1)
        forked = at(second, thief_first)
        forked.tokens["refresh_token"] = stolen[thief_first.email]
        forked.rotate()
        assert forked.refresh != lost[thief_first.email]
        assert_problem(thief_first.try_refresh(lost[thief_first.email]), 401, "invalid_token")
        assert_problem(forked.try_refresh(), 401, "invalid_token")
        assert_problem(forked.me(), 401, "invalid_token")
        assert [entry["event"] for entry in first.audit()].count("refresh_reuse") == 2

        # Ends of sessions and blocks are lost as well: that is why the page asks to end everything.
        assert signed_out.me().status_code == blocked.me().status_code == 200
        assert violations(first) == {}
        for node in (first, second):
            node.stop()
        end_what_was_given_out(standby, database)
        for node in (first, second):
            node.start()
            for account in (*people, keeper):
                assert_problem(node.get("/api/users/me", bearer=account.access), 401, "invalid_token")
                assert_problem(node.get("/api/auth/refresh_token", bearer=account.refresh), 401, "invalid_token")
        idle.login()
        assert at(second, idle).me().status_code == 200
