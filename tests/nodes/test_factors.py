"""Codes of second factors over two nodes on one PostgreSQL: each is good once, wherever it is shown."""

from __future__ import annotations

from support import at_once
from support.factors import App, login_token, try_recovery, try_totp


def answers(pair, account, attempt) -> list[int]:
    """What ten sign-ins at each node are answered at once."""
    tokens = [login_token(account) for _ in range(20)]
    return at_once(*(lambda token=token, node=pair[number % 2]: attempt(node, token).status_code
                     for number, token in enumerate(tokens)))


def test_FA01_D01_a_code_of_the_app_signs_in_at_one_node_once(pair):
    app = App(pair[0].user())
    # No test moves these clocks: the next code is accepted half a minute early.
    code = app.totp.generate_otp(app.last_step + 1)
    found = answers(pair, app.account, lambda node, token: try_totp(node, token, code))
    assert found.count(200) == 1 and set(found) <= {200, 401, 429}, found


def test_FA08_D01_a_recovery_code_signs_in_at_one_node_once(pair):
    app = App(pair[0].user())
    found = answers(pair, app.account, lambda node, token: try_recovery(node, token, app.recovery_codes[0]))
    assert sorted(found) == [200] + [401] * 19, found
