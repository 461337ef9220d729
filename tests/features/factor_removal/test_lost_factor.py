"""All second factors are lost: what the owner does, and what a thief of the password can not."""

import re

import pytest

from support import Server, assert_problem, at_once, nothing_changes
from support.checks import assert_token_schema, assert_utc_time
from support.factors import App, assert_step, login_token

DAY = 24 * 3600
HTML = {"Accept": "text/html"}
LOST = "/api/auth/login/lost_factor"
# What expires while a test moves the clock is removed at some time.
SWEPT = ("spent", "mail_codes", "sessions")


@pytest.fixture(scope="module")
def served():
    """One whose clock these tests move."""
    with Server() as server:
        yield server


@pytest.fixture
def app(served) -> App:
    return App(served.user())


def mails_about(account, subject: str) -> list:
    return [mail for mail in account.server.mails(account.email) if subject in mail.subject]


def wait_mails(account, subject: str, count: int) -> list:
    return account.server.wait(lambda: len(mails := mails_about(account, subject)) >= count and mails,
                               f"{count} mail(s): {subject}")


def mailed_code(account) -> dict:
    """What takes part in the step of a mailed code."""
    server = account.server
    before = len(mails_about(account, "Your code"))
    asked = server.post("/api/auth/login/code/request", json={"email": account.email})
    assert asked.status_code == 200
    mail = wait_mails(account, "Your code", before + 1)[-1]
    return {"handle": asked.json()["handle"], "code": re.match(r"(\d{8}) is your code", mail.text)[1]}


def proved_token(account) -> str:
    """The login token of a sign-in that has proved the password and the mailbox."""
    body = {"login_token": login_token(account), **mailed_code(account)}
    return assert_step(account.server.post("/api/auth/login/code", json=body))["login_token"]


def lost(server, token: str):
    return server.post(LOST, json={"login_token": token})


def stop_path(account, count: int = 1) -> str:
    return re.search(r"(/api/auth/keep_factors/\S+)", wait_mails(account, "will be removed", count)[-1].text)[1]


def test_FA24_from_the_sign_in_to_the_password_alone(served, app):
    account = app.account
    token = proved_token(account)
    asked_at = served.clock.now()
    answer = lost(served, token)
    assert answer.status_code == 200 and set(answer.json()) == {"message", "due_at"}
    due = assert_utc_time(answer.json()["due_at"]).timestamp()
    assert due == pytest.approx(asked_at + 7 * DAY, abs=60)
    assert_problem(lost(served, token), 401, "invalid_login_token")
    assert lost(served, proved_token(account)).json() == answer.json(), "asking again changes nothing"
    first, = wait_mails(account, "will be removed", 1)
    assert "says that its second factors are lost" in first.text and "127.0.0.1" in first.text
    assert "administrator" not in first.text
    assert_step(account.try_login())

    served.clock.advance(3.5 * DAY + 600)
    reminder = wait_mails(account, "will be removed", 2)[-1]
    assert "reminder" in reminder.text
    assert_step(account.try_login())
    served.clock.advance(3.5 * DAY)
    removed, = wait_mails(account, "was removed", 1)
    assert "/not_me/" in removed.text
    account.login()
    assert served.get("/api/users/me/factors", bearer=account.access).json() == {
        "totp": None, "passkeys": [], "recovery_codes_left": 0}
    subject = account.me().json()["id"]
    with served.db() as db:
        assert db.execute(f"SELECT count(*) FROM scheduled WHERE user_id = {subject}").fetchone()[0] == 0
    events = [row["event"] for row in served.audit()]
    assert "factor_removal_asked" in events and "factor_removed" in events
    assert len(mails_about(account, "will be removed")) == 2


def test_FA24_the_password_alone_and_the_mailbox_alone_remove_nothing(served, app):
    account = app.account
    by_password = login_token(account)
    by_code = assert_step(served.post("/api/auth/login/code", json=mailed_code(account)))["login_token"]
    with nothing_changes(served, besides=SWEPT):
        for token in (by_password, by_code, "", "a.b.c", account.access, account.refresh):
            assert_problem(lost(served, token), 401, "invalid_login_token")
        assert_problem(served.post(LOST, json={}), 422, "validation_failed")


def test_FA24_the_mailbox_first_and_then_the_password_do(served, app):
    account = app.account
    by_code = assert_step(served.post("/api/auth/login/code", json=mailed_code(account)))["login_token"]
    body = {"login_token": by_code, "password": account.password}
    token = assert_step(served.post("/api/auth/login/password", json=body))["login_token"]
    assert lost(served, token).status_code == 200


def test_FA25_the_link_of_the_mail_stops_it_once(served, app):
    account = app.account
    assert lost(served, proved_token(account)).status_code == 200
    path = stop_path(account)
    with nothing_changes(served, besides=SWEPT):
        page = served.get(path, headers=HTML)
        assert page.status_code == 200 and "Keep your second factor?" in page.text and 'method="post"' in page.text
        assert served.get(path).json() == {"message": "Send a POST to this address to keep the second factors"}
        assert_problem(served.post(path + "A"), 400, "invalid_link")
    answers = at_once(lambda: served.post(path).status_code, times=10)
    assert sorted(answers) == [200] + [400] * 9
    with nothing_changes(served, besides=SWEPT):
        assert_problem(served.post(path), 400, "invalid_link")
        assert served.get(path, headers=HTML).status_code == 400
    served.clock.advance(8 * DAY)
    app.login()


def test_FA25_a_sign_in_with_the_factor_stops_it(served, app):
    account = app.account
    assert lost(served, proved_token(account)).status_code == 200
    path = stop_path(account)
    app.login()
    assert_problem(served.post(path), 400, "invalid_link")
    assert "factor_removal_stopped" in [row["event"] for row in served.audit()]
    served.clock.advance(8 * DAY)
    assert_step(account.try_login())
    assert mails_about(account, "was removed") == []


def test_an_account_without_factors_has_lost_none(served):
    account = served.user()
    body = {"handle": "x", "code": "12345678", "login_token": "x"}
    assert_problem(served.post("/api/auth/login/code", json=body), 401, "invalid_login_token")
    account.tokens = assert_token_schema(served.post("/api/auth/login/code", json=mailed_code(account)))


def test_with_a_delay_of_0_nobody_can_ask(make_server):
    server = make_server({"accounts.factor_removal_delay": "0s"})
    app = App(server.user())
    token = proved_token(app.account)
    with nothing_changes(server):
        assert_problem(lost(server, token), 403, "forbidden")
