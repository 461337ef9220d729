"""A client-side ledger: what the server acknowledged, and the check that all of it is still true."""

from __future__ import annotations

import contextlib
import random
import threading

import requests

from support import PASSWORD, Server, assert_problem, unique_email

# Long enough that a rotation whose answer was lost in a crash can be retried after the restart.
SETTINGS = {"tokens.refresh_grace": "1m"}


class Line:
    """One user's doings, in the order of one client. `pending` is what was asked and not answered."""

    def __init__(self):
        self.email = unique_email("ledger")
        self.signed_up = self.confirmed = False
        self.refresh: list[str] = []  # the tokens of the current session, oldest first
        self.ended: list[str] = []  # refresh tokens of sessions whose end was acknowledged
        self.pending: str | None = None


class Ledger:
    """Clients that sign up, confirm, sign in, refresh and sign out until the server goes away."""

    def __init__(self, server: Server, clients: int = 6, seed: int = 0):
        self.server = server
        self.lines: list[Line] = []
        self.unexpected: list[str] = []
        self.acknowledged = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(random.Random(seed * 1000 + number),)) for number
                         in range(clients)]

    def start(self) -> Ledger:
        for thread in self._threads:
            thread.start()
        return self

    def finish(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _client(self, dice: random.Random) -> None:
        with requests.Session() as session:
            session.trust_env = False
            # The server goes away under our hands: that is the end of a client, and no failure.
            with contextlib.suppress(requests.RequestException):
                while not self._stop.is_set():
                    line = Line()
                    self.lines.append(line)
                    self._live(session, line, dice)

    def _ask(self, session, line: Line, what: str, method: str, path: str, good: tuple[int, ...], **more):
        line.pending = what
        response = session.request(method, self.server.url + path, timeout=30, **more)
        line.pending = None
        if response.status_code not in good:
            self.unexpected.append(f"{what}: {response.status_code} {response.text[:200]}")
        self.acknowledged += 1
        return response

    def _live(self, session, line: Line, dice: random.Random) -> None:
        self._ask(session, line, "signup", "POST", "/api/auth/signup", (201,),
                  json={"email": line.email, "username": "ledger", "password": PASSWORD})
        line.signed_up = True
        link = self._link(line)
        if link is None:
            return
        self._ask(session, line, "confirm", "POST", link, (200,), headers={"Accept": "application/json"})
        line.confirmed = True
        for _ in range(dice.randrange(1, 3)):
            tokens = self._ask(session, line, "login", "POST", "/api/auth/login", (200,),
                               data={"username": line.email, "password": PASSWORD}).json()
            line.refresh = [tokens["refresh_token"]]
            for _ in range(dice.randrange(0, 5)):
                if self._stop.is_set():
                    return
                bearer = {"Authorization": f"Bearer {line.refresh[-1]}"}
                tokens = self._ask(session, line, "refresh", "GET", "/api/auth/refresh_token", (200,),
                                   headers=bearer).json()
                line.refresh.append(tokens["refresh_token"])
            if dice.random() < 0.5:
                bearer = {"Authorization": f"Bearer {line.refresh[-1]}"}
                self._ask(session, line, "logout", "POST", "/api/auth/logout", (200,), headers=bearer)
                line.ended.append(line.refresh[-1])
                line.refresh = []

    def _link(self, line: Line) -> str | None:
        """The newest link, from the mail files: without their parser, since many threads read at once."""
        while not self._stop.is_set() and self.server.running:
            for path in self.server.mail_files():
                with contextlib.suppress(OSError):
                    text = path.read_text(errors="replace").replace("=\n", "").replace("=3D", "=")
                    if line.email in text and "/api/auth/confirmed_email/" in text:
                        return "/api/auth/confirmed_email/" + text.split("/api/auth/confirmed_email/")[1].split()[0]
            self._stop.wait(0.02)
        return None

    def check(self) -> None:
        """After a restart: every acknowledged fact is still true, and nothing can be used twice."""
        server = self.server
        for line in self.lines:
            if line.signed_up:
                response = server.post("/api/auth/signup", json={"email": line.email, "username": "again",
                                                                 "password": PASSWORD})
                assert_problem(response, 409, "account_exists")
            login = server.post("/api/auth/login", data={"username": line.email, "password": PASSWORD})
            if line.confirmed:
                assert login.status_code == 200, (line.email, login.text)
            elif line.signed_up and line.pending != "confirm":
                assert_problem(login, 401, "email_not_confirmed")
            for token in line.ended:
                assert_problem(server.get("/api/auth/refresh_token", bearer=token), 401, "invalid_token")
            if line.refresh and line.pending != "logout":
                last = server.get("/api/auth/refresh_token", bearer=line.refresh[-1])
                assert last.status_code == 200, (line.email, line.pending, len(line.refresh), last.text)
                if len(line.refresh) > 1:
                    # The one before the last is two late by now: it is refused, and ends the session.
                    assert_problem(server.get("/api/auth/refresh_token", bearer=line.refresh[-2]), 401, "invalid_token")
                    assert_problem(server.get("/api/auth/refresh_token", bearer=last.json()["refresh_token"]), 401,
                                   "invalid_token")


def assert_sound(server: Server) -> None:
    """The database is whole and its invariants hold."""
    with server.db() as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT lower(email) FROM users GROUP BY 1 HAVING count(*) > 1").fetchall() == []
        assert db.execute("SELECT 1 FROM sessions JOIN users ON users.id = user_id WHERE NOT is_active OR NOT confirmed").fetchall() == []
        assert db.execute("SELECT count(*) FROM users WHERE role = 'admin' AND confirmed AND is_active").fetchone()[0] >= 1
