"""Recovery codes: the way in when the second factor is not at hand."""

import re

import pytest

from support import Server, assert_problem, at_once, nothing_changes
from support.factors import App, factors, login_token, try_recovery, try_totp


@pytest.fixture(scope="module")
def served():
    """One whose clock these tests move."""
    with Server() as server:
        yield server


@pytest.fixture
def app(served) -> App:
    return App(served.user())


def left(account) -> int:
    response = account.server.get("/api/users/me/recovery_codes", bearer=account.access)
    assert response.status_code == 200
    assert set(response.json()) == {"left"}
    return response.json()["left"]


def test_FA08_a_code_is_good_once_and_the_owner_is_told(served, app):
    account = app.account
    code = app.recovery_codes[0]
    assert re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}", code)
    typed = code.replace("-", " ").upper()
    account.tokens = try_recovery(served, login_token(account), typed).json()
    assert left(account) == factors(account)["recovery_codes_left"] == 9
    mail = served.wait(lambda: [mail for mail in served.mails(account.email) if "was used" in mail.subject], "a mail")[0]
    assert "left: 9" in mail.text.replace("\n", " ") and code not in mail.text
    token = login_token(account)
    with nothing_changes(served, besides=("spent",)):
        assert_problem(try_recovery(served, token, code), 401, "invalid_code")


def test_FA08_of_many_at_once_one_signs_in(served, app):
    tokens = [login_token(app.account) for _ in range(12)]
    answers = at_once(*(lambda token=token: try_recovery(served, token, app.recovery_codes[0]).status_code for token in tokens))
    assert sorted(answers) == [200] + [401] * 11


def test_FA08_a_login_token_has_five_tries_and_the_app_is_not_shut(served, app):
    token = login_token(app.account)
    with nothing_changes(served):
        assert_problem(try_recovery(served, token, "no code"), 401, "invalid_code")
    for _ in range(5):
        assert_problem(try_recovery(served, token, "0000-0000-0000-0000"), 401, "invalid_code")
    with nothing_changes(served):
        assert_problem(try_recovery(served, token, app.recovery_codes[0]), 429, "too_many_attempts")
    assert try_totp(served, token, app.code()).status_code == 200


def test_new_codes_void_the_earlier_ones(served, app):
    account = app.account
    response = served.post("/api/users/me/recovery_codes", bearer=account.access)
    assert response.status_code == 200
    codes = response.json()["codes"]
    assert len(set(codes)) == 10 and not set(codes) & set(app.recovery_codes)
    assert_problem(try_recovery(served, login_token(account), app.recovery_codes[0]), 401, "invalid_code")
    assert try_recovery(served, login_token(account), codes[9]).status_code == 200
    served.wait(lambda: any("New recovery codes" in mail.subject for mail in served.mails(account.email)), "a mail")


def test_an_account_without_a_factor_has_nothing_to_recover(served):
    account = served.user()
    with nothing_changes(served):
        assert_problem(served.post("/api/users/me/recovery_codes", bearer=account.access), 404, "factor_not_found")
    assert left(account) == 0
