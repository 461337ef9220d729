"""What one node does holds on the other at the next request, and happens once."""

from __future__ import annotations

import random
import time
import uuid

import jwt
import pytest

from support import PASSWORD, Account, Server, SmtpSink, assert_problem, at_once, unique_email
from support.invariants import violations
from support.postgres import Database
from support.raw_http import RawConnection, request_bytes
from support.size import size
from support.tokens import header_of

from .conftest import generation, refresh_at, tokens_of, two_nodes


def test_R03_fifty_refreshes_at_two_nodes_have_one_successor(pair):
    user = pair[0].user()
    for _ in range(5):
        token = user.refresh
        answers = at_once(*[lambda node=node: refresh_at(node, token) for node in pair], times=25)
        assert {answer.status_code for answer in answers} == {200}
        successor, = tokens_of(answers)
        user.tokens = answers[0].json()
        assert user.refresh == successor != token


def test_R05_inside_the_grace_the_other_node_gives_the_same_successor(pair):
    user = pair[0].user()
    old = user.refresh
    user.rotate()
    again = refresh_at(pair[1], old)
    assert again.status_code == 200 and again.json()["refresh_token"] == user.refresh


def test_R06_an_answer_that_was_not_read_is_asked_for_again_at_the_other_node(pair):
    user = pair[0].user()
    token = user.refresh
    connection = RawConnection(pair[0])
    connection.send(request_bytes("GET", "/api/auth/refresh_token", {"Authorization": f"Bearer {token}"}))
    connection.close()
    pair[0].wait(lambda: generation(pair[0], user) == 1, "the first rotation")
    answer = refresh_at(pair[1], token)
    assert answer.status_code == 200 and generation(pair[0], user) == 1, "the successor that nobody has read"
    assert refresh_at(pair[0], answer.json()["refresh_token"]).status_code == 200
    assert_problem(refresh_at(pair[1], token), 401, "invalid_token")


def test_logout_block_and_change_of_role_hold_at_once_on_the_other_node(pair):
    first, second = pair
    for _ in range(20):
        user = first.user()
        assert second.get("/api/users/me", bearer=user.access).status_code == 200
        assert user.try_logout().status_code == 200
        assert_problem(second.get("/api/users/me", bearer=user.access), 401, "invalid_token")
        assert_problem(refresh_at(second, user.refresh), 401, "invalid_token")
    user = first.user()
    assert second.get("/api/users/me", bearer=user.access).status_code == 200
    second.block(user)
    assert_problem(user.me(), 401, "invalid_token")
    assert_problem(Account(first, user.email, user.password).try_login(), 403, "account_blocked")
    user = second.user()
    first.cli_ok("user", "set-role", user.email, "moderator")
    assert_problem(user.me(), 401, "invalid_token")


def test_R02_reuse_seen_by_one_node_ends_the_session_on_both(database):
    with two_nodes(database) as (first, second):
        user = first.user()
        old = user.refresh
        user.rotate()
        for node in (first, second):
            node.clock.advance(11)
        assert_problem(refresh_at(second, old), 401, "invalid_token")
        assert_problem(user.me(), 401, "invalid_token")
        assert_problem(user.try_refresh(), 401, "invalid_token")


def test_R08_what_was_revoked_stays_so_when_all_nodes_start_anew(database):
    with two_nodes(database) as (first, second):
        user, other = first.user(), first.user()
        assert user.try_logout().status_code == 200
        for node in (first, second):
            node.kill()
        for node in (first, second):
            node.start()
            assert_problem(refresh_at(node, user.refresh), 401, "invalid_token")
            assert node.get("/api/users/me", bearer=other.access).status_code == 200


def test_D01_a_confirmation_succeeds_once_on_two_nodes(pair):
    account = pair[0].signup()
    path = pair[0].wait_mail(account.email)[0].confirmation_path
    said = at_once(*[lambda node=node: node.get(path).json()["message"] for node in pair], times=50)
    assert said.count("Email confirmed") == 1 and said.count("Your email is already confirmed") == 99


def test_D01_a_refresh_token_is_spent_once_on_two_nodes_where_there_is_no_grace(database):
    with two_nodes(database, tokens__refresh_grace="0s") as nodes:
        for _ in range(3):
            user = nodes[0].user()
            answers = at_once(*[lambda node=node: refresh_at(node, user.refresh) for node in nodes], times=50)
            # One rotation; whoever had asked before it was made may be told of it as well.
            successor, = tokens_of(answers)
            # The others were late, which ends the session for whoever was first as well.
            assert {answer.status_code for answer in answers} == {200, 401}
            for node in nodes:
                assert_problem(refresh_at(node, successor), 401, "invalid_token")


def test_D01_a_rejection_succeeds_once_on_two_nodes(pair):
    account = pair[0].signup()
    path = pair[0].wait_mail(account.email)[0].confirmation_path.replace("confirmed_email", "rejected_email")
    answers = at_once(*[lambda node=node: node.post(path).status_code for node in pair], times=50)
    assert sorted(answers) == [200] + [400] * 99


def test_D01_an_address_is_taken_once_on_two_nodes(pair):
    email = unique_email()
    body = {"email": email, "username": "somebody", "password": "correct horse battery"}
    answers = at_once(*[lambda node=node: node.post("/api/auth/signup", json=body).status_code for node in pair], times=10)
    assert sorted(answers) == [201] + [409] * 19


def test_D01_addresses_that_are_asked_for_crosswise_have_one_account_one_mail_and_one_entry_each(pair):
    emails = [unique_email("cross") for _ in range(20)]

    def sign_up(number: int) -> list[int]:
        order = random.Random(number).sample(emails, len(emails))
        return [pair[number % 2].post("/api/auth/signup", json={"email": email, "username": "somebody", "password": PASSWORD}).status_code
                for email in order]

    answers = sum(at_once(*[lambda number=number: sign_up(number) for number in range(8)]), [])
    assert sorted(answers) == [201] * len(emails) + [409] * 7 * len(emails)
    with pair[0].db() as db:
        subjects = dict(db.execute("SELECT email, subject FROM users WHERE email LIKE ?", ("cross%",)).fetchall())
    entries = [entry["target"] for entry in pair[0].audit() if entry["event"] == "sign_up" and entry["result"] == "ok"]
    assert set(subjects) == set(emails)
    for email in emails:
        assert entries.count(str(uuid.UUID(bytes=subjects[email]))) == 1
        assert len(pair[0].wait_mail(email)) == 1


def test_D02_no_invariant_breaks_in_a_storm_at_two_nodes(database):
    with two_nodes(database) as nodes:
        accounts = [nodes[number % 2].user() for number in range(6)]
        administrators = [nodes[0].admin().access, nodes[1].second_admin().access]
        shared = [unique_email("storm") for _ in range(3)]

        def storm(number: int) -> None:
            dice, node = random.Random(number), nodes[number % 2]
            for _ in range(25):
                account = dice.choice(accounts)
                dice.choice([
                    lambda: node.post("/api/auth/login", data={"username": account.email, "password": account.password}),
                    lambda: refresh_at(node, account.refresh),
                    lambda: node.post("/api/auth/logout", bearer=account.refresh),
                    lambda: node.post("/api/auth/logout_all", bearer=account.access),
                    lambda: node.post(f"/api/auth/block_user/{account.id}", bearer=administrators[number % 2],
                                      json={"is_active": dice.random() < 0.6}),
                    lambda: node.post("/api/auth/signup", json={"email": dice.choice(shared).title(), "username": "storm",
                                                                "password": PASSWORD}),
                    lambda: node.post("/api/auth/request_email", json={"email": dice.choice(shared)}),
                    lambda: [node.get(mail.confirmation_path) for mail in node.mails()[-2:]]])()

        at_once(*[lambda number=number: storm(number) for number in range(10)])
        assert violations(nodes[0]) == {}
        # What one says of a token the other says too.
        for account in accounts:
            said = [node.get("/api/users/me", bearer=account.access).status_code for node in nodes]
            assert said[0] == said[1] and said[0] in (200, 401)
        nodes[0].kill()
        nodes[0].start()
        assert violations(nodes[1]) == {}


def test_D04_two_administrators_who_block_each_other_leave_one(database):
    with two_nodes(database) as (first, second):
        for _ in range(5):
            one, other = first.admin(), second.second_admin()
            answers = at_once(
                lambda: first.post(f"/api/auth/block_user/{other.id}", bearer=one.access, json={"is_active": False}),
                lambda: second.post(f"/api/auth/block_user/{one.id}", bearer=other.access, json={"is_active": False}))
            with first.db() as db:
                left, = db.execute("SELECT count(*) FROM users WHERE role = 'admin' AND confirmed AND is_active").fetchone()
            assert left >= 1, [answer.text for answer in answers]
            if answers[1].status_code == 200:
                first.cli_ok("user", "unblock", one.email)
            first._admin = None


@pytest.mark.parametrize("ender", ["logout_all", "block"])
def test_D04_of_sign_ins_and_refreshes_beside_an_end_at_the_other_node_nothing_lives_that_came_before(pair, ender):
    first, second = pair
    first.admin(), second.admin()
    for _ in range(10):
        user = first.user()
        there = Account(second, user.email, user.password, user.user)
        answers = at_once(*[there.try_login] * 3, *[lambda: refresh_at(second, user.refresh)] * 3, *[user.try_login] * 3,
                          lambda: first.block(user) if ender == "block" else
                          first.post("/api/auth/logout_all", bearer=user.access))
        for answer in answers[:-1]:
            assert answer.status_code in (200, 401, 403), answer.text
        for node in pair:
            # The session of the caller of logout_all is dead, whoever refreshed it meanwhile.
            for answer in answers[3:6]:
                if answer.status_code == 200:
                    assert_problem(refresh_at(node, answer.json()["refresh_token"]), 401, "invalid_token")
            if ender == "block":
                for answer in answers[:-1]:
                    if answer.status_code == 200:
                        assert_problem(node.get("/api/users/me", bearer=answer.json()["access_token"]), 401, "invalid_token")
        if ender == "block":
            with first.db() as db:
                assert db.execute("SELECT count(*) FROM sessions WHERE user_id = ?", (user.id,)).fetchone() == (0,)
    assert violations(first) == {}


def test_a_key_that_is_revoked_at_one_node_is_worth_nothing_at_the_other_a_second_later(database):
    with two_nodes(database) as (first, second):
        user = first.user()
        assert second.get("/api/users/me", bearer=user.access).status_code == 200
        kid = header_of(user.access)["kid"]
        first.cli_ok("keys", "revoke", kid)
        began = time.monotonic()
        second.wait(lambda: second.get("/api/users/me", bearer=user.access).status_code == 401, "the key to be forgotten")
        # One second, and what sanitizers and a busy machine add.
        assert time.monotonic() - began < 2
        assert kid not in kids(second)
        assert header_of(refresh_at(second, user.refresh).json()["access_token"])["kid"] in kids(first)


def test_RL06_the_limit_of_an_account_counts_both_nodes(database):
    with two_nodes(database, limits__enabled="true") as (first, second):
        account = first.confirmed()
        refused = [node.post("/api/auth/login", data={"username": account.email, "password": "wrong-password"})
                   for _ in range(5) for node in (first, second)]
        assert {answer.status_code for answer in refused} == {401}
        for node in (first, second):
            assert_problem(Account(node, account.email, account.password).try_login(), 429, "too_many_attempts")


def test_RL06_L20_both_nodes_know_a_device_and_one_guess_at_either_is_the_hundredth(postgres, database):
    with two_nodes(database, limits__enabled="true", http__trusted_proxies="127.0.0.1") as (first, second):
        account = first.confirmed()
        there = Account(second, account.email, account.password)
        home, hotel = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "198.51.100.7"}
        account.login(headers=home)
        postgres.sql("UPDATE users SET failed_sign_ins = 99;", database.name)
        answers = at_once(*[lambda each=each, number=number: each.try_login(
            "wrong-password", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
            for number in range(20) for each in (account, there)])
        assert answers.count(401) == 1 and set(answers) == {401, 429}
        there.login(headers=home)
        for each in (account, there):
            assert_problem(each.try_login(headers=hotel), 429, "too_many_attempts")
        notice, = [mail for mail in first.wait_mail(account.email, 2) if "guessing" in mail.subject]
        assert "hundred wrong passwords" in notice.text
        second.cli_ok("user", "unlock", account.email)
        account.login(headers=hotel)


def test_a_mail_is_sent_by_one_node(database):
    with SmtpSink() as sink:
        mail = {"mail__smtp_url": sink.url, "mail__tls": "off", "mail__from": "no-reply@latchkey.example"}
        with two_nodes(database, **mail) as nodes:
            accounts = at_once(*[lambda node=node: [node.signup().email for _ in range(15)] for node in nodes], times=2)
            emails = [email for some in accounts for email in some]
            for email in emails:
                sink.wait_for(email)
            nodes[0].wait(lambda: not nodes[0].cli_ok("mail", "list").count("waiting"), "the outbox to be empty")
            assert [len(sink.to(email)) for email in emails] == [1] * len(emails)


@pytest.mark.timeout(size(180, 3600))
def test_Z17_two_nodes_that_start_together_on_an_empty_database_both_serve(postgres):
    for _ in range(size(3, 200)):
        database = Database(postgres)
        nodes = [Server({"public_url": "http://nodes.example", **database.settings()}) for _ in range(2)]
        try:
            at_once(*[node.start for node in nodes])
            keys = [node.get("/.well-known/jwks.json", cacheable=True).json()["keys"] for node in nodes]
            assert len(keys[0]) == 1 and keys[0] == keys[1]
            assert nodes[1].get("/api/users/me", bearer=nodes[0].admin().access).status_code == 200
            with nodes[0].db() as db:
                assert db.execute("SELECT count(*) FROM users").fetchone() == (1,)
            for node in nodes:
                node.stop()
        finally:
            for node in nodes:
                node.remove()
            database.remove()


def kids(node) -> list[str]:
    return [key["kid"] for key in node.get("/.well-known/jwks.json", cacheable=True).json()["keys"]]


def test_Z49_a_rotation_happens_once_and_every_node_publishes_it_before_it_signs(database):
    with two_nodes(database) as nodes:
        user = nodes[0].user()
        before = kids(nodes[0])
        at_once(*[lambda node=node: node.cli("keys", "rotate") for node in nodes])
        for node in nodes:
            node.wait(lambda: len(kids(node)) == 2, "the new key")
        assert kids(nodes[0]) == kids(nodes[1])
        cached = {key.key_id: key for key in jwt.PyJWKClient(nodes[0].url + "/.well-known/jwks.json").get_jwk_set().keys}
        signers = set()
        for turn in range(4):
            if turn in (1, 2):
                nodes[turn - 1].restart()
            for node in nodes:
                node.clock.advance(4 * 60)
                tokens = refresh_at(node, user.refresh).json()
                user.tokens = tokens
                kid = jwt.get_unverified_header(user.access)["kid"]
                signers.add(kid)
                jwt.decode(user.access, cached[kid].key, algorithms=["ES256"], audience="http://nodes.example",
                           options={"verify_exp": False, "verify_iat": False, "verify_nbf": False})
            if kid not in before:
                break
        assert signers == set(kids(nodes[0])), "the new key signs in the end"
