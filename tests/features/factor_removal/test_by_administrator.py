"""DELETE /api/admin/users/{user_id}/factors/{kind}: an administrator removes what the owner of another account has lost, after
a delay in which the owner hears of it."""

import re

import pytest

from support import Account, Server, assert_problem, nothing_changes
from support.checks import assert_utc_time, error_fields
from support.factors import App, assert_asks_for_proof, assert_step, sudo

HOUR = 3600
# What expires while a test moves the clock is removed at some time.
SWEPT = ("spent", "sessions")


@pytest.fixture(scope="module")
def served():
    """One whose clock these tests move."""
    with Server() as server:
        yield server


@pytest.fixture
def admin(served) -> Account:
    """Who has just signed in."""
    account = served.admin()
    account.login()
    return account


@pytest.fixture
def app(served) -> App:
    return App(served.user())


def remove(caller: Account, user_id, kind: str = "totp"):
    return caller.server.delete(f"/api/admin/users/{user_id}/factors/{kind}", bearer=caller.access)


def wait_mails(account, subject: str, count: int) -> list:
    def found():
        mails = [mail for mail in account.server.mails(account.email) if subject in mail.subject]
        return len(mails) >= count and mails
    return account.server.wait(found, f"{count} mail(s): {subject}")


def stop_path(mail) -> str:
    return re.search(r"(/api/auth/keep_factors/\S+)", mail.text)[1]


def test_FA27_the_app_goes_after_three_days_and_three_mails(served, admin, app):
    account = app.account
    answer = remove(admin, account.id)
    assert answer.status_code == 200, answer.text
    due = assert_utc_time(answer.json()["due_at"]).timestamp()
    assert due == pytest.approx(served.clock.now() + 72 * HOUR, abs=60)
    assert remove(admin, account.id).json() == answer.json(), "asking again changes nothing"
    first, = wait_mails(account, "will be removed", 1)
    for text in (first.text, first.html):
        assert "an administrator has been asked" in " ".join(text.split()) and "authenticator app" in text
        assert "/api/auth/keep_factors/" in text
        assert "127.0.0.1" not in text and admin.email not in text, "who it was is nobody's business"
    entry, = [row for row in served.audit() if row["event"] == "factor_removal_asked" and row["detail"] == "totp"]
    assert (entry["target"], entry["actor"]) != ("", "") and entry["target"] != entry["actor"]
    assert_step(account.try_login())

    served.clock.advance(36 * HOUR + 600)
    assert "reminder" in wait_mails(account, "will be removed", 2)[-1].text
    assert_step(account.try_login())
    served.clock.advance(36 * HOUR)
    wait_mails(account, "was removed", 1)
    account.login()


def test_FA27_the_link_of_either_mail_stops_it(served, admin, app):
    account = app.account
    assert remove(admin, account.id, "all").status_code == 200
    path = stop_path(wait_mails(account, "will be removed", 1)[-1])
    served.clock.advance(36 * HOUR + 600)
    reminder = wait_mails(account, "will be removed", 2)[-1]
    page = served.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200 and account.user["username"] in page.text
    assert served.post(stop_path(reminder)).status_code == 200
    assert_problem(served.post(path), 400, "invalid_link")
    served.clock.advance(72 * HOUR)
    app.login()


def test_FA27_a_sign_in_with_the_factor_stops_it(served, admin, app):
    assert remove(admin, app.account.id).status_code == 200
    app.login()
    with served.db() as db:
        assert db.execute(f"SELECT count(*) FROM scheduled WHERE user_id = {app.account.id}").fetchone()[0] == 0


def test_FA27_who_may_ask_and_for_whom(served, admin, app):
    account = app.account
    without = served.user()
    with nothing_changes(served, besides=SWEPT):
        assert_problem(served.delete(f"/api/admin/users/{account.id}/factors/totp"), 401, "invalid_token")
        for caller in (account, without):
            assert_problem(remove(caller, account.id), 403, "forbidden")
        assert_problem(remove(admin, admin.id), 403, "forbidden")
        assert_problem(remove(admin, 999_999_999), 404, "user_not_found")
        assert_problem(remove(admin, without.id), 404, "factor_not_found")
        assert_problem(remove(admin, account.id, "passkeys"), 404, "factor_not_found")
        for user_id in ("x", "1.5", "99999999999999999999"):
            assert error_fields(assert_problem(remove(admin, user_id), 422)) == {"path.user_id"}
        for kind in ("TOTP", "password", "recovery_codes"):
            assert error_fields(assert_problem(remove(admin, account.id, kind), 422)) == {"path.kind"}
    served.block(account)
    with nothing_changes(served, besides=SWEPT):
        assert_problem(remove(admin, account.id), 403, "account_blocked")
    served.clock.advance(601)
    with nothing_changes(served, besides=SWEPT):
        assert_asks_for_proof(remove(admin, without.id))
        # Nobody is asked for a proof that would not help.
        assert_problem(remove(without, account.id), 403, "forbidden")
    assert sudo(admin, password=admin.password).status_code == 204
    assert_problem(remove(admin, without.id), 404, "factor_not_found")


def test_FA27_one_removal_waits_at_a_time(served, admin, app):
    account = app.account
    assert remove(admin, account.id, "all").status_code == 200
    due = remove(admin, account.id, "all").json()
    assert remove(admin, account.id, "totp").json() == due, "it is part of what waits"


def test_with_a_delay_of_0_only_the_machine_removes_factors(make_server):
    server = make_server({"admin.factor_removal_delay": "0s"})
    app = App(server.user())
    admin = server.admin()
    with nothing_changes(server):
        problem = assert_problem(remove(admin, app.account.id), 403, "forbidden")
    assert "operator" in problem["detail"]
    server.cli_ok("user", "remove-factor", "--now", app.account.email, "totp")
    app.account.login()
