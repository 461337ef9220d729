"""Nobody learns from the time of an answer whether an address has an account (L01, Y14). The long form is
`LATCHKEY_FULL=1 ./test timing`: five thousand requests of each kind, and an AUC of 0.50 ± 0.02 (half an hour)."""

from __future__ import annotations

import json
import urllib.parse

import pytest

from support import Server, unique_email
from support.authenticator import Passkeys
from support.factors import App
from support.size import size
from support.timing import Clocked, assert_same_time

# An account gets five mails of a kind an hour: so many turns come of one.
MAILS = 5
ACCOUNTS = size(12, 1000)
TURNS = MAILS * ACCOUNTS
# No answer about a mail comes sooner: what is left to measure is a timer.
LEAST = 0.05


@pytest.fixture(scope="module")
def crowd():
    """A server with accounts that were made just now, and the connection that is timed."""
    with Server({"accounts.confirmation": "off", "limits.mail_interval": "0s"}) as server:
        clocked = Clocked(server)
        server.emails = [unique_email("known") for _ in range(ACCOUNTS)]
        for email in server.emails:
            _, status, _ = clocked.post("/api/auth/signup", {"email": email, "username": "known", "password": "a-long-enough-word"})
            assert status == 201
        yield server


def ask(clocked: Clocked, path: str, body, expected: int, keep: list | None = None, least: float = 0) -> float:
    took, status, text = clocked.post(path, body)
    assert took >= least
    assert status == expected, text
    if keep is not None:
        keep.append(json.loads(text)["handle"])
    return took


def known(crowd, turn: int) -> str:
    return crowd.emails[turn % ACCOUNTS]


def stranger(crowd, turn: int) -> str:
    """As long as one that is known."""
    return "u" + known(crowd, turn)[1:]


@pytest.mark.parametrize("path, step, refusal", [("/api/auth/password/forgotten", "/api/auth/password/reset", 400),
                                                 ("/api/auth/login/code/request", "/api/auth/login/code", 401)],
                         ids=["forgotten", "code"])
def test_L01_timing_of_mails_that_are_asked_for_and_of_wrong_codes(crowd, path, step, refusal):
    """First the requests for the mail; then a wrong code with each handle that came of them. Without the wait the AUC was 0.57."""
    clocked, handles, others = Clocked(crowd), [], []
    assert_same_time(path, TURNS, lambda turn: ask(clocked, path, {"email": known(crowd, turn)}, 200, handles, LEAST),
                     lambda turn: ask(clocked, path, {"email": stranger(crowd, turn)}, 200, others, LEAST))
    wrong = {"code": "00000000"} | ({"password": "another-horse-battery"} if "reset" in step else {})
    assert_same_time(step, TURNS, lambda turn: ask(clocked, step, {"handle": handles[turn], **wrong}, refusal, least=LEAST),
                     lambda turn: ask(clocked, step, {"handle": others[turn], **wrong}, refusal, least=LEAST))


@pytest.mark.parametrize("factors", ["none", "totp", "passkey"])
def test_L01_timing_of_a_wrong_password(crowd, factors):
    """Also of accounts with more steps, whose stored hash is marked."""
    account, clocked = crowd.user(), Clocked(crowd)
    if factors == "totp":
        App(account)
    if factors == "passkey":
        Passkeys(account).register()

    def log_in(email: str) -> float:
        return ask(clocked, "/api/auth/login", urllib.parse.urlencode({"username": email, "password": "not-the-password"}), 401)

    assert_same_time(f"login ({factors})", TURNS, lambda turn: log_in(account.email), lambda turn: log_in("u" + account.email[1:]))


def test_Y14_timing_of_passkey_options(crowd):
    """One body has an address with passkeys, one an address without an account."""
    account, clocked = crowd.user(), Clocked(crowd)
    Passkeys(account).register()
    path = "/api/auth/login/passkey/options"
    assert_same_time(path, TURNS, lambda turn: ask(clocked, path, {"email": account.email}, 200),
                     lambda turn: ask(clocked, path, {"email": "u" + account.email[1:]}, 200))
