"""A node that has lost its PostgreSQL: whatever needs it is refused within a second, and the rest goes on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import psycopg
import requests

from .accounts import PASSWORD, Account, unique_email
from .checks import assert_problem
from .parallel import at_once
from .postgres import Postgres
from .program import has_clock_to_move
from .server import Server


class Visitors:
    """Those who need the database for each kind of request; made while it is there. Nothing that they ask spends
    anything, for all of it is refused."""

    def __init__(self, node: Server):
        self.node = node
        self.user, self.other = node.user(), node.user()
        self._pending = node.signup()
        self._link = node.wait_mail(self._pending.email)[0].confirmation_path
        self._keeper = node.admin().access

    def questions(self) -> dict[str, Callable[[], requests.Response]]:
        node, user = self.node, self.user
        return {
            "me": lambda: node.get("/api/users/me", bearer=user.access),
            "refresh": lambda: node.get("/api/auth/refresh_token", bearer=user.refresh),
            "login": lambda: node.post("/api/auth/login", data={"username": user.email, "password": PASSWORD}),
            "signup": lambda: node.post("/api/auth/signup", json={"email": unique_email(), "username": "somebody",
                                                                  "password": PASSWORD}),
            "logout": lambda: node.post("/api/auth/logout", bearer=user.refresh),
            "block": lambda: node.post(f"/api/auth/block_user/{self.other.id}", bearer=self._keeper, json={"is_active": False}),
            "resend": lambda: node.post("/api/auth/request_email", json={"email": self._pending.email}),
            "confirm": lambda: node.get(self._link),
        }

    def are_refused(self) -> None:
        """Twice each, one after the other, and then all at once: what is known of the loss is different each time."""
        questions = self.questions()
        for _ in range(2):
            for name, ask in questions.items():
                assert_refused(self.node, name, ask)
        at_once(*[lambda name=name, ask=ask: assert_refused(self.node, name, ask) for name, ask in questions.items()], times=2)
        assert self.node.get("/healthz").status_code == 200
        assert self.node.get("/.well-known/jwks.json", cacheable=True).status_code == 200

    def come_back(self, limit: float = 5) -> None:
        """From now on the database is there again."""
        node, began = self.node, time.monotonic()
        node.wait(lambda: node.get("/readyz").status_code == 200 and self.user.me().status_code == 200, "service", 30)
        assert time.monotonic() - began < limit
        self.user.rotate()
        assert self.other.me().status_code == 200, "nobody was blocked"
        assert self.user.try_login().status_code == 200


def assert_refused(node: Server, name: str, ask: Callable[[], requests.Response]) -> None:
    """503 within a second, and when to come again. Sanitizers may make it a little later."""
    began = time.monotonic()
    answer = ask()
    took = time.monotonic() - began
    assert_problem(answer, 503, "unavailable")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert took < (1.3 if has_clock_to_move(node.binary) else 1.0), f"{name} took {took:.2f} s"


def connections_of_nodes(server: Postgres) -> int:
    (count,), = server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'latchkey';")
    return int(count)


@contextlib.contextmanager
def all_connections_taken(server: Postgres, url: str) -> Iterator[None]:
    """Nodes lose every connection that they have, and others were quicker to take them all. `url` is of a role that has
    no reserved ones."""
    (most,), (reserved,) = server.sql("SHOW max_connections; SHOW superuser_reserved_connections;")
    with contextlib.ExitStack() as others:
        deadline, taken = time.monotonic() + 30, 0
        while taken < int(most) - int(reserved):
            assert time.monotonic() < deadline
            server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey';")
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    others.enter_context(psycopg.connect(url))
                    taken += 1
        assert connections_of_nodes(server) == 0
        yield
