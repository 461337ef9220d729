"""A roll from one version to the next: for a while nodes of both are at work on one database. `LATCHKEY_PREVIOUS_BIN` names
the program of the version before, built with the same preset as the one that is tested."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import PASSWORD, Account, Server, SmtpSink
from support.factors import App
from support.postgres import Postgres
from support.together import together

from .clients import Clients
from .nodes import shared_settings

PREVIOUS = os.environ.get("LATCHKEY_PREVIOUS_BIN")


@contextlib.contextmanager
def ended(servers: list[Server]) -> Iterator[None]:
    """Those that were started meanwhile stop in peace, and before the folders that they were given go."""
    try:
        yield
        for server in servers:
            server.stop()
    finally:
        for server in servers:
            server.remove()


def at(node: Server, account: Account) -> Account:
    """The same account, seen through a node."""
    moved = Account(node, account.email, account.password, account.user)
    moved.tokens = dict(account.tokens)
    return moved


def assert_refused(response, status: int, code: str) -> None:
    """What clients of either version read of a refusal: later versions say more than earlier ones."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


def check_flows(one: Server, other: Server, sink: SmtpSink) -> None:
    """What one has begun the other goes on with."""
    account = one.signup()
    path = sink.wait_for(account.email)[-1].mail.confirmation_path
    assert other.get(path).json() == {"message": "Email confirmed"}
    assert_refused(other.post("/api/auth/signup", json={"email": account.email, "username": "again", "password": PASSWORD}),
                   409, "account_exists")
    account.login()
    there = at(other, account)
    assert there.me().json()["email"] == account.email
    there.rotate()
    # The answer was lost: the same token again, at the node that did not rotate it.
    again = account.try_refresh()
    assert again.status_code == 200 and again.json()["refresh_token"] == there.refresh
    account.tokens = dict(there.tokens)
    account.rotate()
    there.tokens = dict(account.tokens)
    assert {session["id"] for session in there.sessions()} == {session["id"] for session in account.sessions()}
    second = at(other, account)
    second.login()
    assert account.try_logout().status_code == 200
    assert_refused(there.me(), 401, "invalid_token")
    assert_refused(there.try_refresh(), 401, "invalid_token")
    assert at(one, second).me().status_code == 200
    one.block(second)
    assert_refused(second.me(), 401, "invalid_token")
    assert_refused(second.try_login(), 403, "account_blocked")
    keys = [{key["kid"] for key in node.get("/.well-known/jwks.json", cacheable=True).json()["keys"]} for node in (one, other)]
    assert keys[0] == keys[1]


@pytest.mark.timeout(600)
@pytest.mark.skipif(not PREVIOUS, reason="LATCHKEY_PREVIOUS_BIN names no program of the version before")
def test_Z48_nodes_of_two_versions_serve_each_others_users_under_load():
    with Postgres() as postgres, SmtpSink() as sink:
        postgres.sql("CREATE DATABASE latchkey;")
        settings = shared_settings(postgres.prefix + "latchkey", sink)
        old = [Server(dict(settings), binary=Path(PREVIOUS)) for _ in range(2)]
        new = [Server(dict(settings)) for _ in range(2)]
        for before, after in zip(old, new):
            after.settings["data_dir"] = before.settings["data_dir"]
        with together(old), ended(new):
            with Clients([node.url for node in old], sink, patience=60) as clients:
                clients.wait_progress()
                # One after the other, on the address and in the folder of the one before: the first migrates.
                for number, (before, after) in enumerate(zip(old, new)):
                    before.stop()
                    after.settings["listen"] = before.settings["listen"]
                    after.start()
                    clients.wait_progress()
                    if number == 0:
                        for _ in range(5):
                            check_flows(old[1], after, sink)
                            check_flows(after, old[1], sink)
                    clients.wait_progress()
            clients.check()


@pytest.mark.skipif(not PREVIOUS, reason="LATCHKEY_PREVIOUS_BIN names no program of the version before")
def test_FA23_the_version_before_refuses_an_account_with_a_second_factor():
    """It knows no factors: it must not let somebody in with the password alone."""
    with Postgres() as postgres, SmtpSink() as sink:
        postgres.sql("CREATE DATABASE latchkey;")
        settings = shared_settings(postgres.prefix + "latchkey", sink)
        old, new = Server(dict(settings), binary=Path(PREVIOUS)), Server(dict(settings))
        with together([old]), ended([new]):
            account, other = old.signup(), old.signup()
            for each in (account, other):
                old.get(sink.wait_for(each.email)[-1].mail.confirmation_path)
                each.login()
            new.start()
            moved = at(new, account)
            moved.login()
            app = App(moved)
            assert_refused(account.try_login(), 401, "invalid_credentials")
            assert at(old, other).try_login().status_code == 200
            app.login()
            assert new.delete("/api/users/me/totp", bearer=moved.access).status_code == 204
            assert account.try_login().status_code == 200, "without the factor it can read the hash again"
