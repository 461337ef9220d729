"""Another address: users/me/email, users/me/email/confirm, auth/email_change/{token} and auth/undo/{token}."""

import re

import pytest

from support import PASSWORD, SmtpSink, assert_problem, at_once, nothing_changes, unique_email
from support.checks import error_fields

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


def ask(account, email: str, **more):
    return account.server.post("/api/users/me/email", json={"email": email, **more}, bearer=account.access)


def link_in(server, address: str, what: str) -> str:
    """The path of the newest link of a kind that was mailed to an address."""
    def newest():
        found = [re.search(rf"/api/auth/{what}/\S+", mail.text) for mail in server.mails(address)]
        return [match[0] for match in found if match]
    return server.wait(newest, f"a mail with {what} to {address}")[-1]


@pytest.fixture
def asked(server):
    """A signed-in account whose owner has asked for another address."""
    account = server.user()
    account.old, account.new = account.email, unique_email("new")
    account.handle = ask(account, account.new).json()["handle"]
    account.link = link_in(server, account.new, "email_change")
    account.code = re.search(r"(\d{8}) is your code", server.mails(account.new)[-1].text)[1]
    return account


@pytest.fixture
def moved(server, asked):
    """The same once the address is changed."""
    assert server.post(asked.link).json() == {"message": "Address changed"}
    asked.email = asked.new
    asked.undo = link_in(server, asked.old, "undo")
    return asked


def test_nothing_changes_before_the_new_address_confirms(server, asked):
    assert asked.me().json()["email"] == asked.old
    assert "nothing has changed yet" in server.wait_mail(asked.old, 2)[-1].text.lower().replace("\n", " ")
    assert asked.try_login().status_code == 200


def test_the_link_changes_the_address_by_a_post_alone(server, asked):
    with nothing_changes(server):
        page = server.get(asked.link, headers=HTML)
        assert page.status_code == 200 and asked.new in page.text and "<button" in page.text
        assert "Send a POST" in server.get(asked.link).json()["message"]
        assert server.request("HEAD", asked.link).status_code == 200
    done = server.post(asked.link, headers=HTML)
    assert done.status_code == 200 and "has been changed" in done.text
    assert asked.me().json()["email"] == asked.new
    assert_problem(asked.try_login(), 401, "invalid_credentials")
    asked.email = asked.new
    assert asked.try_login().status_code == 200
    with nothing_changes(server):
        assert_problem(server.post(asked.link), 400, "invalid_link")
        assert server.post(asked.link, headers=HTML).status_code == 400


def test_the_code_changes_the_address_for_its_owner_alone(server, asked, user):
    confirm = {"handle": asked.handle, "code": asked.code}
    with nothing_changes(server):
        assert_problem(server.post("/api/users/me/email/confirm", json=confirm, bearer=user.access), 400, "invalid_link")
        assert_problem(server.post("/api/users/me/email/confirm", json=confirm), 401, "invalid_token")
    answer = server.post("/api/users/me/email/confirm", json=confirm, bearer=asked.access)
    assert (answer.status_code, answer.json()) == (200, {"message": "Address changed"})
    assert asked.me().json()["email"] == asked.new


def test_other_sessions_end_and_the_one_that_asked_goes_on(server):
    account = server.user()
    first = account.access
    account.login()
    new = unique_email("new")
    assert ask(account, new).status_code == 200
    assert server.post(link_in(server, new, "email_change")).status_code == 200
    assert_problem(account.me(first), 401, "invalid_token")
    assert account.me().status_code == 200


def test_C44_of_many_at_once_one_changes_the_address(server, asked):
    answers = at_once(lambda: server.post(asked.link).status_code, times=8)
    assert sorted(answers) == [200] + [400] * 7


def test_C42_an_address_that_is_taken_is_answered_the_same(server, user):
    known, free = server.user(), unique_email("free")
    other = server.user()
    answers = [ask(user, known.email), ask(other, free)]
    first, second = (answer.json() for answer in answers)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert first["message"] == second["message"] and len(first["handle"]) == len(second["handle"])
    server.wait_mail(free)
    assert len(server.mails_settled(known.email)) == 1, "its confirmation alone"


def test_C40_a_token_that_was_stolen_later_changes_no_address(make_server):
    server = make_server()
    account = server.user()
    server.clock.advance(11 * 60)
    account.rotate()
    with nothing_changes(server):
        refused = ask(account, unique_email("thief"))
        assert_problem(refused, 401, "recent_sign_in_required")
    assert "insufficient_user_authentication" in refused.headers["WWW-Authenticate"]


@pytest.mark.parametrize("email", ["", "no address", "a@b", "a@b\r\n.example"])
def test_what_is_no_address_is_422(server, user, email):
    with nothing_changes(server):
        problem = assert_problem(ask(user, email), 422, "validation_failed")
    assert error_fields(problem) == {"body.email"}
    with nothing_changes(server):
        assert_problem(ask(user, user.email.upper().replace("EXAMPLE.COM", "example.com")), 422)


def test_C46_the_old_address_takes_the_account_back(server, moved):
    with nothing_changes(server):
        page = server.get(moved.undo, headers=HTML)
        assert page.status_code == 200 and moved.old in page.text
        assert server.get(moved.undo).status_code == 200
    assert server.post(moved.undo).json() == {"message": "The account was taken back"}
    assert_problem(moved.me(), 401, "invalid_token")
    for email in (moved.old, moved.new):
        moved.email = email
        assert_problem(moved.try_login(), 401, "invalid_credentials")
    # A new password by a mail to the old address is the way in.
    assert server.post("/api/auth/password/forgotten", json={"email": moved.old}).status_code == 200
    text = server.wait(lambda: [mail for mail in server.mails(moved.old) if "/password/new/" in mail.text], "a reset mail")[-1].text
    token = re.search(r"/password/new/(\S+)", text)[1]
    reset = {"token": token, "password": "one more good password"}
    assert server.post("/api/auth/password/reset", json=reset).status_code == 200
    moved.email = moved.old
    assert moved.try_login("one more good password").status_code == 200
    with nothing_changes(server):
        assert_problem(server.post(moved.undo), 400, "invalid_link")


def test_C49_the_old_address_stays_taken_while_the_undo_is_open(server, moved):
    with nothing_changes(server):
        taken = {"email": moved.old, "username": "somebody", "password": PASSWORD}
        assert_problem(server.post("/api/auth/signup", json=taken), 409, "account_exists")
        assert_problem(ask(moved, unique_email("third")), 409, "address_changed_lately")
    assert "take" in server.cli_refused("user", "add", "--email", moved.old, "--username", "somebody", "--password-stdin",
                                        input=PASSWORD)


def test_C48_after_seven_days_it_is_free(make_server):
    server = make_server()
    account = server.user()
    old, new = account.email, unique_email("new")
    assert ask(account, new).status_code == 200
    assert server.post(link_in(server, new, "email_change")).status_code == 200
    undo = link_in(server, old, "undo")
    server.clock.advance(7 * 24 * 3600)
    with nothing_changes(server, besides=("sessions", "scheduled", "mail_codes")):
        assert_problem(server.post(undo), 400, "invalid_link")
    assert server.signup(old).email == old


def test_each_mail_goes_by_smtp_to_the_mailbox_that_it_is_for(make_server):
    firefox = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
    with SmtpSink() as sink:
        server = make_server({"mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "latchkey@example.com"})
        account = server.signup()
        assert server.get(sink.wait_for(account.email)[-1].mail.confirmation_path).status_code == 200
        account.login()
        new = unique_email("new")
        asked = server.post("/api/users/me/email", json={"email": new}, bearer=account.access, headers=firefox)
        assert asked.status_code == 200
        notice = sink.wait_for(account.email, 2)[-1].mail.text
        assert new in notice and "Firefox on Linux" in notice and "127.0.0.1" in notice
        link = re.search(r"/api/auth/email_change/\S+", sink.wait_for(new)[-1].mail.text)[0]
        assert server.post(link).status_code == 200
        assert "/api/auth/undo/" in sink.wait_for(account.email, 3)[-1].mail.text
        assert "/api/auth/not_me/" in sink.wait_for(new, 2)[-1].mail.text
