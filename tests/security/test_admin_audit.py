"""A07: what administrators and operators do stands in the audit, entry by entry."""

import contextlib
import uuid

import pytest

from probes import harmless
from support import PASSWORD, Server, assert_problem, nothing_changes, unique_email
from support.tokens import claims_of

OLD_SECRET = "3b0cf1a85e6d92477c1f84b05ae9d3626f187ce04d95ab3218f7e60c59d4b2a1"
NEW_SECRET = "c85a1f0e9d3762b46e0f28d7519ac4b30d6ef98172354cab0e9718fd46b2530c"


@pytest.fixture(scope="module")
def recording():
    """A server whose entries of the audit are those that a test asked for."""
    with Server() as server:
        server.admin()
        yield server


@contextlib.contextmanager
def recorded(server, *expected: dict):
    """Asserts that what the block does on the command line leaves exactly these entries, with no address and no
    request."""
    known, begun = {row["id"] for row in server.audit()}, server.clock.now()
    yield
    rows = [row for row in server.audit() if row["id"] not in known]
    for row in rows:
        assert begun - 5 < row.pop("at") / 1e6 < server.clock.now() + 5
        del row["id"]
    assert rows == [{"address": "", "request_id": ""} | entry for entry in expected]


def subject(account) -> str:
    return claims_of(account.access)["sub"]


def test_A07_an_administrators_action_leaves_one_record_of_who_whom_when_and_from_where(recording):
    server, keeper = recording, recording.admin()
    account, other = server.user(), server.second_admin()
    for actor, value in ((keeper, False), (keeper, True), (other, False), (other, False)):
        known = len(server.audit())
        response = server.post(f"/api/auth/block_user/{account.id}", bearer=actor.access, json={"is_active": value})
        assert response.status_code == 200
        row, = server.audit()[known:]
        assert {name: row[name] for name in ("event", "result", "actor", "target", "address", "request_id")} == {
            "event": "user_unblocked" if value else "user_blocked", "result": "ok", "actor": subject(actor),
            "target": subject(account), "address": "127.0.0.1", "request_id": response.headers["X-Request-Id"]}
        assert abs(row["at"] / 1e6 - server.clock.now()) < 60
        for secret in (PASSWORD, keeper.access, other.access, account.email, keeper.email):
            assert secret not in str(row)


@pytest.mark.parametrize("role", ["user", "moderator"])
def test_A07_a_refused_action_is_recorded_with_who_tried_and_changes_nothing(recording, role):
    server, account, victim = recording, recording.user(), recording.user()
    if role == "moderator":
        server.cli_ok("user", "set-role", account.email, role)
        account.login()
    with harmless(server):
        known = len(server.audit())
        response = server.post(f"/api/auth/block_user/{victim.id}", bearer=account.access, json={"is_active": False})
        assert_problem(response, 403, "forbidden")
        server.wait(lambda: len(server.audit()) > known, "the refusal in the audit")
    row, = server.audit()[known:]
    assert (row["result"], row["actor"], row["address"], row["request_id"]) == (
        "forbidden", subject(account), "127.0.0.1", response.headers["X-Request-Id"])
    assert row["event"] and "block_user" in row["detail"]
    assert victim.me().json()["is_active"] is True


def test_A07_a_refusal_for_the_last_administrators_sake_is_recorded(make_server):
    server = make_server()
    keeper = server.admin()
    with nothing_changes(server):
        known = len(server.audit())
        response = server.post(f"/api/auth/block_user/{keeper.user['id']}", bearer=keeper.access,
                               json={"is_active": False})
        assert_problem(response, 409, "last_administrator")
        server.cli_refused("user", "delete", keeper.email)
        server.cli_refused("user", "set-role", keeper.email, "user")
    rows = server.audit()[known:]
    assert [(row["event"], row["result"], row["actor"]) for row in rows] == [
        ("user_blocked", "last_administrator", subject(keeper)), ("user_deleted", "last_administrator", "operator"),
        ("role_changed", "last_administrator", "operator")]
    assert {row["target"] for row in rows} == {subject(keeper)}


def commanded(event: str, target: str = "", detail: str = "") -> dict:
    return {"event": event, "result": "ok", "actor": "operator", "target": target, "detail": detail}


@pytest.mark.parametrize("running", [True, False], ids=["beside the server", "without one"])
def test_A07_each_command_that_changes_something_leaves_one_record(make_server, running):
    """Of the command line itself: no address, no request, and the operator as the one who did it."""
    server = make_server({"master_secret": OLD_SECRET})
    account = server.user()
    email = unique_email("added")
    if not running:
        server.stop()

    with recorded(server, commanded("role_changed", subject(account), "moderator")):
        server.cli_ok("user", "set-role", account.email, "moderator")
    with recorded(server, commanded("user_blocked", subject(account))):
        server.cli_ok("user", "block", account.email)
    with recorded(server, commanded("user_unblocked", subject(account))):
        server.cli_ok("user", "unblock", account.email)
    with recorded(server, commanded("user_deleted", subject(account))):
        server.cli_ok("user", "delete", account.email)

    known = len(server.audit())
    server.cli_ok("user", "add", "--email", email, "--username", "added", "--role", "moderator", "--confirmed",
                  "--password-stdin", input=PASSWORD)
    row, = server.audit()[known:]
    with server.db() as db:
        stored, = db.execute("SELECT subject FROM users WHERE email = ?", (email,)).fetchone()
    assert (row["event"], row["result"], row["actor"], row["detail"]) == ("user_added", "ok", "operator", "moderator")
    assert row["target"] == (str(uuid.UUID(bytes=stored)) if isinstance(stored, bytes) else stored)
    assert (row["address"], row["request_id"]) == ("", "") and email not in str(row) and PASSWORD not in str(row)

    def kids() -> list[str]:
        return [line.split()[0] for line in server.cli_ok("keys", "list").splitlines()[1:]]

    old = kids()
    known = len(server.audit())
    server.cli_ok("keys", "rotate")
    row, = server.audit()[known:]
    new, = set(kids()) - set(old)
    assert (row["event"], row["result"], row["actor"], row["target"]) == ("signing_key.created", "ok", "operator", new)
    with recorded(server, commanded("signing_key.revoked", new)):
        server.cli_ok("keys", "revoke", new)

    # What only looks leaves nothing.
    with recorded(server):
        for command in (("user", "list"), ("user", "show", email), ("keys", "list"), ("mail", "list"), ("doctor",),
                        ("config",)):
            server.cli_ok(*command)
        if not server.database:
            server.cli_ok("backup", server.folder / "backup.db")
        server.cli_refused("user", "block", unique_email("nobody"))
    if running:
        server.stop()
    server.settings |= {"master_secret": NEW_SECRET, "master_secret_previous": OLD_SECRET}
    if running:
        server.start()
    with recorded(server, *[commanded("signing_key.rekeyed", kid) for kid in kids()]):
        server.cli_ok("keys", "rekey")
    with recorded(server):
        server.cli_ok("keys", "rekey")

    if server.database:
        return
    if running:
        server.stop()
    server.cli_ok("restore", server.folder / "backup.db")
    last = server.audit()[-1]
    assert (last["event"], last["result"], last["actor"]) == ("restored", "ok", "operator")
    assert abs(last["at"] / 1e6 - server.clock.now()) < 60
