"""One user of the service, with the moves that a client makes."""

from __future__ import annotations

import itertools
import os
import uuid

from .checks import assert_token_schema

PASSWORD = "correct-horse-battery"
_numbers = itertools.count(1)


def unique_email(name: str = "user") -> str:
    """An address that no other test, in this or another process, uses."""
    return f"{name}.{os.getpid()}.{next(_numbers)}.{uuid.uuid4().hex[:8]}@example.com"


class Account:
    """An account of a server. `tokens` is the last TokenSchema that it was given."""

    def __init__(self, server, email: str, password: str, user: dict | None = None):
        self.server = server
        self.email = email
        self.password = password
        self.user = user
        self.tokens: dict = {}
        self.mails_before = 0  # mails that the address had before this account was made

    @property
    def id(self) -> int:
        return self.user["id"]

    @property
    def access(self) -> str:
        return self.tokens["access_token"]

    @property
    def refresh(self) -> str:
        return self.tokens["refresh_token"]

    def try_login(self, password: str | None = None, **more):
        """The response of a sign-in, whatever it is."""
        form = {"username": self.email, "password": self.password if password is None else password}
        return self.server.post("/api/auth/login", data=form, **more)

    def login(self, **more) -> dict:
        self.tokens = assert_token_schema(self.try_login(**more))
        return self.tokens

    def try_refresh(self, token: str | None = None, method: str = "GET"):
        return self.server.request(method, "/api/auth/refresh_token", bearer=token or self.refresh)

    def rotate(self) -> dict:
        """Refreshes with the current token and keeps the new pair."""
        self.tokens = assert_token_schema(self.try_refresh())
        return self.tokens

    def try_logout(self, token: str | None = None):
        return self.server.post("/api/auth/logout", bearer=token or self.refresh)

    def me(self, token: str | None = None):
        return self.server.get("/api/users/me", bearer=token or self.access)

    def sessions(self, token: str | None = None) -> list[dict]:
        response = self.server.get("/api/auth/sessions", bearer=token or self.access)
        assert response.status_code == 200, response.text
        return response.json()

    def confirm(self) -> None:
        """Confirms the address with the newest link that was mailed to it."""
        path = self.server.wait_mail(self.email, self.mails_before + 1)[-1].confirmation_path
        response = self.server.get(path)
        assert (response.status_code, response.json()) == (200, {"message": "Email confirmed"}), response.text
        self.user["confirmed"] = True
