"""What the tests of `latchkey move` share: stores to move, clients that go on meanwhile, and what they may rely on."""

from __future__ import annotations

import random
import re
import secrets
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass

import requests

from .accounts import PASSWORD, unique_email
from .checks import assert_problem
from .meanwhile import Meanwhile
from .postgres import Database
from .program import binary_path
from .server import Server

# Long enough that a rotation whose answer was lost can be repeated at the target.
SETTINGS = {"tokens.refresh_grace": "1m", "accounts.confirmation": "off"}


def master_secret(server: Server) -> str:
    return (server.data_dir / "master_secret").read_text().strip()


def move_away(source: Server, database: Database) -> None:
    """Moves a running server's store to the database, by the command, and waits for the server's end."""
    source.cli_ok("move", "--to", database.url)
    source.wait_exit()
    source.process = None


def target_settings(source: Server, database: Database) -> dict:
    """A node on the target, at the address of the source, so that links and issuer stay the same."""
    kept = {name: value for name, value in source.settings.items() if name != "data_dir"}
    return {**kept, "database_url": database.url, "master_secret": master_secret(source), "admin.email": None,
            "admin.password": None}


def begin_move(server: Server, *arguments: str, environment: dict | None = None) -> subprocess.Popen:
    return subprocess.Popen([binary_path(), "move", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env={**server.env(), **(environment or {})}, cwd=server.folder)


def add_rows(server: Server, users: int) -> None:
    """Accounts by bulk, into the store of a server that does not run: what makes a move take its time."""
    with sqlite3.connect(server.data_dir / "latchkey.db") as db:
        db.executemany("INSERT INTO users (subject, email, email_key, username, password_hash, role, confirmed, is_active,"
                       " failed_sign_ins, locked_until, mailed_at, created_at, updated_at)"
                       " VALUES (?, ?, ?, 'bulk', '$2b$', 'user', 1, 1, 0, 0, 0, 1, 1)",
                       ((secrets.token_bytes(16), mail, mail) for mail in (unique_email("bulk") for _ in range(users))))
    db.close()


def add_rows_there(database: Database, users: int) -> None:
    """As many on a PostgreSQL, where nodes may be at work."""
    database.server.sql(f"""INSERT INTO users (subject, email, email_key, username, password_hash, role, confirmed, is_active,
                              failed_sign_ins, locked_until, mailed_at, created_at, updated_at)
                            SELECT decode(md5(n::text), 'hex'), n || '@bulk', n || '@bulk', 'bulk', '', 'user', true, true,
                              0, 0, 0, 1, 1 FROM generate_series(1, {users}) n;""", database.name)


def marks(database: Database) -> list[str]:
    """The stages that a PostgreSQL's marks are at."""
    try:
        return [row[0] for row in database.server.sql("SELECT stage FROM moves;", database.name)]
    except RuntimeError:  # no table yet
        return []


def triggers(database: Database) -> list[str]:
    """What a move has put into a PostgreSQL that it moves out of."""
    return [row[0] for row in database.server.sql("SELECT DISTINCT tgname FROM pg_trigger WHERE tgname LIKE 'move%';",
                                                  database.name)]


def wait_for(ask, what: str, timeout: float = 60):
    deadline = time.monotonic() + timeout
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"waited {timeout} s for {what}"
        time.sleep(0.005)
    return answer


@dataclass
class Session:
    tokens: list[str]           # refresh tokens, oldest first
    access: str
    may_be_ended: bool = False  # its logout was asked for
    ended: bool = False         # and acknowledged


class Client:
    """Signs up, signs in, refreshes and signs out for as long as the server lets it. What was acknowledged is written
    down."""

    def __init__(self):
        self.signed_up: list[str] = []
        self.sessions: list[Session] = []
        self.refused = 0
        self.reads = 0
        self.unexpected: list[str] = []


class Crowd(Meanwhile):
    """Clients at work while a store is moved: writers, which may be refused with 503 for a while, and readers, which
    may not (unless their database is crashed), up to the moment when the server ends."""

    def __init__(self, server: Server, writers: int = 4, reads_may_be_refused: bool = False):
        super().__init__()
        self.server = server
        self.reads_may_be_refused = reads_may_be_refused
        self.clients = [Client() for _ in range(writers)]
        self.reader = Client()
        self.account = server.user()
        self._threads = [threading.Thread(target=self._guard, args=(self._write, client)) for client in self.clients]
        self._threads.append(threading.Thread(target=self._guard, args=(self._read, self.reader)))

    def _guard(self, work, client: Client) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._stop.is_set():
                try:
                    work(session, client)
                except requests.RequestException:
                    if self.server.running:
                        time.sleep(0.01)
                        continue
                    return

    def _ask(self, session, client: Client, good: int, method: str, path: str, **more):
        while not self._stop.is_set():
            response = session.request(method, self.server.url + path, timeout=30, **more)
            if response.status_code != 503:
                if response.status_code != good:
                    client.unexpected.append(f"{method} {path}: {response.status_code} {response.text[:300]}")
                return response
            client.refused += 1
            if "Retry-After" not in response.headers:
                client.unexpected.append(f"{method} {path}: 503 without Retry-After")
            time.sleep(0.01)
        raise requests.RequestException("stopped")

    def _write(self, session, client: Client) -> None:
        email = unique_email("crowd")
        self._ask(session, client, 201, "POST", "/api/auth/signup",
                  json={"email": email, "username": "crowd", "password": PASSWORD})
        client.signed_up.append(email)
        tokens = self._ask(session, client, 200, "POST", "/api/auth/login",
                           data={"username": email, "password": PASSWORD}).json()
        opened = Session([tokens["refresh_token"]], tokens["access_token"])
        client.sessions.append(opened)
        for _ in range(5):
            tokens = self._ask(session, client, 200, "GET", "/api/auth/refresh_token",
                               headers={"Authorization": f"Bearer {opened.tokens[-1]}"}).json()
            opened.tokens.append(tokens["refresh_token"])
        # Every second time one ends, of any age: the move may have copied it long ago, or not yet.
        if len(client.sessions) % 2 == 0:
            leaving = random.choice([one for one in client.sessions if not one.may_be_ended])
            leaving.may_be_ended = True
            self._ask(session, client, 200, "POST", "/api/auth/logout",
                      headers={"Authorization": f"Bearer {leaving.tokens[-1]}"})
            leaving.ended = True

    def _read(self, session, client: Client) -> None:
        response = session.get(self.server.url + "/api/users/me", timeout=30,
                               headers={"Authorization": f"Bearer {self.account.access}"})
        client.reads += 1
        if response.status_code != 200 and not (response.status_code == 503 and self.reads_may_be_refused):
            client.unexpected.append(f"me: {response.status_code} {response.text[:300]}")
        time.sleep(0.002)

    @property
    def unexpected(self) -> list[str]:
        return [line for client in [*self.clients, self.reader] for line in client.unexpected]

    @property
    def signed_up(self) -> int:
        """How many sign-ups were acknowledged."""
        return sum(len(client.signed_up) for client in self.clients)

    @property
    def ended(self) -> int:
        """How many logouts were acknowledged."""
        return sum(one.ended for client in self.clients for one in client.sessions)

    def check(self, target: Server) -> None:
        """Everything that was acknowledged is there, what ended has ended there too, and each line of refresh tokens goes on
        in one place only."""
        assert self.unexpected == []
        with target.db() as db:
            there = {email for (email,) in db.execute("SELECT email FROM users")}
        for client in self.clients:
            assert set(client.signed_up) <= there
            for one in client.sessions:
                self._check_session(target, one)

    @staticmethod
    def _check_session(target: Server, one: Session) -> None:
        me = target.get("/api/users/me", bearer=one.access)
        answer = target.get("/api/auth/refresh_token", bearer=one.tokens[-1])
        assert answer.status_code == me.status_code, "both of its tokens are good, or neither"
        # Whose logout was asked for, and not acknowledged, is one or the other.
        if one.ended or (one.may_be_ended and me.status_code == 401):
            assert_problem(me, 401, "invalid_token")
            assert_problem(answer, 401, "invalid_token")
            return
        assert answer.status_code == 200, answer.text
        again = target.get("/api/auth/refresh_token", bearer=answer.json()["refresh_token"])
        assert again.status_code == 200, again.text
        if len(one.tokens) > 2:
            assert target.get("/api/auth/refresh_token", bearer=one.tokens[-3]).status_code == 401


def checksums(output: str) -> dict[str, tuple[int, str]]:
    """Rows and checksum of each table, as the command prints them."""
    return {name: (int(rows), digest) for name, rows, digest in
            re.findall(r"^(\w+) +(\d+) rows +sha256 ([0-9a-f]*)$", output, re.M)}


def finish(process: subprocess.Popen, code: int = 0) -> str:
    """Waits for a move that was begun; answers what it said."""
    output = process.communicate(timeout=120)[0].decode()
    assert process.returncode == code, output
    return output


def stage(server: Server, stage: str | None = None) -> list[str]:
    """The marks of a SQLite store that nobody has open; sets them when one is given."""
    db = sqlite3.connect(server.data_dir / "latchkey.db")
    if stage:
        db.execute("UPDATE moves SET stage = ?", (stage,))
        db.commit()
    found = [row[0] for row in db.execute("SELECT stage FROM moves")]
    db.close()
    return found
