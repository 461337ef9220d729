"""Clients that carry on through faults as real ones do: each request is asked again, at the next node, until somebody
answers it. A ledger keeps what was acknowledged, and how long nobody answered."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import requests

from support import PASSWORD, Server, SmtpSink, unique_email
from support.mail import LEASE
from support.meanwhile import Meanwhile
from support.server import has_clock_to_move

# What a client takes for "try again": a proxy's and our own words for it.
AGAIN = (502, 503, 504)


@dataclass
class Session:
    tokens: list[str]          # refresh tokens, oldest first
    ended: bool = False        # its logout was acknowledged
    may_be_ended: bool = False  # its logout was asked for


@dataclass
class Line:
    """One user's doings, in the order of one client."""

    email: str = field(default_factory=lambda: unique_email("cluster"))
    signed_up: bool = False
    confirmed: bool = False
    sessions: list[Session] = field(default_factory=list)


def end_leases(nodes: list[Server]) -> None:
    """A mail that was claimed when the claim's answer was lost waits for its lease: so much time passes."""
    if has_clock_to_move(nodes[0].binary):
        for node in nodes:
            node.clock.advance(LEASE)
    else:
        time.sleep(LEASE)


class Clients(Meanwhile):
    """Sign up, confirm, sign in, refresh and sign out, all the time. `addresses` are base URLs of nodes, or of what
    stands in front of them; `authority` is a file with whoever has signed its certificate. With `patience` 0 a request
    is asked once: then every failure is one."""

    def __init__(self, addresses: list[str], sink: SmtpSink, count: int = 8, patience: float = 180,
                 authority: str | bool = True):
        super().__init__()
        self.addresses, self.sink, self.patience, self._authority = addresses, sink, patience, authority
        self.lines: list[Line] = []
        self.failures: list[str] = []
        self.acknowledged = 0
        self.asked = 0             # tries, whatever came of them
        self.slowest = 0.0         # the longest that a try took, in seconds
        self.successors: dict[str, set[str]] = {}  # of each refresh token: more than one would be a fork
        self._lock = threading.Lock()
        self._answered_at = time.monotonic()
        self._longest_silence = 0.0
        self._threads = [threading.Thread(target=self._client, args=(random.Random(number),), daemon=True)
                         for number in range(count)]

    def silence(self) -> float:
        """The longest time, since this was last asked, in which nobody had an answer, in seconds."""
        with self._lock:
            longest, self._longest_silence = self._longest_silence, 0.0
            return longest

    def forget_slowest(self) -> None:
        with self._lock:
            self.slowest = 0.0

    def wait_progress(self, count: int = 200, timeout: float = 120) -> None:
        """Until so many more requests were acknowledged."""
        goal, deadline = self.acknowledged + count, time.monotonic() + timeout
        while self.acknowledged < goal:
            assert time.monotonic() < deadline, f"{count} answers in {timeout} s were not to be had: {self.failures[-5:]}"
            time.sleep(0.05)

    # One client -----------------------------------------------------------------------------------

    def _client(self, dice: random.Random) -> None:
        with requests.Session() as http:
            http.trust_env, http.verify = False, self._authority
            while not self._stop.is_set():
                line = Line()
                self.lines.append(line)
                try:
                    self._live(http, line, dice)
                except TimeoutError as error:
                    self.failures.append(str(error))
                except Exception as error:  # a client that dies in silence would test nothing
                    self.failures.append(f"{line.email}: {error!r}")

    def _ask(self, http, what: str, method: str, path: str, **more) -> tuple[requests.Response, bool]:
        """The answer, and whether an earlier try got none and may have been carried out."""
        unknown, began = False, time.monotonic()
        for turn in range(1_000_000):
            address = self.addresses[(hash(path) + turn) % len(self.addresses)] if turn else random.choice(self.addresses)
            said, asked_at = "", time.monotonic()
            try:
                response = http.request(method, address + path, timeout=15, allow_redirects=False, **more)
                if response.status_code not in AGAIN:
                    self._note_answer()
                    return response, unknown
                said = f"{response.status_code} {response.text[:200]}"
            except requests.RequestException as error:
                said = repr(error)
            finally:
                with self._lock:
                    self.asked += 1
                    self.slowest = max(self.slowest, time.monotonic() - asked_at)
            unknown = True
            if time.monotonic() - began >= self.patience:
                raise TimeoutError(f"{what}: {said}")
            time.sleep(0.1)
        raise AssertionError

    def _note_answer(self) -> None:
        now = time.monotonic()
        with self._lock:
            self._longest_silence = max(self._longest_silence, now - self._answered_at)
            self._answered_at = now
            self.acknowledged += 1

    def _expect(self, what: str, response: requests.Response, good: bool) -> bool:
        if not good:
            self.failures.append(f"{what}: {response.status_code} {response.text[:300]}")
        return good

    def _live(self, http, line: Line, dice: random.Random) -> None:
        response, unknown = self._ask(http, "signup", "POST", "/api/auth/signup",
                                      json={"email": line.email, "username": "cluster", "password": PASSWORD})
        if not self._expect("signup", response, response.status_code == 201 or (unknown and response.status_code == 409)):
            return
        line.signed_up = True
        path = self._confirmation_path(line)
        if path is None:
            return
        response, unknown = self._ask(http, "confirm", "GET", path, headers={"Accept": "application/json"})
        if not self._expect("confirm", response, response.status_code == 200):
            return
        line.confirmed = True
        for _ in range(dice.randrange(1, 3)):
            self._use_session(http, line, dice)

    def _use_session(self, http, line: Line, dice: random.Random) -> None:
        response, _ = self._ask(http, "login", "POST", "/api/auth/login",
                                data={"username": line.email, "password": PASSWORD})
        if not self._expect("login", response, response.status_code == 200):
            return
        session = Session([response.json()["refresh_token"]])
        line.sessions.append(session)
        access = response.json()["access_token"]
        for _ in range(dice.randrange(0, 8)):
            if self._stop.is_set():
                return
            parent = session.tokens[-1]
            response, _ = self._ask(http, "refresh", "GET", "/api/auth/refresh_token",
                                    headers={"Authorization": f"Bearer {parent}"})
            if not self._expect("refresh", response, response.status_code == 200):
                session.may_be_ended = True
                return
            self._note_successor(parent, response)
            if dice.random() < 0.3:
                # As a client that has never seen the answer: it gets the same one, also from another node.
                again, _ = self._ask(http, "repeated refresh", "GET", "/api/auth/refresh_token",
                                     headers={"Authorization": f"Bearer {parent}"})
                if self._expect("repeated refresh", again, again.status_code == 200):
                    self._note_successor(parent, again)
            session.tokens.append(response.json()["refresh_token"])
            access = response.json()["access_token"]
            response, _ = self._ask(http, "me", "GET", "/api/users/me", headers={"Authorization": f"Bearer {access}"})
            self._expect("me", response, response.status_code == 200 and response.json()["email"] == line.email)
        if dice.random() < 0.5:
            session.may_be_ended = True
            response, unknown = self._ask(http, "logout", "POST", "/api/auth/logout",
                                          headers={"Authorization": f"Bearer {session.tokens[-1]}"})
            if self._expect("logout", response, response.status_code == 200 or (unknown and response.status_code == 401)):
                session.ended = True
                # "At once", and on whichever node.
                response, _ = self._ask(http, "me", "GET", "/api/users/me", headers={"Authorization": f"Bearer {access}"})
                self._expect("me after logout", response, response.status_code == 401)

    def _note_successor(self, parent: str, response: requests.Response) -> None:
        with self._lock:
            self.successors.setdefault(parent, set()).add(response.json()["refresh_token"])

    def _confirmation_path(self, line: Line) -> str | None:
        deadline = time.monotonic() + self.patience + 60
        while not self._stop.is_set():
            if mails := self.sink.to(line.email):
                return mails[-1].mail.confirmation_path
            if time.monotonic() > deadline:
                self.failures.append(f"no mail came for {line.email}")
                return None
            self._stop.wait(0.05)
        return None

    # Afterwards -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Every acknowledged fact is still true on every node, no line of refreshes has forked, no mail is lost."""
        assert self.failures == [], f"{len(self.failures)} failures, the first: {self.failures[:5]}"
        assert [found for found in self.successors.values() if len(found) > 1] == []
        with requests.Session() as http:
            http.trust_env, http.verify = False, self._authority
            for line in self.lines:
                self._check_line(http, line)
        assert self.failures == [], f"{len(self.failures)} facts are lost, the first: {self.failures[:5]}"

    def _check_line(self, http, line: Line) -> None:
        if line.signed_up:
            self.sink.wait_for(line.email)
        if line.confirmed:
            response, _ = self._ask(http, "login", "POST", "/api/auth/login",
                                    data={"username": line.email, "password": PASSWORD})
            self._expect(f"the account {line.email}", response, response.status_code == 200)
        for session in line.sessions:
            if session.may_be_ended and not session.ended:
                continue
            for address in self.addresses:
                response = http.get(address + "/api/auth/refresh_token", timeout=15,
                                    headers={"Authorization": f"Bearer {session.tokens[-1]}"})
                self._expect(f"a session of {line.email}, ended: {session.ended}", response,
                             response.status_code == (401 if session.ended else 200))
