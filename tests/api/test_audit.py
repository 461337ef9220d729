"""The audit table: what it records, and what it must never hold."""

import pytest

from support import Account, PASSWORD, Server, unique_email


@pytest.fixture(scope="module")
def audited():
    with Server() as server:
        yield server


def records(server) -> set[tuple]:
    snapshot = server.snapshot()
    names = [name for name in snapshot if name.startswith("audit")]
    assert names, sorted(snapshot)
    return {row for name in names for row in snapshot[name]}


def recorded(server, action) -> list[tuple]:
    before = records(server)
    action()
    # What a refusal records may be written after its answer.
    return list(server.wait(lambda: records(server) - before, "an audit record"))


def test_every_kind_of_event_is_recorded_once(audited):
    server = audited
    account = server.signup()
    path = server.wait_mail(account.email)[0].confirmation_path
    steps = {
        "sign-up": server.signup,
        "confirmation": lambda: server.get(path),
        "sign-in": account.login,
        "refused sign-in": lambda: account.try_login("not-the-password"),
        "block": lambda: server.block(account),
        "refused sign-in of a blocked user": account.try_login,
        "unblock": lambda: server.block(account, is_active=True),
        "command": lambda: server.cli_ok("user", "set-role", account.email, "moderator"),
        "key rotation": lambda: server.cli_ok("keys", "rotate"),
    }
    server.admin()
    for name, step in steps.items():
        assert recorded(server, step), name

    account.login()
    first = account.refresh
    account.rotate()
    account.rotate()
    assert recorded(server, lambda: account.try_refresh(first)), "refresh reuse"
    account.login()
    assert recorded(server, account.try_logout), "logout"


def test_records_name_the_address_they_came_from(audited):
    account = audited.confirmed()
    rows = recorded(audited, account.login)
    assert any("127.0.0.1" in str(value) for row in rows for value in row)


def test_strangers_can_not_grow_any_table(audited):
    before = {name: len(rows) for name, rows in audited.snapshot().items()}
    for _ in range(20):
        Account(audited, unique_email("nobody"), "whatever-it-is").try_login()
        audited.post("/api/auth/request_email", json={"email": unique_email("nobody")})
        audited.get("/api/auth/refresh_token", bearer="garbage")
        audited.get("/api/auth/confirmed_email/garbage")
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
