"""A commit that waits for a synchronous standby, and whose wait an administrator ends: the server says that it is done, with
a warning that the standby may not have it. Nobody is told that it is done."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from support import PASSWORD, Server, assert_problem, unique_email
from support.postgres import Database, Postgres

from .conftest import SHARED

WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@contextlib.contextmanager
def missing_standby(server: Postgres) -> Iterator[None]:
    """Every commit waits for a standby that never comes."""
    server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf();")
    # The server heeds it some moments later: writes until one waits.
    waited = 0
    while not waited:
        write = threading.Thread(target=server.sql, args=("CREATE TABLE probe (); DROP TABLE probe;",))
        write.start()
        while write.is_alive():
            waited += end_waits(server, "cancel")
            time.sleep(0.01)
    try:
        yield
    finally:
        server.sql("ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf();")


def end_waits(server: Postgres, how: str) -> int:
    return len(server.sql(f"SELECT pg_{how}_backend(pid) {WAITING};"))


def ask_and_end(server: Postgres, how: str, ask):
    """The answer to a request whose commit's wait is ended."""
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask()))
    began = time.monotonic()
    asking.start()
    ended = 0
    while asking.is_alive():
        ended += end_waits(server, how)
        time.sleep(0.02)
    assert ended > 0
    # Not by a time-out.
    assert time.monotonic() - began < 3
    return answers[0]


@pytest.mark.parametrize("how", ["cancel", "terminate"])
def test_Z22_a_commit_that_may_lack_its_standby_is_no_success(breakable, how):
    database = Database(breakable)
    with Server({**SHARED, **database.settings(), "threads": "1"}) as node:
        user = node.user()
        email = unique_email()
        body = {"email": email, "username": "somebody", "password": PASSWORD}
        with missing_standby(breakable):
            # A transaction, and a single statement down a pipelined connection.
            signed_up = ask_and_end(breakable, how, lambda: node.post("/api/auth/signup", json=body))
            refreshed = ask_and_end(breakable, how, user.try_refresh)
        for answer in (signed_up, refreshed):
            assert_problem(answer, 503, "unavailable")
            assert answer.headers["Retry-After"].isdigit()
        if how == "cancel":
            assert node.stderr.count("db.commit_unreplicated") >= 2
        # Both are there, once, and whoever asks again learns so.
        node.wait(lambda: node.get("/readyz").status_code == 200, "readiness")
        assert_problem(node.post("/api/auth/signup", json=body), 409, "account_exists")
        assert len(node.wait_mail(email)) == 1
        again = user.try_refresh()
        assert again.status_code == 200
        user.tokens = again.json()
        assert user.try_refresh().status_code == 200
