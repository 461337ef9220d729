"""A second opinion on the codes of authenticator apps: oathtool, of OATH's own toolkit."""

import random
import subprocess

import pytest

from support import Server
from support.factors import App, begin, confirm, login_token, try_totp


def oathtool(secret: str, at: float) -> str:
    done = subprocess.run(["oathtool", "--totp", "--base32", "--now", f"@{int(at)}", "-"], input=secret, capture_output=True, text=True,
                          timeout=60, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def served():
    with Server() as server:
        yield server


def test_oathtool_confirms_apps_and_signs_in(served):
    """Fresh secrets, at moments that are years apart: the clock goes forward only."""
    account, chance = served.user(), random.Random(19)
    for _ in range(12):
        begun = begin(account)
        assert confirm(account, begun["enrolment"], oathtool(begun["secret"], served.clock.now())).status_code == 200
        served.clock.advance(30)
        token = login_token(account)
        answer = try_totp(served, token, oathtool(begun["secret"], served.clock.now()))
        assert answer.status_code == 200, answer.text
        account.tokens = answer.json()
        assert served.delete("/api/users/me/totp", bearer=account.access).status_code == 204
        served.clock.advance(chance.randrange(1, 3600))
        account.login()


def test_oathtool_finds_the_window_that_the_server_has(served):
    """The code of the step before and of the step behind are taken, those beyond are not."""
    for steps, status in ((-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)):
        app = App(served.user())
        served.clock.advance(90)  # no code of these has been used
        token = login_token(app.account)
        answer = try_totp(served, token, oathtool(app.totp.secret, served.clock.now() + 30 * steps))
        assert answer.status_code == status, (steps, answer.text)


def test_oathtool_and_the_tests_own_app_say_the_same():
    import pyotp
    chance = random.Random(6238)
    for _ in range(100):
        secret, at = pyotp.random_base32(), chance.randrange(0, 2 ** 31)
        assert oathtool(secret, at) == pyotp.TOTP(secret).at(at)
