"""A challenge that one node gave out is answered once on all of them, and of removals at once none takes the last way in."""

from __future__ import annotations

import pytest

from support import at_once
from support.authenticator import Authenticator, Passkeys, login, login_options
from support.tokens import b64url

from .conftest import service


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_Y38_of_a_hundred_answers_to_one_challenge_one_signs_in(store, postgres):
    with service(store, postgres) as nodes:
        mine = Passkeys(nodes[0].user())
        # It does not count, so nothing but the challenge keeps the second answer out.
        authenticator = mine.register(Authenticator("http://nodes.example", "nodes.example", counts=False))
        for _ in range(3):
            answered = authenticator.get(login_options(nodes[0]))
            answers = at_once(*[lambda node=node: login(node, answered) for node in nodes], times=100 // len(nodes))
            assert sorted(answer.status_code for answer in answers) == [200] + [401] * 99
            assert {answer.json()["code"] for answer in answers if answer.status_code == 401} == {"invalid_passkey"}
        with nodes[0].db() as db:
            (sessions,), = db.execute("SELECT count(*) FROM sessions JOIN users ON users.id = user_id WHERE email = ?",
                                      (mine.account.email,)).fetchall()
        assert sessions == 1 + 3


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_Y39_one_registration_of_many_at_once_adds_a_passkey_and_codes(store, postgres):
    with service(store, postgres) as nodes:
        mine = Passkeys(nodes[0].user())
        authenticator = Authenticator("http://nodes.example", "nodes.example")
        made = authenticator.create(mine.options().json())
        answers = at_once(*[lambda node=node: Passkeys(mine.account, node).add(made) for node in nodes], times=10)
        # Those that came after the first one need a stronger proof already.
        assert sorted(answer.status_code for answer in answers) == [201] + [401] * (len(answers) - 1)
        assert [each["id"] for each in mine.list()] == [b64url(authenticator.id)]
        with nodes[0].db() as db:
            (codes,), = db.execute("SELECT count(*) FROM recovery_codes").fetchall()
        assert codes == 10
