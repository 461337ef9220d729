"""PATCH /api/users/me."""

import pytest

from support import PASSWORD, assert_problem, at_once, nothing_changes
from support.checks import error_fields


def patch(account, **members):
    return account.server.request("PATCH", "/api/users/me", json=members, bearer=account.access)


def test_the_name_is_changed_and_the_rest_stays(user):
    before = user.me().json()
    answer = patch(user, username="  Ada Lovelace ")
    assert answer.status_code == 200 and answer.json()["username"] == "Ada Lovelace"
    after = user.me().json()
    assert after == answer.json()
    assert {name for name in after if after[name] != before[name]} == {"username", "updated_at"}


def test_what_is_left_out_changes_nothing(server, user):
    with nothing_changes(server):
        assert patch(user).json()["username"] == user.me().json()["username"]


@pytest.mark.parametrize("username", ["ab", "x" * 51, "   ", "a\nb"])
def test_a_bad_name_is_422(server, user, username):
    with nothing_changes(server):
        assert error_fields(assert_problem(patch(user, username=username), 422)) == {"body.username"}


@pytest.mark.parametrize("language", ["x" * 9, "de_AT", "-", "de-", "../../etc", "e" * 36])
def test_what_is_no_language_tag_is_422(server, user, language):
    with nothing_changes(server):
        assert error_fields(assert_problem(patch(user, username="Ada", language=language), 422)) == {"body.language"}


def test_mails_are_in_the_language_of_the_account(make_server, tmp_path):
    (tmp_path / "password_replaced/de").mkdir(parents=True)
    (tmp_path / "password_replaced/de/subject.txt").write_text("Ihr Passwort wurde geändert")
    server = make_server({"mail.templates_dir": str(tmp_path)})
    account = server.user()
    assert patch(account, language="de-AT").status_code == 200
    change = {"password": "another-horse-battery", "current_password": PASSWORD}
    french = {"Accept-Language": "fr"}
    assert server.request("PUT", "/api/users/me/password", json=change, bearer=account.access, headers=french).status_code == 200
    assert server.wait_mail(account.email, 2)[-1].subject == "Ihr Passwort wurde geändert"
    assert patch(account, language="").status_code == 200


def test_unique_names_are_decided_by_the_constraint(make_server):
    server = make_server({"accounts.unique_usernames": "true"})
    accounts = [server.user(username=f"member {i}") for i in range(6)]
    with nothing_changes(server):
        assert_problem(patch(accounts[0], username="MEMBER 1"), 409, "username_taken")
    assert patch(accounts[0], username="Member 0").status_code == 200, "one's own name in other letters"
    answers = at_once(*[lambda account=account: patch(account, username="Wanted").status_code for account in accounts])
    assert sorted(answers) == [200] + [409] * 5


def test_RL24_an_account_is_changed_sixty_times_an_hour_and_its_owner_can_still_end_sessions(make_server):
    server = make_server(limits=True)
    account = server.user()
    for number in range(60):
        assert patch(account, username=f"Ada {number}").status_code == 200
    with nothing_changes(server):
        refused = assert_problem(patch(account, username="Ada at last"), 429, "too_many_requests")
        assert "many" in refused["detail"]
        assert_problem(server.get("/api/users/me/export", bearer=account.access), 429, "too_many_requests")
        assert_problem(server.post("/api/users/me/totp", bearer=account.access), 429, "too_many_requests")
    assert account.me().status_code == 200
    other = server.user()
    assert patch(other, username="Grace").status_code == 200, "each account has its own"
    assert server.post("/api/auth/logout_all", bearer=account.access).status_code == 200
    assert_problem(account.me(), 401, "invalid_token")
