"""The Python examples of the document that the service is built from, run as they are printed.

Only `<HOST>`, `<token>`, `<refresh_token>` and `<USER_ID>` are filled in, `http://<HOST>` is put before the
one relative URL, and `block_user` is sent an administrator's bearer token by a wrapper around `requests`.
"""

import ast
import contextlib
import io
import re
from unittest import mock

import pytest
import requests

from support import Account, Server, assert_token_schema, assert_user
from support.program import REPOSITORY

DOCUMENT = (REPOSITORY / "docs/auth-service-api.md").read_text()
EXAMPLES = dict(re.findall(r"^## `\w+ (\S+)`$.*?^```python\n(.*?)^```$", DOCUMENT, re.M | re.S))
EMAIL, PASSWORD = "user@example.com", "secure_password"


def test_the_document_has_the_seven_examples():
    assert set(EXAMPLES) == {
        "/api/auth/signup", "/api/auth/login", "/api/auth//logout", "/api/auth/refresh_token",
        "/api/auth/confirmed_email/{token}", "/api/auth/request_email", "/api/auth/block_user/{user_id}"}


@pytest.fixture
def server():
    """A fresh server for each test: the examples all speak of one address."""
    with Server() as fresh:
        yield fresh


def run(server, name: str, *, bearer: str | None = None, **fill: str):
    """What the example prints: the status code and the decoded JSON."""
    code = EXAMPLES[name].replace('url = "/', 'url = "http://<HOST>/')
    for placeholder, value in {"HOST": f"{server.host}:{server.port}", **fill}.items():
        code = code.replace(f"<{placeholder}>", value)
    assert not re.search(r"<\w+>", code), code

    plain = requests.Session.request

    def with_bearer(self, method, url, **more):
        self.trust_env = False
        if bearer is not None:
            more["headers"] = {**(more.get("headers") or {}), "Authorization": f"Bearer {bearer}"}
        return plain(self, method, url, **more)

    printed = io.StringIO()
    with mock.patch.object(requests.Session, "request", with_bearer), contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), {"__name__": "example"})
    status, body = printed.getvalue().split("\n", 1)
    return int(status), ast.literal_eval(body.strip())


def signed_up(server) -> Account:
    status, user = run(server, "/api/auth/signup")
    assert status == 201
    return Account(server, EMAIL, PASSWORD, user)


def signed_in(server) -> Account:
    account = signed_up(server)
    account.confirm()
    account.login()
    return account


def test_signup(server):
    status, user = run(server, "/api/auth/signup")
    assert status == 201
    assert_user(user, email=EMAIL, username="new_user", role="user", confirmed=False)
    status, problem = run(server, "/api/auth/signup")
    assert (status, problem["detail"]) == (409, "Account already exists")


def test_login(server):
    account = signed_up(server)
    status, problem = run(server, "/api/auth/login")
    assert (status, problem["detail"]) == (401, "Email not confirmed")
    account.confirm()
    status, tokens = run(server, "/api/auth/login")
    assert status == 200
    assert tokens["token_type"] == "bearer" and tokens["expires_in"] == 900
    assert account.me(tokens["access_token"]).json()["email"] == EMAIL


def test_logout(server):
    account = signed_in(server)
    refresh = account.refresh
    assert run(server, "/api/auth//logout", refresh_token=refresh) == (200, {"message": "Logged out successfully"})
    status, problem = run(server, "/api/auth//logout", refresh_token=refresh)
    assert (status, problem["code"]) == (401, "invalid_token")


def test_logout_by_the_path_of_its_heading(server):
    account = signed_in(server)
    response = requests.post(f"{server.url}/api/auth//logout", headers={"Authorization": f"Bearer {account.refresh}"})
    assert (response.status_code, response.json()) == (200, {"message": "Logged out successfully"})


def test_refresh_token(server):
    account = signed_in(server)
    status, tokens = run(server, "/api/auth/refresh_token", refresh_token=account.refresh)
    assert status == 200
    assert tokens["refresh_token"] != account.refresh
    assert_token_schema(account.try_refresh(tokens["refresh_token"]))


def test_confirmed_email(server):
    account = signed_up(server)
    token = server.wait_mail(account.email)[0].confirmation_token
    name = "/api/auth/confirmed_email/{token}"
    assert run(server, name, token=token) == (200, {"message": "Email confirmed"})
    assert run(server, name, token=token) == (200, {"message": "Your email is already confirmed"})
    status, problem = run(server, name, token=token[:-2])
    assert (status, problem["detail"]) == (400, "Verification error")
    account.login()


def test_request_email(server):
    account = signed_up(server)
    name = "/api/auth/request_email"
    assert run(server, name) == (200, {"message": "Check your email for confirmation."})
    server.wait_mail(EMAIL, 2)
    account.confirm()
    assert run(server, name) == (200, {"message": "Your email is already confirmed"})


def test_block_user(server):
    account = signed_in(server)
    name = "/api/auth/block_user/{user_id}"
    status, problem = run(server, name, USER_ID=str(account.id))
    assert (status, problem["status"]) == (401, 401), "a deliberate difference: it wants an administrator"
    admin = server.admin().access
    status, answer = run(server, name, bearer=admin, USER_ID=str(account.id))
    assert status == 200
    assert answer["message"] == "User status updated successfully"
    assert_user(answer["user"], id=account.id, is_active=False, status="inactive")
    status, problem = run(server, name, bearer=admin, USER_ID="123456789")
    assert (status, problem["detail"]) == (404, "User not found")
