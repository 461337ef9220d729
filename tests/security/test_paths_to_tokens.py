"""L17, B01, B03, R11: every path that issues tokens, for accounts in every state."""

import pytest

from probes import ACCESS_ROUTES, REFRESH_ROUTES
from support import Server, assert_problem

WRONG = "not-the-password"
DEAD, ALIVE = 401, 200


def delete(server, account):
    server.cli_ok("user", "delete", account.email)


def reuse(server, account):
    first = account.refresh
    account.rotate()
    account.rotate()
    assert_problem(account.try_refresh(first), 401)


def logout_all(server, account):
    assert server.post("/api/auth/logout_all", bearer=account.access).status_code == 200


def end_session(server, account):
    current, = [session["id"] for session in account.sessions() if session["current"]]
    assert server.delete(f"/api/auth/sessions/{current}", bearer=account.access).status_code == 204


def ask_for_the_end(server, account):
    assert server.delete("/api/users/me", bearer=account.access, json={"email": account.email}).status_code == 200


def unconfirm(server, account):
    """An account that never was confirmed, in the place of the other."""
    account.email = server.signup().email


def lock(server, account):
    for _ in range(10):
        account.try_login(WRONG)


def blocked_twice(server, account):
    server.block(account)
    server.block(account, is_active=True)
    server.block(account)


STATES = {  # what brings the state about, what signing in is answered, and whether the sessions live on
    "blocked": (lambda server, account: server.block(account), (403, "account_blocked"), DEAD),
    "blocked on the command line": (lambda server, account: server.cli_ok("user", "block", account.email),
                                    (403, "account_blocked"), DEAD),
    "blocked, unblocked, blocked": (blocked_twice, (403, "account_blocked"), DEAD),
    "unblocked": (lambda server, account: (server.block(account), server.block(account, is_active=True)), (200, None),
                  DEAD),
    "deleted": (delete, (401, "invalid_credentials"), DEAD),
    "about to be deleted": (ask_for_the_end, (401, "account_deletion_scheduled"), DEAD),
    "unconfirmed": (unconfirm, (401, "email_not_confirmed"), ALIVE),
    "locked": (lock, (429, "too_many_attempts"), ALIVE),
    "signed out": (lambda server, account: account.try_logout(), (200, None), DEAD),
    "signed out everywhere": (logout_all, (200, None), DEAD),
    "session ended": (end_session, (200, None), DEAD),
    "refresh token reused": (reuse, (200, None), DEAD),
    "role changed": (lambda server, account: server.cli_ok("user", "set-role", account.email, "moderator"), (200, None),
                     DEAD),
}


@pytest.fixture(scope="module")
def limited():
    with Server(limits=True) as server:
        yield server


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after kill -9"])
@pytest.mark.parametrize("state", STATES)
def test_L17_B01_R11_no_path_gives_tokens_to_who_must_have_none(limited, state, restarted):
    bring_about, (status, code), sessions = STATES[state]
    server = limited
    account = server.user()
    bring_about(server, account)
    if restarted:
        server.kill()
        server.start()
    if sessions == DEAD:
        for method, path in REFRESH_ROUTES:
            assert_problem(server.request(method, path, bearer=account.refresh), 401, "invalid_token")
        for method, path in ACCESS_ROUTES:
            assert_problem(server.request(method, path, bearer=account.access), 401, "invalid_token")
    else:
        assert account.me().status_code == 200
        account.rotate()
    fields = {"username": account.email, "password": account.password, "grant_type": "password"}
    for more in ({"data": fields}, {"files": {name: (None, value) for name, value in fields.items()}}):
        response = server.post("/api/auth/login", **more)
        if code:
            assert_problem(response, status, code)
        else:
            assert response.status_code == 200
    if code:
        assert "access_token" not in response.text
        assert server.post("/api/auth/signup", json={"email": account.email, "username": "again",
                                                     "password": "quite-another-password"}
                           ).status_code == (201 if state == "deleted" else 409)


def test_B03_a_blocked_user_stays_blocked_whatever_he_does(limited):
    account = limited.signup()
    link = limited.wait_mail(account.email)[0].confirmation_path
    limited.block(account)
    for method in ("GET", "POST"):
        limited.request(method, link)
    limited.post("/api/auth/request_email", json={"email": account.email})
    assert account.try_login().status_code in (401, 403)
    listed = limited.block(account).json()["user"]
    assert listed["is_active"] is False and listed["status"] == "inactive"
