"""PUT and DELETE /api/users/me/password."""

import pytest

from support import PASSWORD, assert_problem, nothing_changes
from support.checks import error_fields

NEW_PASSWORD = "another-horse-battery"


def change(account, password: str = NEW_PASSWORD, **more):
    return account.server.request("PUT", "/api/users/me/password", json={"password": password, **more}, bearer=account.access)


@pytest.mark.parametrize("more", [{}, {"current_password": PASSWORD}])
def test_the_owner_changes_the_password(server, user, more):
    other = user.access
    user.login()
    answer = change(user, **more)
    assert (answer.status_code, answer.json()) == (200, {"message": "Password changed"})
    assert user.me().status_code == 200
    assert_problem(user.me(other), 401, "invalid_token")
    assert_problem(user.try_login(), 401, "invalid_credentials")
    assert user.try_login(NEW_PASSWORD).status_code == 200
    assert "127.0.0.1" in server.wait_mail(user.email, 2)[-1].text


def test_other_sessions_can_be_kept(user):
    other = user.access
    user.login()
    assert change(user, keep_sessions=True).status_code == 200
    assert user.me(other).status_code == 200


def test_a_wrong_current_password_changes_nothing(server, user):
    with nothing_changes(server, besides=("users", "devices")):
        assert_problem(change(user, current_password="wrong-horse"), 401, "invalid_credentials", "The current password is wrong")
    assert user.try_login(PASSWORD).status_code == 200
    assert_problem(user.try_login(NEW_PASSWORD), 401, "invalid_credentials")


def test_C56_later_it_needs_a_proof(make_server):
    server = make_server()
    account = server.user()
    server.clock.advance(11 * 60)
    with nothing_changes(server):
        assert_problem(change(account), 401, "recent_sign_in_required")
    assert change(account, current_password=PASSWORD).status_code == 200


@pytest.mark.parametrize("password", ["short7!", "password123", "x" * 257])
def test_a_bad_password_is_422_and_changes_nothing(server, user, password):
    with nothing_changes(server):
        problem = assert_problem(change(user, password), 422, "validation_failed")
    assert error_fields(problem) == {"body.password"}


def test_C58_the_last_way_in_is_not_removed(server, user):
    with nothing_changes(server):
        assert_problem(server.delete("/api/users/me/password", bearer=user.access), 409, "last_way_in")
    assert user.try_login().status_code == 200


def test_the_step_needs_a_login_token(server):
    for token in ("", "x", "x.y.z", "a" * 5000):
        with nothing_changes(server):
            refused = server.post("/api/auth/login/new_password", json={"login_token": token, "password": NEW_PASSWORD})
            assert_problem(refused, 401, "invalid_login_token")
