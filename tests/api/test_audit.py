"""The audit table: what it records, and what it must never hold."""

import pytest

from support import Account, PASSWORD, Server, unique_email
from support.tokens import claims_of


@pytest.fixture(scope="module")
def audited():
    with Server() as server:
        yield server


def recorded(server, action) -> dict:
    """The one entry that an action leaves."""
    before = len(server.audit())
    action()
    # What a refusal records may be written after its answer; a second entry would be there by the next action.
    server.wait(lambda: len(server.audit()) > before, "an audit record")
    row, = server.audit()[before:]
    return row


def test_every_kind_of_event_is_recorded_once(audited):
    server = audited
    keeper = server.admin()
    account = server.signup()
    path = server.wait_mail(account.email)[0].confirmation_path
    with server.db() as db:
        about, = db.execute("SELECT target FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    boss = claims_of(keeper.access)["sub"]
    rejected = server.wait_mail(server.signup().email)[0].confirmation_path.replace("/confirmed_", "/rejected_")
    first: list[str] = []

    def reuse():
        account.try_refresh(first[0])

    def prepare():
        account.login()
        first.append(account.refresh)
        account.rotate()
        account.rotate()

    def end_session():
        server.delete(f"/api/auth/sessions/{claims_of(account.access)['sid']}", bearer=account.access)

    steps = [  # what is done, and event, result, actor and target of its entry; "" is a stranger, None anybody
        ("sign-up", server.signup, "sign_up", "ok", "", None),
        ("confirmation", lambda: server.get(path), "email_confirmed", "ok", "", about),
        ("rejection", lambda: server.post(rejected), "email_rejected", "account_removed", "", None),
        ("sign-in", account.login, "sign_in", "ok", "", about),
        ("refused sign-in", lambda: account.try_login("not-the-password"), "sign_in", "invalid_credentials", "", about),
        ("block", lambda: server.block(account), "user_blocked", "ok", boss, about),
        ("sign-in of a blocked user", account.try_login, "sign_in", "account_blocked", "", about),
        ("unblock", lambda: server.block(account, is_active=True), "user_unblocked", "ok", boss, about),
        ("command", lambda: server.cli_ok("user", "set-role", account.email, "moderator"), "role_changed", "ok", "operator",
         about),
        ("key rotation", lambda: server.cli_ok("keys", "rotate"), "signing_key.created", "ok", "operator", None),
        ("sign-in", prepare, "sign_in", "ok", "", about),
        ("refresh reuse", reuse, "refresh_reuse", "session_ended", "", about),
        ("sign-in", account.login, "sign_in", "ok", "", about),
        ("logout", account.try_logout, "logout", "ok", about, about),
        ("sign-in", account.login, "sign_in", "ok", "", about),
        ("end of a session", end_session, "session_ended", "ok", about, about),
        ("sign-in", account.login, "sign_in", "ok", "", about),
        ("logout everywhere", lambda: server.post("/api/auth/logout_all", bearer=account.access), "logout_all", "ok", about,
         about),
    ]
    for name, step, event, result, actor, target in steps:
        row = recorded(server, step)
        assert (row["event"], row["result"], row["actor"]) == (event, result, actor), name
        assert row["target"] == target or target is None and row["target"] not in ("", about, boss), name
        assert row["address"] == ("" if actor == "operator" else "127.0.0.1"), name
        assert bool(row["request_id"]) == (actor != "operator"), name


def test_records_name_the_address_they_came_from(audited):
    account = audited.confirmed()
    assert recorded(audited, account.login)["address"] == "127.0.0.1"


def test_strangers_can_not_grow_any_table(audited):
    before = {name: len(rows) for name, rows in audited.snapshot().items()}
    for _ in range(20):
        Account(audited, unique_email("nobody"), "whatever-it-is").try_login()
        audited.post("/api/auth/request_email", json={"email": unique_email("nobody")})
        audited.get("/api/auth/refresh_token", bearer="garbage")
        audited.get("/api/auth/confirmed_email/garbage")
        handle = audited.post("/api/auth/password/forgotten", json={"email": unique_email("nobody")}).json()["handle"]
        audited.post("/api/auth/password/reset", json={"handle": handle, "code": "12345678", "password": "whatever-it-is"})
        audited.post("/api/auth/password/reset", json={"token": "garbage", "password": "whatever-it-is"})
        audited.get("/password/new/garbage")
    assert {name: len(rows) for name, rows in audited.snapshot().items()} == before


def test_neither_records_nor_logs_hold_a_secret(make_server):
    server = make_server({"log.level": "debug"})
    account = server.user()
    secrets = [PASSWORD, account.access, account.refresh, account.access.split(".")[2], account.refresh.split(".")[2]]
    account.try_login("a-wrong-guess-of-it")
    account.rotate()
    secrets += ["a-wrong-guess-of-it", account.access, account.refresh]
    account.try_logout()
    server.get(f"/api/auth/confirmed_email/{account.access}")
    server.stop()
    text = server.stderr + "".join(str(row) for rows in server.snapshot().values() for row in rows)
    for secret in secrets:
        assert secret not in text


DAY = 86_400


def test_records_are_removed_once_they_are_older_than_the_setting_says(make_server):
    """By the housekeeping of the running server."""
    server = make_server({"audit.ttl": "10d", "tokens.refresh_idle_ttl": "29d"})
    account, forgotten = server.user(), server.signup()
    old = {row["id"] for row in server.audit()}
    server.clock.advance(9 * DAY)
    account.login()
    # The account that nobody confirmed goes, which shows that it cleaned up; the records stay.
    server.wait_log(r"housekeeping\.swept")
    assert forgotten.email not in server.cli_ok("user", "list")
    between = {row["id"] for row in server.audit()} - old
    assert between and old <= {row["id"] for row in server.audit()}
    server.clock.advance(1.1 * DAY)
    left = server.wait(lambda: not old & (rows := {row["id"] for row in server.audit()}) and rows,
                       "the old records to be removed", 60)
    assert between <= left
    account.rotate()
    assert account.me().status_code == 200


def test_accounts_that_nobody_confirmed_are_removed_with_all_that_is_theirs(make_server):
    """By the housekeeping of the running server, counted from the sign-up, however often a mail was asked for."""
    server = make_server({"accounts.unconfirmed_ttl": "3h"})
    forgotten, confirmed = server.signup(), server.user()
    link = server.wait_mail(forgotten.email)[0].confirmation_path
    server.clock.advance(2 * 3600)
    later = server.signup()
    server.post("/api/auth/request_email", json={"email": forgotten.email})
    server.wait_mail(forgotten.email, 2)
    server.clock.advance(3600 + 60)
    server.wait(lambda: forgotten.email not in server.cli_ok("user", "list"), "the account to be removed", 60)
    listed = server.cli_ok("user", "list")
    assert later.email in listed and confirmed.email in listed and "admin@example.com" in listed
    assert server.get(link).status_code == 400
    for table, rows in server.snapshot().items():
        assert forgotten.email not in str(rows), table
    assert confirmed.me().status_code in (200, 401) and confirmed.try_refresh().status_code == 200
    later.confirm()
    later.login()
