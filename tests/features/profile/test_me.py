"""GET /api/users/me, and what every route says to a token that is missing or bad."""

import pytest

from support import assert_problem, assert_user, nothing_changes
from support.tokens import flipped

# Routes that want an access token.
GUARDED = [("GET", "/api/users/me"), ("GET", "/api/auth/sessions"), ("DELETE", "/api/auth/sessions/x"),
           ("POST", "/api/auth/logout_all"), ("POST", "/api/auth/block_user/1")]


def test_the_user_of_the_token_is_shown(server):
    account = server.confirmed(username="Some Name")
    account.login()
    assert_user(account.me().json(), id=account.id, email=account.email, username="Some Name", role="user",
                confirmed=True, is_active=True, status="active")


def test_an_administrator_is_shown_as_one(server, admin):
    assert_user(admin.me().json(), role="admin", confirmed=True, is_active=True, status="active")


@pytest.mark.parametrize("method, path", GUARDED)
def test_a_missing_token_is_401_without_an_error_attribute(server, method, path):
    response = server.request(method, path)
    assert_problem(response, 401)
    assert "error" not in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method, path", GUARDED)
def test_a_bad_token_is_401_invalid_token(server, user, method, path):
    confirmation = server.wait_mail(server.signup().email)[0].confirmation_token
    with nothing_changes(server):
        for token in ("garbage", "a.b.c", user.refresh, confirmation, flipped(user.access, 0), flipped(user.access, 1),
                      flipped(user.access, 2), user.access + ".", user.access + "=", user.access[:-1]):
            response = server.request(method, path, bearer=token)
            assert_problem(response, 401, "invalid_token")
            assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["{token}", "Basic {token}", "Token {token}", "Bearer", "Bearer {token} x",
                                    "Bearer {token}, Bearer {token}", "Bearertoken {token}"])
def test_only_the_bearer_scheme_is_read(server, user, header):
    response = server.get("/api/users/me", headers={"Authorization": header.format(token=user.access)})
    assert_problem(response, response.status_code)
    assert response.status_code in (400, 401)


def test_the_token_is_read_from_the_header_alone(server, user):
    assert_problem(server.get("/api/users/me", params={"access_token": user.access}), 401)
    assert_problem(server.get("/api/users/me", cookies={"access_token": user.access}), 401)
    assert server.post("/api/auth/logout_all", data={"access_token": user.access}).status_code in (401, 415)
    assert user.me().status_code == 200


def test_the_subject_is_the_tokens_and_never_the_requests(server, user):
    other = server.user()
    response = server.get("/api/users/me", bearer=user.access, params={"user_id": other.id, "sub": other.id})
    assert response.json()["id"] == user.id


def test_one_connection_does_not_remember_who_asked_before(server, user):
    assert user.me().status_code == 200
    assert_problem(server.get("/api/users/me"), 401)


def test_an_access_token_runs_out_after_fifteen_minutes(make_server):
    server = make_server()
    account = server.user()
    server.clock.advance(14 * 60)
    assert account.me().status_code == 200
    server.clock.advance(2 * 60 + 5)
    assert_problem(account.me(), 401, "invalid_token")
    account.rotate()
    assert account.me().status_code == 200


def test_updated_at_moves_with_a_change_and_created_at_does_not(server, user):
    before = user.me().json()
    server.block(user)
    after = server.block(user, is_active=True).json()["user"]
    assert after["created_at"] == before["created_at"]
    assert after["updated_at"] > before["updated_at"]
