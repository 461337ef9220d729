"""Two nodes of one database on machines whose clocks are wrong: the database's clock is everybody's."""

from __future__ import annotations

import time

import jwt

from support import assert_problem, at_once
from support.tokens import claims_of

from .conftest import refresh_at, tokens_of, two_nodes


def test_D11_nodes_whose_clocks_differ_by_minutes_agree(database):
    with two_nodes(database) as (first, second):
        for node, seconds in ((first, 300), (second, -300)):
            node.clock.set_wrong_by(seconds)
            node.wait_log("clock.follows_database")
        user = first.user()
        assert abs(jwt.decode(user.access, options={"verify_signature": False})["iat"] - time.time()) < 3
        for node in (second, first, second):
            assert node.get("/api/users/me", bearer=user.access).status_code == 200
            old = user.refresh
            answers = [refresh_at(node, old), refresh_at(first, old), refresh_at(second, old)]
            assert {answer.status_code for answer in answers} == {200} and len(tokens_of(answers)) == 1
            user.tokens = answers[0].json()
        user.rotate()
        for node in (first, second):
            node.clock.advance(11)
        assert_problem(refresh_at(first, answers[0].json()["refresh_token"]), 401, "invalid_token")


def test_D11_a_machine_whose_clock_is_set_is_not_believed_for_a_moment(database):
    with two_nodes(database) as (node, other):
        user = other.user()
        node.get("/readyz")
        for seconds in (3600, -3600, 0):
            node.clock.set_wrong_by(seconds)
            # Quicker than the database is asked again.
            answers = [user.me() for _ in range(5)] + [node.get("/api/users/me", bearer=user.access) for _ in range(5)]
            assert {answer.status_code for answer in answers} == {200}
            user.server = node
            user.login()
            assert abs(claims_of(user.access)["iat"] - time.time()) < 3
            answer = refresh_at(node, user.refresh)
            assert answer.status_code == 200 and abs(claims_of(answer.json()["access_token"])["iat"] - time.time()) < 3
            user.server = other
            user.tokens = answer.json()


def test_D11_links_are_used_once_and_everything_ends_in_time_where_clocks_differ_by_minutes(database):
    with two_nodes(database) as nodes:
        for node, seconds in zip(nodes, (300, -300)):
            node.clock.set_wrong_by(seconds)
            node.wait_log("clock.follows_database")
        pending, late = nodes[0].signup(), nodes[1].signup()
        link, late_link = [nodes[0].wait_mail(account.email)[0].confirmation_path for account in (pending, late)]
        said = at_once(*[lambda node=node: node.get(link).json()["message"] for node in nodes], times=20)
        assert said.count("Email confirmed") == 1
        pending.login()

        def advance(seconds: float) -> None:
            for node in nodes:
                node.clock.advance(seconds)

        # Fifteen minutes, and then the skew that validators may allow.
        advance(15 * 60 - 10)
        assert {node.get("/api/users/me", bearer=pending.access).status_code for node in nodes} == {200}
        advance(10 + 61)
        assert {node.get("/api/users/me", bearer=pending.access).status_code for node in nodes} == {401}
        # A day for a link, a week for a session.
        advance(24 * 3600 - 16 * 60 - 11)
        assert {node.get(link).json()["message"] for node in nodes} == {"Your email is already confirmed"}
        advance(30)
        for node in nodes:
            assert_problem(node.get(link), 400, "invalid_confirmation")
            assert_problem(node.get(late_link), 400, "invalid_confirmation")
        advance(6 * 24 * 3600)
        for node in nodes:
            assert_problem(refresh_at(node, pending.refresh), 401, "invalid_token")
