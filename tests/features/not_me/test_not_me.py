"""auth/not_me/{token}: the link of every notice."""

import re

import pytest

from support import PASSWORD, assert_problem, at_once, nothing_changes

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def robbed(server):
    """An account whose password a thief has changed, with the link of the notice."""
    account = server.user()
    change = {"password": "a password of the thief", "current_password": PASSWORD}
    assert server.request("PUT", "/api/users/me/password", json=change, bearer=account.access).status_code == 200
    notice = server.wait_mail(account.email, 2)[-1]
    account.link = re.search(r"/api/auth/not_me/\S+", notice.text)[0]
    assert account.link in notice.html
    return account


def test_a_scanner_that_opens_the_link_changes_nothing(server, robbed):
    with nothing_changes(server):
        page = server.get(robbed.link, headers=HTML)
        assert page.status_code == 200 and "Take the account back" in page.text and "new_user" in page.text
        assert "Send a POST" in server.get(robbed.link).json()["message"]
        assert server.request("HEAD", robbed.link).status_code == 200


def test_C52_the_owner_takes_the_account_back(server, robbed):
    done = server.post(robbed.link, headers=HTML)
    assert done.status_code == 200 and "yours again" in done.text
    assert_problem(robbed.me(), 401, "invalid_token")
    assert_problem(robbed.try_login("a password of the thief"), 401, "invalid_credentials")
    assert "yours again" in server.wait_mail(robbed.email, 3)[-1].subject
    assert server.post("/api/auth/password/forgotten", json={"email": robbed.email}).status_code == 200
    token = re.search(r"/password/new/(\S+)", server.wait_mail(robbed.email, 4)[-1].text)[1]
    reset = {"token": token, "password": "one more good password"}
    assert server.post("/api/auth/password/reset", json=reset).status_code == 200
    assert robbed.try_login("one more good password").status_code == 200, "no step is left"


def test_C53_of_many_at_once_one_wins(server, robbed):
    answers = at_once(lambda: server.post(robbed.link).status_code, times=8)
    assert sorted(answers) == [200] + [400] * 7
    with nothing_changes(server):
        assert_problem(server.post(robbed.link), 400, "invalid_link")
        assert server.get(robbed.link, headers=HTML).status_code == 400


def test_C04_the_tokens_of_notices_open_nothing_else(server, robbed):
    token = robbed.link.rsplit("/", 1)[1]
    with nothing_changes(server):
        for what in ("undo", "email_change"):
            assert_problem(server.post(f"/api/auth/{what}/{token}"), 400, "invalid_link")
        assert_problem(server.post("/api/auth/password/reset", json={"token": token, "password": "one more good password"}), 400,
                       "invalid_link")
        assert_problem(server.post("/api/auth/login/new_password", json={"login_token": token, "password": "one more good password"}),
                       401, "invalid_login_token")
        assert_problem(robbed.me(token), 401, "invalid_token")
