"""An authenticator app as a second factor, seen from outside."""

import pyotp
import pytest

from support import Server, assert_problem, at_once, nothing_changes
from support.factors import (App, assert_asks_for_proof, assert_step, begin, confirm, factors, login_token, sudo,
                             try_recovery, try_totp)

COUNTED = ("users",)  # where a wrong code is counted
# What expires while a test moves the clock is removed at some time.
SWEPT = ("spent",)


@pytest.fixture(scope="module")
def served():
    """One whose clock these tests move."""
    with Server() as server:
        yield server


@pytest.fixture
def app(served) -> App:
    return App(served.user())


def test_what_an_app_is_shown_is_what_apps_read(served):
    account = served.user()
    begun = begin(account)
    assert set(begun) == {"secret", "uri", "enrolment", "expires_in"} and begun["expires_in"] == 600
    read = pyotp.parse_uri(begun["uri"])
    assert isinstance(read, pyotp.TOTP) and read.secret == begun["secret"] and (read.digits, read.interval) == (6, 30)
    assert read.name == account.email and read.issuer
    assert begun["secret"] not in begun["enrolment"]


def test_from_the_first_code_on_sign_in_needs_one(served, app):
    account = app.account
    assert len(set(app.recovery_codes)) == 10
    problem = assert_step(account.try_login())
    assert problem["methods"] == ["totp", "recovery_code"]
    assert try_totp(served, problem["login_token"], app.code()).status_code == 200
    found = factors(account)
    assert found["totp"]["created_at"] <= found["totp"]["last_used_at"]
    assert (found["passkeys"], found["recovery_codes_left"]) == ([], 10)


def test_the_owner_is_told_with_a_way_to_take_it_back(served, app):
    mail = served.wait(lambda: [mail for mail in served.mails(app.account.email) if "was added" in mail.subject], "a mail")[0]
    assert "authenticator app" in mail.text and "127.0.0.1" in mail.text
    assert "/not_me/" in mail.text
    assert app.totp.secret not in mail.text


def test_an_account_without_factors_sees_nothing_new(served):
    account = served.user()
    assert factors(account) == {"totp": None, "passkeys": [], "recovery_codes_left": 0}
    account.login()


@pytest.mark.parametrize("body", [{}, {"enrolment": "x"}, {"code": "123456"}, {"enrolment": 1, "code": "123456"},
                                  {"enrolment": "x", "code": "1" * 65}])
def test_a_malformed_confirmation_is_refused(served, body):
    account = served.user()
    with nothing_changes(served, besides=SWEPT):
        assert_problem(served.request("PUT", "/api/users/me/totp", bearer=account.access, json=body), 422, "validation_failed")


def test_FA04_a_wrong_first_code_changes_nothing(served):
    account = served.user()
    begun = begin(account)
    right = pyotp.TOTP(begun["secret"]).at(int(served.clock.now()))
    with nothing_changes(served, besides=SWEPT):
        assert_problem(confirm(account, begun["enrolment"], f"{(int(right) + 1) % 10**6:06d}"), 401, "invalid_code")
        assert_problem(confirm(account, begun["enrolment"][:-2], right), 401, "invalid_code")
    account.login()


def test_FA05_a_set_up_that_is_given_up_leaves_the_app(served, app):
    with nothing_changes(served, besides=SWEPT):
        begin(app.account)
    app.login()


def test_FA04_FA06_every_change_asks_for_a_recent_proof(served):
    account = served.user()
    begun = begin(account)
    served.clock.advance(601)
    with nothing_changes(served, besides=SWEPT):
        assert_asks_for_proof(served.post("/api/users/me/totp", bearer=account.access))
        assert_asks_for_proof(confirm(account, begun["enrolment"], "123456"))
        assert_asks_for_proof(served.delete("/api/users/me/totp", bearer=account.access))
        assert_asks_for_proof(served.post("/api/users/me/recovery_codes", bearer=account.access))
    assert sudo(account, password=account.password).status_code == 204
    begin(account)


def test_FA01_of_many_at_once_with_one_code_one_signs_in(served, app):
    code = app.code()
    tokens = [login_token(app.account) for _ in range(12)]
    answers = at_once(*(lambda token=token: try_totp(served, token, code).status_code for token in tokens))
    assert answers.count(200) == 1 and set(answers) <= {200, 401, 429}, answers


def test_FA03_wrong_codes_lock_the_app_and_only_the_app(served, app):
    token = login_token(app.account)
    for _ in range(5):
        with nothing_changes(served, besides=SWEPT + COUNTED):
            assert_problem(try_totp(served, token, app.wrong_code()), 401, "invalid_code")
    with nothing_changes(served, besides=SWEPT):
        refused = try_totp(served, token, app.code())
        assert_problem(refused, 429, "too_many_attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    answer = served.post("/api/auth/login/recovery_code", json={"login_token": token, "code": app.recovery_codes[0]})
    assert answer.status_code == 200
    served.cli_ok("user", "unlock", app.account.email)
    app.login()


def test_FA06_removing_it_tells_the_owner_and_the_password_is_enough_again(served, app):
    account = app.account
    other = app.login()
    app.login()
    assert served.delete("/api/users/me/totp?end_other_sessions=true", bearer=account.access).status_code == 204
    assert account.me(other["access_token"]).status_code == 401
    served.wait(lambda: any("was removed" in mail.subject for mail in served.mails(account.email)), "a mail")
    assert factors(account) == {"totp": None, "passkeys": [], "recovery_codes_left": 0}
    with nothing_changes(served, besides=SWEPT):
        assert_problem(served.delete("/api/users/me/totp", bearer=account.access), 404, "factor_not_found")
    account.login()


def test_P08_FA09_a_new_password_by_mail_leaves_the_second_factor(served, app):
    account = app.account
    handle = served.post("/api/auth/password/forgotten", json={"email": account.email}).json()["handle"]
    text = served.wait(lambda: [mail for mail in served.mails(account.email) if "is your code" in mail.text], "a mail")[-1].text
    answer = served.post("/api/auth/password/reset", json={"handle": handle, "code": text[:8], "password": "another-horse-battery"})
    assert answer.status_code == 200 and "access_token" not in answer.text
    account.password = "another-horse-battery"
    assert_problem(account.me(), 401, "invalid_token")
    app.login()


def test_FA12_an_operator_removes_a_lost_app_at_once(served, app):
    account = app.account
    shown = served.cli_ok("user", "show", account.email)
    assert "authenticator" in shown and "10 left" in shown
    with nothing_changes(served, besides=SWEPT):
        served.cli_refused("user", "remove-factor", account.email, "totp")
        served.cli_refused("user", "remove-factor", "--now", account.email, "passkeys")
        served.cli_refused("user", "remove-factor", "--now", account.email, "nonsense")
    served.cli_ok("user", "remove-factor", "--now", account.email, "totp")
    served.wait(lambda: any("was removed" in mail.subject for mail in served.mails(account.email)), "a mail")
    with served.db() as db:
        entry = db.execute("SELECT actor, detail FROM audit WHERE event = 'factor_removed' ORDER BY id DESC LIMIT 1").fetchone()
    assert tuple(entry) == ("operator", "totp")
    account.login()


def test_no_secret_of_an_app_is_in_the_store_or_the_log(served, app):
    app.login()
    raw = app.totp.byte_secret()
    for path in served.data_dir.glob("latchkey.db*"):
        content = path.read_bytes()
        assert raw not in content and app.totp.secret.encode() not in content
        assert not any(code.encode() in content or code.replace("-", "").encode() in content for code in app.recovery_codes)
    assert app.totp.secret not in served.stderr


def test_FA21_the_hundredth_wrong_code_closes_the_app_and_tells_the_owner_once(served, app):
    account = app.account
    for _ in range(100):
        assert_problem(try_totp(served, login_token(account), app.wrong_code()), 401, "invalid_code")
        served.clock.advance(3600)
    for _ in range(2):
        assert_problem(try_totp(served, login_token(account), app.code()), 429, "too_many_attempts")
    shown = served.cli_ok("user", "show", account.email)
    assert "100 wrong codes in a row; refused until another factor is used" in shown and "9999" not in shown
    mails = [mail for mail in served.mails_settled(account.email) if "guessing your codes" in mail.subject]
    assert len(mails) == 1 and "127.0.0.1" in mails[0].text and "/not_me/" in mails[0].text
    assert try_recovery(served, login_token(account), app.recovery_codes[0]).status_code == 200
    app.login()
