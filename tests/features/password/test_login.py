"""POST /api/auth/login"""

import pytest

from support import PASSWORD, assert_problem, assert_token_schema, nothing_changes, unique_email
from support.tokens import claims_of


def test_a_right_password_is_200_with_tokens(server):
    account = server.confirmed()
    tokens = assert_token_schema(account.try_login())
    assert account.me(tokens["access_token"]).json()["email"] == account.email


@pytest.mark.parametrize("more", [{"grant_type": "password"}, {"scope": ""}, {"scope": "read write"},
                                  {"client_id": "anything", "client_secret": "else"}, {"unknown": "field"}])
def test_the_other_fields_of_an_oauth_password_form_are_accepted(server, user, more):
    response = server.post("/api/auth/login", data={"username": user.email, "password": user.password} | more)
    assert_token_schema(response)


def test_signing_in_makes_the_user_active(server):
    account = server.confirmed()
    account.login()
    user = account.me().json()
    assert (user["status"], user["is_active"], user["confirmed"]) == ("active", True, True)


def test_each_sign_in_is_a_session_of_its_own(server, user):
    first = dict(user.tokens)
    second = user.login()
    assert claims_of(first["access_token"])["sid"] != claims_of(second["access_token"])["sid"]
    assert first["refresh_token"] != second["refresh_token"]
    assert user.me(first["access_token"]).status_code == 200


@pytest.mark.parametrize("change", [str.upper, lambda e: f" {e} ", lambda e: e.replace("example", "EXAMPLE")])
def test_the_address_is_trimmed_and_folded(server, user, change):
    response = server.post("/api/auth/login", data={"username": change(user.email), "password": user.password})
    assert_token_schema(response)


def test_a_wrong_password_is_401(server, user):
    with nothing_changes(server):
        assert_problem(user.try_login("not-the-password"), 401, "invalid_credentials", "Invalid email or password")


@pytest.mark.parametrize("username", ["nobody@example.com", "no address", "x", "@", "nobody@bücher.example", "a" * 500])
def test_an_unknown_address_answers_as_a_wrong_password(server, user, username):
    with nothing_changes(server):
        unknown = server.post("/api/auth/login", data={"username": username, "password": PASSWORD})
    wrong = user.try_login("not-the-password")
    assert_problem(unknown, 401, "invalid_credentials", "Invalid email or password")

    def comparable(response):
        body = response.text.replace(response.headers["X-Request-Id"], "")
        return body, {name: value for name, value in response.headers.items() if name not in ("X-Request-Id", "Date")}

    assert comparable(unknown) == comparable(wrong)


@pytest.mark.parametrize("change", [str.upper, str.title, lambda p: p + " ", lambda p: " " + p, lambda p: p[:-1],
                                    lambda p: p + "x"])
def test_the_password_must_match_exactly(server, user, change):
    with nothing_changes(server):
        assert_problem(user.try_login(change(user.password)), 401, "invalid_credentials")


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_nul_is_refused_and_cuts_nothing_off(server, user, field):
    form = {"username": user.email, "password": user.password}
    with nothing_changes(server):
        response = server.post("/api/auth/login", data=form | {field: form[field] + "\0"})
        assert_problem(response, response.status_code)
        assert response.status_code in (400, 401, 422)


def test_an_empty_password_is_refused(server, user):
    with nothing_changes(server):
        response = user.try_login("")
        assert_problem(response, response.status_code)
        assert response.status_code in (401, 422)


def test_a_password_is_compared_after_nfc(server):
    composed, decomposed = "caf\u00e9 cr\u00e8me br\u00fbl\u00e9e", "cafe\u0301 cre\u0300me bru\u0302le\u0301e"
    account = server.confirmed(password=composed)
    assert account.try_login(decomposed).status_code == 200
    assert account.try_login("cafe creme brulee").status_code == 401


def test_long_passwords_are_compared_to_their_end(server):
    password = "an-unusual-beginning-" * 10 + "end"
    account = server.confirmed(password=password)
    assert account.try_login(password[:72]).status_code == 401
    assert account.try_login(password[:-1] + "x").status_code == 401
    assert account.try_login(password).status_code == 200


@pytest.mark.parametrize("length", [257, 5000])
def test_a_password_longer_than_any_is_refused(server, user, length):
    response = user.try_login("x" * length)
    assert_problem(response, response.status_code)
    assert response.status_code in (401, 422)


def test_an_unconfirmed_account_is_told_only_after_the_right_password(server):
    account = server.signup()
    with nothing_changes(server):
        assert_problem(account.try_login("not-the-password"), 401, "invalid_credentials", "Invalid email or password")
        assert_problem(account.try_login(), 401, "email_not_confirmed", "Email not confirmed")


def test_a_blocked_account_is_told_only_after_the_right_password(server, user):
    server.block(user)
    with nothing_changes(server):
        assert_problem(user.try_login("not-the-password"), 401, "invalid_credentials", "Invalid email or password")
        assert_problem(user.try_login(), 403, "account_blocked", "User is blocked")


def test_a_blocked_account_that_is_not_confirmed_either_is_told_that_it_is_blocked(server):
    account = server.signup()
    server.block(account)
    with nothing_changes(server):
        assert_problem(account.try_login(), 403, "account_blocked", "User is blocked")


def test_an_unblocked_account_signs_in_again(server, user):
    server.block(user)
    server.block(user, is_active=True)
    user.login()
    assert user.me().json()["status"] == "active"


def test_credentials_in_the_query_of_a_get_are_405_and_never_logged(server, user):
    response = server.get("/api/auth/login", params={"username": user.email, "password": user.password})
    assert_problem(response, 405)
    assert user.password not in server.stderr
