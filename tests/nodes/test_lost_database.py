"""A database that dies, freezes, is slow or full: requests that need it get a word within a second, everything else goes
on, nothing that was acknowledged is lost, and service is back by itself."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
import requests

from cluster.clients import Clients, end_leases
from support import PASSWORD, Server, SmtpSink, assert_problem, at_once, unique_email
from support.invariants import assert_undamaged, violations
from support.postgres import Database
from support.size import size
from support.tokens import claims_of
from support.without_database import Visitors, assert_refused

from .conftest import generation, node_on, two_nodes
from .proxy import Proxy


def wait_back(node: Server, user, limit: float = 5) -> None:
    began = time.monotonic()
    node.wait(lambda: node.get("/readyz").status_code == 200 and user.me().status_code == 200, "service", 30)
    assert time.monotonic() - began < limit
    assert user.try_refresh().status_code == 200


def test_without_its_database_a_node_says_so_within_a_second_and_comes_back_by_itself(breakable):
    with node_on(Database(breakable)) as node:
        visitors = Visitors(node)
        for mode in ("fast", "immediate"):
            breakable.stop(mode)
            visitors.are_refused()
            node.wait(lambda: node.get("/readyz").status_code == 503, "readiness to say so", 5)
            breakable.start()
            visitors.come_back()
        assert node.running


def test_Z52_a_node_cut_off_from_its_database_is_not_ready_and_issues_nothing(breakable):
    database = Database(breakable)
    with Proxy(breakable.port) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
        with node_on(database, url) as node:
            visitors = Visitors(node)
            # Asked at once, and when the node has given up the first connection and waits for another.
            for idle in (0.0, 2.5):
                proxy.frozen = True
                time.sleep(idle)
                visitors.are_refused()
                node.wait(lambda: node.get("/readyz").status_code == 503, "readiness to say so", 5)
                proxy.frozen = False
                visitors.come_back()


def test_Z52_a_transaction_that_is_cut_off_in_the_middle_is_answered_within_a_second(breakable):
    """It is not begun again on a connection that has to be made first, and can not be."""
    database = Database(breakable)
    with Proxy(breakable.port) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
        with node_on(database, url, threads="1") as node:
            user = node.user()
            for _ in range(3):
                proxy.freeze_at = b"BEGIN"
                assert_refused(node, "login", user.try_login)
                assert proxy.frozen
                proxy.frozen = False
                wait_back(node, user)
                user.rotate()


@pytest.mark.timeout(size(180, 3 * 3600))
def test_Z20_crashes_of_the_database_under_load_lose_nothing_that_was_acknowledged(breakable):
    database = Database(breakable)
    with SmtpSink() as sink:
        mail = {"mail__smtp_url": sink.url, "mail__tls": "off", "mail__from": "no-reply@latchkey.example"}
        with two_nodes(database, tokens__refresh_grace="1m", **mail) as nodes:
            # Who waits for a mail that was claimed at a crash waits for its lease, a minute: so many crashes want more
            # clients, and more patient ones.
            with Clients([node.url for node in nodes], sink, count=size(6, 24), patience=size(180, 900)) as clients:
                clients.wait_progress(100)
                for _ in range(size(5, 500)):
                    breakable.stop("immediate")
                    breakable.start()
                    began = time.monotonic()
                    for node in nodes:
                        node.wait(lambda node=node: node.get("/readyz").status_code == 200, "readiness")
                    assert time.monotonic() - began < 5
                    clients.wait_progress(100)
            end_leases(nodes)
            clients.check()
            assert violations(nodes[0]) == {}
            assert_undamaged(breakable, database.name)


def test_Z22_a_commit_whose_answer_is_lost_is_no_success_and_is_applied_once(breakable):
    database = Database(breakable)
    with Proxy(breakable.port) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
        with node_on(database, url, threads="1") as node:
            email = unique_email()
            body = {"email": email, "username": "somebody", "password": PASSWORD}
            # The first of its kind goes down the pipelined connection with the text of its statement.
            proxy.cut_at = b"INSERT INTO users"
            assert_problem(node.post("/api/auth/signup", json=body), 503, "unavailable")
            assert_problem(node.post("/api/auth/signup", json=body), 409, "account_exists")
            assert proxy.cuts == 1
            assert written(node, email) == (1, 1), "an account and its entry"
            assert len(node.wait_mail(email)) == 1

            # Once a connection has the statements, only parameters pass; and the line is cut while the node would still have
            # time to try again.
            node.signup()
            email = unique_email()
            body = {"email": email, "username": "somebody whom one line names", "password": PASSWORD}
            proxy.time_to_act, proxy.cut_at = 0.1, body["username"].encode()
            assert_problem(node.post("/api/auth/signup", json=body), 503, "unavailable")
            assert_problem(node.post("/api/auth/signup", json=body), 409, "account_exists")
            assert proxy.cuts == 2
            assert written(node, email) == (1, 3), "an account and its entry"
            assert len(node.wait_mail(email)) == 1
            proxy.time_to_act = 0.3

            # A transaction, while the mail worker has none.
            user = node.user()
            node.wait(lambda: "waiting" not in node.cli_ok("mail", "list"), "the outbox to be empty")
            proxy.cut_at = b"COMMIT"
            assert_problem(user.try_login(), 503, "unavailable")
            assert proxy.cuts == 3
            with node.db() as db:
                sessions, = db.execute("SELECT count(*) FROM sessions JOIN users ON users.id = user_id WHERE email = ?",
                                       (user.email,)).fetchone()
            assert sessions == 2, "it was carried out"

            proxy.cut_at = b"UPDATE sessions SET generation"
            assert_problem(user.try_refresh(), 503, "unavailable")
            assert proxy.cuts == 4 and generation(node, user) == 1, "it was carried out"
            again = user.try_refresh()
            assert again.status_code == 200, "the same token gets its successor"
            assert generation(node, user) == 1
            user.tokens = again.json()
            assert user.try_refresh().status_code == 200


def written(node: Server, email: str) -> tuple[int, int]:
    """How many accounts an address has, and how many audit entries say that they were made."""
    with node.db() as db:
        accounts, = db.execute("SELECT count(*) FROM users WHERE email = ?", (email,)).fetchone()
        entries, = db.execute("SELECT count(*) FROM audit WHERE event = 'sign_up' AND result = 'ok'").fetchone()
    return accounts, entries


def test_D11_a_clock_that_is_set_back_while_the_database_is_asked_for_the_time_is_never_half_right(breakable):
    database = Database(breakable)
    with Proxy(breakable.port) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
        with node_on(database, url) as node:
            for turn in range(1, 4):
                # It asks four times a second: now it waits for an answer.
                proxy.frozen = True
                time.sleep(0.35)
                node.clock.set_wrong_by(-300 * turn)
                proxy.frozen = False
                node.wait(lambda: len(corrections(node)) == turn, "the clock to be set right")
                assert abs(corrections(node)[-1] + 300 * turn) < 2
            user = node.user()
            assert abs(claims_of(user.access)["iat"] - time.time()) < 3


def corrections(node: Server) -> list[float]:
    """By how many seconds the machine was found to be off, each time."""
    return [int(found) / 1000 for found in re.findall(r"clock.follows_database machine_is_off_by_ms=(-?\d+)", node.stderr)]


def longest_round_while(thread: threading.Thread, *questions: Callable[[], requests.Response]) -> float:
    """Asks them one after the other, again and again until the thread ends; each must be answered with 200. The longest
    round, in seconds."""
    longest, rounds = 0.0, 0
    while thread.is_alive():
        began = time.monotonic()
        for ask in questions:
            assert ask().status_code == 200
        longest, rounds = max(longest, time.monotonic() - began), rounds + 1
    thread.join()
    assert rounds > 5
    return longest


def health_and_keys(node: Server) -> list[Callable[[], requests.Response]]:
    return [lambda: node.get("/healthz"), lambda: node.get("/.well-known/jwks.json", cacheable=True)]


def test_Z23_a_lock_on_a_table_keeps_neither_health_nor_keys_nor_other_tables_waiting(breakable):
    database = Database(breakable)
    with node_on(database, database__statement_timeout="500ms") as node, psycopg.connect(database.url) as holder:
        user = node.user()
        holder.execute("LOCK TABLE sessions")
        # Those who read and those who write, more than there are connections.
        answers: list = []
        asking = threading.Thread(target=lambda: answers.extend(at_once(user.me, user.try_refresh, times=20)))
        asking.start()
        assert longest_round_while(asking, *health_and_keys(node)) < 1.5
        for answer in answers:
            assert_problem(answer, 503, "unavailable")
            assert answer.headers["Retry-After"].isdigit()
        # The table is still locked: it is the statements that have given up.
        node.wait(lambda: breakable.sql("SELECT count(*) FROM pg_locks WHERE NOT granted;") == [["0"]], "nothing to wait")
        assert node.post("/api/auth/signup", json={"email": unique_email(), "username": "somebody",
                                                   "password": PASSWORD}).status_code == 201
        holder.rollback()
        wait_back(node, user)


def test_Z23_where_every_write_takes_its_time_reads_health_and_keys_do_not_wait(breakable):
    database = Database(breakable)
    with node_on(database, database__statement_timeout="500ms", threads="2", database__connections="4") as node:
        users = [node.user() for _ in range(40)]
        breakable.sql("""
            CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN NEW; END $$;
            CREATE TRIGGER take_long BEFORE INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION take_long();""",
                      database.name)
        # Single statements, and transactions that would have every connection to themselves.
        asked = [user.try_refresh for user in users[:20]] + [user.try_login for user in users[20:]]
        answers: list = []
        writes = threading.Thread(target=lambda: answers.extend(at_once(*asked)))
        writes.start()
        assert longest_round_while(writes, *health_and_keys(node), users[0].me) < 1.5
        for answer in answers:
            assert_problem(answer, 503, "unavailable")
            assert answer.headers["Retry-After"].isdigit()
        breakable.sql("DROP FUNCTION take_long CASCADE;", database.name)
        # Nothing of them was carried out, and nothing hangs about.
        for user in users[:5]:
            assert user.try_refresh().status_code == 200
            with node.db() as db:
                assert db.execute("SELECT count(*) FROM sessions WHERE user_id = ?", (user.id,)).fetchone() == (1,)
        assert users[-1].try_login().status_code == 200


def test_D08_what_the_database_says_of_an_error_is_told_to_the_log_and_to_nobody_else(breakable):
    """A disk that is full and a trigger that somebody has put there: a word of ours, an id, and no trace of theirs."""
    database = Database(breakable)
    with two_nodes(database) as nodes:
        user = nodes[0].user()
        breakable.sql("""
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_TABLE_NAME = 'users' THEN RAISE EXCEPTION 'needle-in-users' USING ERRCODE = 'disk_full'; END IF;
              RAISE EXCEPTION 'needle-in-sessions' USING DETAIL = 'needle-detail', HINT = 'needle-hint';
            END $$;
            CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON users EXECUTE FUNCTION fail();
            CREATE TRIGGER fail BEFORE INSERT OR UPDATE OR DELETE ON sessions EXECUTE FUNCTION fail();""", database.name)
        ids = []
        for node in nodes:
            for method, path, more in [
                    ("POST", "/api/auth/signup", {"json": {"email": unique_email(), "username": "new", "password": PASSWORD}}),
                    ("POST", "/api/auth/login", {"data": {"username": user.email, "password": PASSWORD}}),
                    ("GET", "/api/auth/refresh_token", {"bearer": user.refresh}),
                    ("POST", "/api/auth/logout", {"bearer": user.refresh})]:
                answer = node.request(method, path, **more)
                assert answer.status_code in (500, 503), f"{path}: {answer.status_code}"
                said = f"{answer.text} {answer.headers}".lower()
                for word in ("needle", "sql", "trigger", "function", "disk", "sessions\"", "relation", "postgres"):
                    assert word not in said, f"{path} tells {word}: {said}"
                ids.append((node, answer.headers["X-Request-Id"]))
            assert node.get("/api/users/me", bearer=user.access).status_code == 200
        for node, request_id in ids:
            node.wait_log(request_id)
        assert any("needle" in node.stderr for node in nodes), "the operator is told"
        breakable.sql("DROP FUNCTION fail CASCADE;", database.name)
        assert user.try_refresh().status_code == 200
        assert nodes[1].user().me().status_code == 200


def test_Z24_where_all_transactions_are_serializable_two_nodes_answer_right_or_not_at_all(breakable):
    database = Database(breakable)
    breakable.sql(f"ALTER DATABASE {database.name} SET default_transaction_isolation = 'serializable';")
    with two_nodes(database) as nodes:
        for _ in range(3):
            user, email = nodes[0].user(), unique_email()
            body = {"email": email, "username": "somebody", "password": PASSWORD}

            def ask(method: str, path: str, **more) -> list:
                return at_once(*[lambda node=node: node.request(method, path, **more) for node in nodes], times=12)

            refreshed = ask("GET", "/api/auth/refresh_token", bearer=user.refresh)
            assert {answer.status_code for answer in refreshed} <= {200, 503}
            successor, = {answer.json()["refresh_token"] for answer in refreshed if answer.status_code == 200}
            assert successor != user.refresh
            signed_up = [answer.status_code for answer in ask("POST", "/api/auth/signup", json=body)]
            assert signed_up.count(201) == 1 and set(signed_up) <= {201, 409, 503}
            signed_in = ask("POST", "/api/auth/login", data={"username": user.email, "password": PASSWORD})
            assert {answer.status_code for answer in signed_in} <= {200, 503}
            with nodes[0].db() as db:
                live, = db.execute("SELECT count(*) FROM sessions JOIN users ON users.id = user_id WHERE email = ?",
                                   (user.email,)).fetchone()
            assert live == 1 + [answer.status_code for answer in signed_in].count(200)
            ended = [answer.status_code for answer in ask("POST", "/api/auth/logout", bearer=successor)]
            assert ended.count(200) == 1 and set(ended) <= {200, 401, 503}
