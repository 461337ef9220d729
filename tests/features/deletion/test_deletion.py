"""DELETE /api/users/me, and the ways to keep an account that is about to be deleted."""

import re

import pytest

from support import PASSWORD, assert_problem, at_once, nothing_changes
from support.checks import assert_token_schema, error_fields

DAY = 24 * 3600
HTML = {"Accept": "text/html"}


def delete(account, email: str | None = None, **more):
    body = {"email": account.email if email is None else email}
    return account.server.delete("/api/users/me", bearer=account.access, json=body, **more)


def mails_about(account, subject: str) -> list:
    return [mail for mail in account.server.mails(account.email) if subject in mail.subject]


def newest_mail(account, subject: str):
    return account.server.wait(lambda: (mails := mails_about(account, subject)) and mails[-1], f"a mail: {subject}")


def keep_path(account) -> str:
    return re.search(r"(/api/auth/keep_account/\S+)", newest_mail(account, "will be deleted").text)[1]


def step_of(account) -> str:
    problem = assert_problem(account.try_login(), 401, "account_deletion_scheduled")
    assert problem["methods"] == ["keep_account"] and problem["error"] == "mfa_required"
    return problem["login_token"]


def is_there(server, account) -> bool:
    with server.db() as db:
        return db.execute(f"SELECT count(*) FROM users WHERE id = {account.id}").fetchone() == (1,)


def keep_step(server, login_token: str):
    return server.post("/api/auth/login/keep_account", json={"login_token": login_token})


@pytest.fixture
def leaving(server):
    """An account whose owner has asked for its end."""
    account = server.user()
    account.answer = delete(account)
    assert account.answer.status_code == 200, account.answer.text
    return account


def test_L40_the_account_ends_after_the_grace_and_its_sessions_at_once(make_server):
    server = make_server()
    account, neighbour = server.user(), server.user()
    answer = delete(account)
    assert answer.status_code == 200 and answer.json()["message"] == "The account will be deleted"
    assert_problem(account.me(), 401, "invalid_token")
    assert_problem(account.try_refresh(), 401, "invalid_token")
    assert_problem(account.try_login(), 401, "account_deletion_scheduled")
    assert "127.0.0.1" in newest_mail(account, "will be deleted").text
    subject = next(row["target"] for row in server.audit() if row["event"] == "deletion_scheduled")
    server.clock.advance(14 * DAY + 600)
    newest_mail(account, "was deleted")
    assert not is_there(server, account)
    assert_problem(account.try_login(), 401, "invalid_credentials")
    entries = [row for row in server.audit() if row["target"] == subject]
    assert len(entries) > 3 and {(row["address"], row["detail"]) for row in entries} == {("", "")}
    assert is_there(server, neighbour)


def test_L41_the_link_shows_a_page_with_a_button_and_keeps_the_account(server, leaving):
    path = keep_path(leaving)
    with nothing_changes(server):
        page = server.get(path, headers=HTML)
        assert page.status_code == 200 and "Keep your account?" in page.text and 'method="post"' in page.text
        assert server.get(path).json() == {"message": "Send a POST to this address to keep the account"}
    done = server.post(path, headers=HTML)
    assert done.status_code == 200 and "Your account stays" in done.text
    newest_mail(leaving, "stays")
    with nothing_changes(server):
        assert_problem(server.post(path), 400, "invalid_link")
        assert_problem(server.get(path), 400, "invalid_link")
        assert server.get(path, headers=HTML).status_code == 400
    assert leaving.try_login().status_code == 200


def test_L41_a_program_keeps_it_with_a_post(server, leaving):
    response = server.post(keep_path(leaving))
    assert (response.status_code, response.json()) == (200, {"message": "The account stays"})


@pytest.mark.parametrize("token", ["x", "x.y.z", "a" * 4000])
def test_L41_a_token_that_we_did_not_make_is_400(server, token):
    with nothing_changes(server):
        assert_problem(server.post(f"/api/auth/keep_account/{token}"), 400, "invalid_link")


def test_C04_tokens_of_other_kinds_keep_nothing(server, leaving):
    other, step = server.user(), step_of(leaving)
    with nothing_changes(server):
        for token in (other.access, other.refresh, step):
            assert_problem(server.post(f"/api/auth/keep_account/{token}"), 400, "invalid_link")
    link = keep_path(leaving).rsplit("/", 1)[1]
    with nothing_changes(server):
        assert_problem(keep_step(server, link), 401, "invalid_login_token")


def test_L41_the_mail_says_what_client_asked_and_its_other_link_takes_the_account_back(server, leaving):
    mail = newest_mail(leaving, "will be deleted")
    for part in (mail.text, mail.html):
        assert re.search(r"came from an unknown client at the network address 127\.0\.0\.1", part)
        assert "/api/auth/keep_account/" in part and "/api/auth/not_me/" in part
    path = re.search(r"(/api/auth/not_me/\S+)", mail.text)[1]
    assert server.post(path).status_code == 200
    assert_problem(server.post(keep_path(leaving)), 400, "invalid_link")
    assert_problem(leaving.try_login(), 401, "invalid_credentials")
    assert is_there(server, leaving)


def test_L41_the_mail_that_an_account_was_kept_has_a_way_back_too(server, leaving):
    assert server.post(keep_path(leaving)).status_code == 200
    notice = newest_mail(leaving, "stays").text
    assert "127.0.0.1" in notice
    assert server.post(re.search(r"(/api/auth/not_me/\S+)", notice)[1]).status_code == 200


def test_L42_a_sign_in_keeps_the_account_as_its_last_step(server, leaving):
    link = keep_path(leaving)  # a mail that waits is dropped when the account stays
    token = step_of(leaving)
    leaving.tokens = assert_token_schema(keep_step(server, token))
    assert leaving.me().status_code == 200
    assert_problem(keep_step(server, token), 401, "invalid_login_token")
    assert leaving.try_login().status_code == 200
    assert_problem(server.post(link), 400, "invalid_link")


def test_L42_a_new_password_by_mail_stops_no_deletion(server, leaving):
    assert server.post("/api/auth/password/forgotten", json={"email": leaving.email}).status_code == 200
    token = re.search(r"/password/new/(\S+)", newest_mail(leaving, "new password").text)[1]
    leaving.password = "another-horse-battery"
    assert server.post("/api/auth/password/reset", json={"token": token, "password": leaving.password}).status_code == 200
    leaving.tokens = assert_token_schema(keep_step(server, step_of(leaving)))
    assert leaving.me().status_code == 200


def test_L42_a_mailed_code_and_the_step_keep_it_too(server, leaving):
    handle = server.post("/api/auth/login/code/request", json={"email": leaving.email}).json()["handle"]
    code = re.match(r"\d{8}", newest_mail(leaving, "Your code").text)[0]
    problem = assert_problem(server.post("/api/auth/login/code", json={"handle": handle, "code": code}), 401,
                             "account_deletion_scheduled")
    assert_token_schema(keep_step(server, problem["login_token"]))


def test_L43_of_many_that_keep_it_at_once_one_does(server, leaving):
    path = keep_path(leaving)
    answers = at_once(lambda: server.post(path).status_code, times=40)
    assert sorted(answers) == [200] + [400] * 39


def test_L44_the_last_administrator_can_not_leave(make_server):
    server = make_server()
    admin = server.admin()
    admin.login()
    with nothing_changes(server, besides=("audit", "state")):
        assert_problem(delete(admin), 409, "last_administrator")
    assert admin.me().status_code == 200


@pytest.mark.parametrize("typed", ["", "no address", "somebody.else@example.com"])
def test_L45_the_address_must_be_typed_again(server, user, typed):
    with nothing_changes(server):
        problem = assert_problem(delete(user, typed), 422, "validation_failed")
    assert error_fields(problem) == {"body.email"}
    assert user.me().status_code == 200


def test_L45_a_sign_in_of_long_ago_is_not_enough(make_server):
    server = make_server()
    account = server.user()
    account.login()
    server.clock.advance(11 * 60)
    with nothing_changes(server):
        response = delete(account)
        assert_problem(response, 401, "recent_sign_in_required")
        assert 'error="insufficient_user_authentication"' in response.headers["WWW-Authenticate"]
        assert_problem(server.delete("/api/users/me", json={"email": account.email}), 401, "invalid_token")
    account.login()
    assert delete(account).status_code == 200


def test_L46_without_a_grace_it_is_gone_at_once(make_server):
    server = make_server({"accounts.deletion_grace": "0s"})
    account = server.user()
    response = delete(account)
    assert response.status_code == 200 and response.json()["message"] == "The account has been deleted"
    assert not is_there(server, account)
    newest_mail(account, "was deleted")
    assert_problem(account.try_login(PASSWORD), 401, "invalid_credentials")


def test_the_address_stays_taken_during_the_grace(server, leaving):
    body = {"email": leaving.email, "username": "new_user", "password": "another-horse-battery"}
    assert_problem(server.post("/api/auth/signup", json=body), 409, "account_exists")
