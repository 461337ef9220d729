"""Second factors, as their owners use them. The codes come from pyotp, which knows nothing of the server."""

from __future__ import annotations

import pyotp

from .accounts import Account
from .checks import assert_problem, assert_token_schema


def begin(account: Account) -> dict:
    response = account.server.post("/api/users/me/totp", bearer=account.access)
    assert response.status_code == 200, response.text
    return response.json()


def confirm(account: Account, enrolment: str, code: str, **more):
    return account.server.request("PUT", "/api/users/me/totp", bearer=account.access,
                                  json={"enrolment": enrolment, "code": code, **more})


def factors(account: Account) -> dict:
    response = account.server.get("/api/users/me/factors", bearer=account.access)
    assert response.status_code == 200, response.text
    return response.json()


def sudo(account: Account, **means):
    return account.server.post("/api/auth/sudo", bearer=account.access, json=means)


def assert_step(response, code: str = "second_factor_required") -> dict:
    """A sign-in that wants one more proof: the problem document with what the next request needs."""
    assert response.status_code == 401, response.text
    problem = response.json()
    assert problem["code"] == code and problem["error"] == "mfa_required", problem
    assert 0 < problem["expires_in"] <= 600 and problem["methods"], problem
    return problem


def login_token(account: Account) -> str:
    """What a right password is answered with, where it is not enough."""
    return assert_step(account.try_login())["login_token"]


ENROL = "/api/auth/login/enrol/"


def begin_at_login(server, token: str):
    return server.post(ENROL + "totp", json={"login_token": token})


def confirm_at_login(server, token: str, enrolment: str, code: str):
    return server.request("PUT", ENROL + "totp", json={"login_token": token, "enrolment": enrolment, "code": code})


def try_totp(server, token: str, code: str):
    return server.post("/api/auth/login/totp", json={"login_token": token, "code": code})


def try_recovery(server, token: str, code: str):
    return server.post("/api/auth/login/recovery_code", json={"login_token": token, "code": code})


class App:
    """The authenticator app of an account. Each code that it shows is a new one: where the last was used already, it moves
    the server's clock to the next."""

    def __init__(self, account: Account, **more):
        self.account = account
        begun = begin(account)
        self.totp = pyotp.TOTP(begun["secret"])
        self.uri = begun["uri"]
        self.last_step = 0
        response = confirm(account, begun["enrolment"], self.code(), **more)
        assert response.status_code == 200, response.text
        self.recovery_codes = response.json()["recovery_codes"]

    def code(self) -> str:
        clock = self.account.server.clock
        step = int(clock.now() // 30)
        if step <= self.last_step:
            clock.advance((self.last_step + 1 - step) * 30)
            step = self.last_step + 1
        self.last_step = step
        return self.totp.generate_otp(step)

    def wrong_code(self) -> str:
        step = int(self.account.server.clock.now() // 30)
        good = {self.totp.generate_otp(step + n) for n in range(-2, 3)}
        return next(code for code in map("{:06d}".format, range(10)) if code not in good)

    def login(self, server=None) -> dict:
        """Signs in with password and code."""
        account = self.account
        response = try_totp(server or account.server, login_token(account), self.code())
        account.tokens = assert_token_schema(response)
        return account.tokens


def assert_asks_for_proof(response) -> None:
    """RFC 9470: the session is good, and its owner has to prove once more to be there."""
    assert_problem(response, 401, "recent_sign_in_required")
    assert 'error="insufficient_user_authentication"' in response.headers["WWW-Authenticate"]
