"""`POST /api/auth/sudo`: whoever is signed in proves once more to be there."""

import pytest

from support import Server, assert_problem, nothing_changes
from support.factors import App, assert_asks_for_proof, sudo


@pytest.fixture(scope="module")
def served():
    """One whose clock these tests move."""
    with Server() as server:
        yield server


def guarded(account):
    return account.server.post("/api/users/me/totp", bearer=account.access)


def test_without_a_factor_the_password_does_for_ten_minutes(served):
    account = served.user()
    assert guarded(account).status_code == 200, "a sign-in is a proof"
    served.clock.advance(600)
    assert_asks_for_proof(guarded(account))
    with nothing_changes(served, besides=("users", "devices")):
        assert_problem(sudo(account, password="a-wrong-password"), 401, "invalid_credentials")
    assert_asks_for_proof(guarded(account))
    assert sudo(account, password=account.password).status_code == 204
    assert guarded(account).status_code == 200


def test_FA06_with_a_factor_only_a_factor_does(served):
    app = App(served.user())
    account = app.account
    served.clock.advance(600)
    account.rotate()
    assert_asks_for_proof(guarded(account))
    with nothing_changes(served):
        assert_asks_for_proof(sudo(account, password=account.password))
        assert_asks_for_proof(sudo(account, password="a-wrong-password"))
    assert sudo(account, totp=app.code()).status_code == 204
    assert guarded(account).status_code == 200
    served.clock.advance(600)
    account.rotate()
    assert sudo(account, recovery_code=app.recovery_codes[0]).status_code == 204
    assert guarded(account).status_code == 200
    assert_problem(sudo(account, recovery_code=app.recovery_codes[0]), 401, "invalid_code")


def test_the_other_sessions_of_the_account_have_proved_nothing(served):
    account = served.user()
    other = dict(account.tokens)
    account.login()
    served.clock.advance(600)
    assert sudo(account, password=account.password).status_code == 204
    assert guarded(account).status_code == 200
    account.tokens = other
    assert_asks_for_proof(guarded(account))


@pytest.mark.parametrize("body", [{}, {"password": "x", "totp": "123456"}, {"totp": 123456}, {"passkey": "x"},
                                  {"totp": "1" * 65}])
def test_a_body_without_one_proof_is_refused(served, body):
    account = served.user()
    with nothing_changes(served):
        assert_problem(sudo(account, **body), 422, "validation_failed")


def test_an_account_without_an_app_has_no_codes(served):
    account = served.user()
    with nothing_changes(served):
        assert_problem(sudo(account, totp="123456"), 404, "factor_not_found")
        assert_problem(sudo(account, recovery_code="0000"), 401, "invalid_code")
