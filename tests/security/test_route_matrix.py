"""Every route of accounts, administration and sign-in, as the program lists them, with every credential that is not the right one:
refused with its own code, and nothing is changed."""

import pytest

from support import Server, assert_problem
from support.factors import App, login_token
from support.routes import list_routes
from support.state import nothing_changes

# What expires while a test moves the clock is removed at some time.
SWEPT = ("spent", "sessions")
# Their handlers ask for the proof, by what the body says.
BY_BODY = {("POST", "/api/auth/sudo"), ("PUT", "/api/users/me/password")}

ROUTES = list_routes()
ACCESS = [route for route in ROUTES if route.credential == "accessToken"]
RECENT = [route for route in ACCESS if "recent_sign_in_required" in route.codes and (route.method, route.pattern) not in BY_BODY]
# At sudo `forbidden` says that the server takes no mailed codes.
ADMINISTRATION = [route for route in ACCESS if "forbidden" in route.codes and route.pattern != "/api/auth/sudo"]
STEPS = [route for route in ROUTES if "invalid_login_token" in route.codes]


def name_of(route) -> str:
    return f"{route.method} {route.pattern}"


def ask(server, route, **more):
    return server.request(route.method, route.path, json=route.body, **more)


@pytest.fixture(scope="module")
def served():
    """One whose clock these tests move."""
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def wrong(served) -> dict[str, str]:
    """Bearer tokens that open no route of an account."""
    app = App(served.user())
    blocked, leaving, signed_out = served.user(), served.user(), served.user()
    served.block(blocked)
    assert served.delete("/api/users/me", bearer=leaving.access, json={"email": leaving.email}).status_code == 200
    assert signed_out.try_logout().status_code == 200
    return {"a login token": login_token(app.account), "a refresh token": app.account.refresh, "a word": "x",
            "a blocked account": blocked.access, "an account that is about to be deleted": leaving.access,
            "a session that has ended": signed_out.access}


def test_the_matrix_has_the_routes_that_it_is_about():
    assert {"/api/admin/users/{user_id}/factors/{kind}", "/api/auth/block_user/{user_id}"} <= {r.pattern for r in ADMINISTRATION}
    assert len(RECENT) > 10 and len(STEPS) >= 12 and len(ACCESS) > 25


@pytest.mark.parametrize("route", ACCESS, ids=name_of)
def test_FA07_no_other_credential_opens_a_route_of_accounts(served, wrong, route):
    with nothing_changes(served, besides=SWEPT):
        assert_problem(ask(served, route), 401, "invalid_token")
        for whose, token in wrong.items():
            assert assert_problem(ask(served, route, bearer=token), 401)["code"] == "invalid_token", whose


@pytest.mark.parametrize("route", ADMINISTRATION, ids=name_of)
def test_FA27_no_user_administers(served, route):
    moderator, user = served.user(), served.user()
    served.cli_ok("user", "set-role", moderator.email, "moderator")
    moderator.login()
    with nothing_changes(served, besides=SWEPT):
        for caller in (moderator, user):
            assert_problem(ask(served, route, bearer=caller.access), 403, "forbidden")


def test_FA06_an_old_sign_in_opens_no_route_that_wants_a_recent_proof(served):
    account, admin = served.user(), served.admin()
    admin.login()
    served.clock.advance(601)
    with nothing_changes(served, besides=SWEPT):
        for route in RECENT:
            caller = admin if route in ADMINISTRATION else account
            problem = assert_problem(ask(served, route, bearer=caller.access), 401)
            assert problem["code"] == "recent_sign_in_required", name_of(route)


@pytest.mark.parametrize("route", STEPS, ids=name_of)
def test_FA07_no_other_credential_opens_a_step_of_a_sign_in(served, wrong, route):
    account = served.user()
    tokens = {**wrong, "an access token": account.access, "an administrator": served.admin().access, "nothing": ""}
    del tokens["a login token"]
    with nothing_changes(served, besides=SWEPT):
        for whose, token in tokens.items():
            answer = served.request(route.method, route.path, json={**route.body, "login_token": token})
            assert assert_problem(answer, 401)["code"] == "invalid_login_token", whose
            # A step reads no bearer token.
            answer = served.request(route.method, route.path, json={**route.body, "login_token": "x"}, bearer=account.access)
            assert assert_problem(answer, 401)["code"] == "invalid_login_token", whose
