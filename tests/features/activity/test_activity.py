"""GET /api/users/me/activity and GET /api/users/me/export: what the service knows of an account."""

import re

import pytest

from support import assert_problem, nothing_changes
from support.tokens import claims_of


def activity(account, query: str = ""):
    return account.server.get(f"/api/users/me/activity{query}", bearer=account.access)


def test_L47_an_owner_sees_what_happened_to_the_account_the_newest_first(server, user):
    user.try_login("not-the-password")
    rows = activity(user).json()
    assert rows[0]["event"] == "sign_in" and rows[0]["result"] == "invalid_credentials" and rows[0]["by"] == "unknown"
    assert rows[0]["address"] == "127.0.0.1"
    assert {"email_confirmed", "sign_in"} <= {row["event"] for row in rows}
    assert all(set(row) == {"at", "event", "result", "by", "address", "detail"} for row in rows)
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)


def test_L47_nobody_sees_another_account_s_history_or_who_an_administrator_is(server, user, admin):
    other = server.user()
    server.block(other)
    server.block(other, is_active=True)
    other.login()
    blocked, = [row for row in activity(other).json() if row["event"] == "user_blocked"]
    assert blocked["by"] == "administrator" and blocked["address"] == ""
    admin.login()
    for secret in (claims_of(admin.access)["sub"], admin.email):
        assert secret not in activity(other).text
    assert "user_blocked" not in activity(user).text


def test_L47_pages_follow_one_another(server, user):
    for _ in range(4):
        user.try_login("not-the-password")
    whole = activity(user).json()
    seen, query = [], "?limit=2"
    while query:
        page = activity(user, query)
        seen += page.json()
        assert len(page.json()) <= 2
        query = (found := re.search(r"<(\?[^>]+)>", page.headers.get("Link", ""))) and found[1]
    assert seen == whole and len(whole) > 4
    cursor = re.search(r"after=([^&>]+)", activity(user, "?limit=2").headers["Link"])[1]
    for bad in (f"?after={cursor[:-2]}", "?after=x", "?limit=0", "?limit=1001"):
        assert_problem(activity(user, bad), 422, "validation_failed")
    assert_problem(activity(server.user(), f"?after={cursor}"), 422, "validation_failed")


def export(account):
    return account.server.get("/api/users/me/export", bearer=account.access)


def test_L48_an_export_holds_everything_but_secrets(server, user):
    answer = export(user)
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    document = answer.json()
    assert document["format"] == "latchkey-account" and document["version"] == 1
    assert document["user"] == user.me().json() and document["subject"] == claims_of(user.access)["sub"]
    assert len(document["sessions"]) == len(user.sessions()) and document["sessions"][0]["address"] == "127.0.0.1"
    assert len(document["devices"]) == 1 and document["last_sign_in_at"]
    assert document["authenticator_apps"] == document["passkeys"] == document["scheduled"] == []
    assert document["recovery_codes_left"] == 0 and document["activity_is_whole"] is True
    assert document["activity"][0]["event"] in ("sign_in", "email_confirmed")
    with server.db() as db:
        password_hash, = db.execute(f"SELECT password_hash FROM users WHERE id = {user.id}").fetchone()
    for secret in (password_hash, user.access, user.refresh, claims_of(user.access)["sid"]):
        assert secret not in answer.text
    assert activity(user).json()[0]["event"] == "data_exported"


def test_L48_an_export_needs_a_recent_proof(make_server):
    server = make_server()
    account = server.user()
    account.login()
    assert export(account).status_code == 200
    server.clock.advance(11 * 60)
    with nothing_changes(server):
        assert_problem(export(account), 401, "recent_sign_in_required")
        assert_problem(server.get("/api/users/me/export"), 401, "invalid_token")
    assert activity(account).status_code == 200, "a list needs none"


@pytest.mark.parametrize("path", ["activity", "export"])
def test_L47_L48_a_refresh_token_opens_neither(server, user, path):
    assert_problem(server.get(f"/api/users/me/{path}", bearer=user.refresh), 401, "invalid_token")
