"""FA07: what a right password gives before the second factor is good for the next step and for nothing else, and no other
credential is good for a step."""

import pytest

from support import Server, assert_problem
from support.factors import App, login_token
from support.routes import list_routes
from support.state import nothing_changes

# What each step wants beside the login token. A step of another feature stands here, too.
STEP_PREFIX = "/api/auth/login/"


@pytest.fixture(scope="module")
def served():
    """One whose clock these tests move."""
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def app(served) -> App:
    return App(served.user())


STEPS = [(route.method, route.path) for route in list_routes() if route.path in
         (STEP_PREFIX + "totp", STEP_PREFIX + "recovery_code")]
GUARDED = [(route.method, route.path) for route in list_routes() if route.credential]


def step(served, method: str, path: str, token: str, code: str):
    return served.request(method, path, json={"login_token": token, "code": code})


def codes_of(app: App, path: str) -> str:
    """A code that would be right."""
    return app.code() if path.endswith("totp") else app.recovery_codes[-1]


@pytest.mark.parametrize(("method", "path"), GUARDED, ids=" ".join)
def test_FA07_a_login_token_opens_no_other_route(served, app, method, path):
    token = login_token(app.account)
    with nothing_changes(served):
        assert_problem(served.request(method, path, bearer=token, json={}), 401, "invalid_token")


@pytest.mark.parametrize(("method", "path"), STEPS, ids=" ".join)
def test_FA07_no_other_credential_opens_a_step(served, app, method, path):
    app.login()
    account = app.account
    code = codes_of(app, path)
    for other in ("", "x", "a.b.c", account.access, account.refresh, served.admin().access):
        with nothing_changes(served):
            assert_problem(step(served, method, path, other, code), 401, "invalid_login_token")
            assert_problem(served.request(method, path, bearer=account.access, json={"code": code}), 422)
    assert step(served, method, path, login_token(account), code).status_code == 200


@pytest.mark.parametrize(("method", "path"), STEPS, ids=" ".join)
def test_FA07_a_token_of_another_account_takes_no_code_of_this_one(served, app, method, path):
    other = App(served.user())
    code = codes_of(app, path)
    assert_problem(step(served, method, path, login_token(other.account), code), 401, "invalid_code")


@pytest.mark.parametrize(("method", "path"), STEPS, ids=" ".join)
def test_FA07_a_token_ends_with_its_time_its_use_and_any_change_of_its_account(served, method, path):
    app = App(served.user())
    account = app.account
    expired = login_token(account)
    served.clock.advance(600)
    with nothing_changes(served):
        assert_problem(step(served, method, path, expired, codes_of(app, path)), 401, "invalid_login_token")

    moved = login_token(account)
    served.cli_ok("user", "set-role", account.email, "moderator")
    with nothing_changes(served):
        assert_problem(step(served, method, path, moved, codes_of(app, path)), 401, "invalid_login_token")

    used = login_token(account)
    assert step(served, method, path, used, codes_of(app, path)).status_code == 200
    code = app.code() if path.endswith("totp") else app.recovery_codes[0]
    with nothing_changes(served, besides=("users", "spent")):
        assert_problem(step(served, method, path, used, code), 401, "invalid_login_token")

    blocked = login_token(account)
    served.cli_ok("user", "block", account.email)
    with nothing_changes(served):
        assert_problem(step(served, method, path, blocked, code), 403, "account_blocked")


def test_FA07_a_changed_token_is_none(served, app):
    token = login_token(app.account)
    code = app.code()
    head, claims, signature = token.split(".")
    flipped = signature[:-2] + ("AA" if signature[-2:] != "AA" else "BA")
    for changed in (f"{head}.{claims}.{flipped}", f"{head}.{claims}.", f"{head}.{claims[:-1]}.{signature}", token + "A"):
        with nothing_changes(served):
            assert_problem(step(served, "POST", "/api/auth/login/totp", changed, code), 401, "invalid_login_token")
    assert step(served, "POST", "/api/auth/login/totp", token, code).status_code == 200
