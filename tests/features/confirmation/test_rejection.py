"""POST /api/auth/rejected_email/{token}: "this was not me"; and what links do to an account that is blocked."""

import pytest

from support import assert_problem, at_once, nothing_changes
from support.confirmation import BROWSER, answer, bad, confirmed, is_page, link, rejecting

REMOVED = (200, {"message": "Account removed"})


@pytest.fixture
def account(server):
    return server.signup()


def test_looking_at_the_rejection_consumes_nothing(server, account):
    path = rejecting(link(account))
    with nothing_changes(server):
        page = server.get(path, headers=BROWSER)
        assert page.status_code == 200 and is_page(page) and "<form" in page.text
        assert server.get(path).status_code == 200
        server.request("HEAD", path)
    account.confirm()


def test_rejecting_removes_the_account_and_frees_the_address(server, account):
    path = link(account)
    assert answer(server.post(rejecting(path))) == REMOVED
    assert_problem(account.try_login(), 401, "invalid_credentials")
    bad(server.get(path))
    bad(server.post(rejecting(path)))
    owner = server.signup(account.email, password="the-owners-own-password")
    server.wait_mail(account.email, 2)
    bad(server.get(path)), "a link of the removed account does not confirm the new one"
    assert not confirmed(owner)
    assert owner.id != account.id


def test_rejecting_answers_a_browser_with_a_page(server, account):
    response = server.post(rejecting(link(account)), headers=BROWSER)
    assert response.status_code == 200 and is_page(response)
    assert_problem(account.try_login(), 401, "invalid_credentials")


def test_a_confirmed_account_can_not_be_rejected(server, account):
    path = link(account)
    account.confirm()
    with nothing_changes(server):
        bad(server.post(rejecting(path)))
    account.login()


def test_of_confirming_and_rejecting_in_parallel_one_wins(server):
    for _ in range(6):
        account = server.signup()
        path = link(account)
        one, other = at_once(lambda: server.post(path), lambda: server.post(rejecting(path)))
        assert sorted([one.status_code, other.status_code]) == [200, 400]
        assert (account.try_login().status_code == 200) == (one.status_code == 200)


# A blocked user -----------------------------------------------------------------------------------


def test_B09_F43_no_link_removes_a_blocked_account(server, account):
    path = link(account)
    server.block(account)
    with nothing_changes(server):
        bad(server.post(rejecting(path)))
        assert server.post(rejecting(path), headers=BROWSER).status_code == 400
        assert_problem(server.post("/api/auth/signup", json={"email": account.email, "username": "another",
                                                             "password": "quite-another-password"}), 409, "account_exists")
    assert_problem(account.try_login(), 403, "account_blocked")


def test_a_blocked_user_who_confirms_stays_blocked(server, account):
    path = link(account)
    server.block(account)
    assert server.get(path).status_code in (200, 400)
    assert account.try_login().status_code in (401, 403)
