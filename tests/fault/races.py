#!/usr/bin/env python3
"""Races over what may be used once, and over refresh tokens: many clients ask for the same thing at the same moment.

    tests/fault/races.py --races 1000000 [--racers N] [--minutes M] [--nodes] [--seed N]

One thing is raced for by two clients, over two connections on which the whole requests but for their last byte have been written before either
is completed. Each race has one winner: of a link or a code that confirms or resets, one use; of an address that signs up, one account; of a
refresh token, one successor, whoever asks. At the end the database must know as many winners as there were races. With --nodes the two clients
ask two nodes on one PostgreSQL. Prints its counts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from ledger import SinkMailbox  # noqa: E402
from support import PASSWORD, Server, SmtpSink, unique_email  # noqa: E402
from support.invariants import violations  # noqa: E402
from support.postgres import Database, Postgres  # noqa: E402

# Of a hundred races; the others are over refresh tokens.
SHARES = {"sign_up": 2, "confirm": 2, "reset": 1}
# What the audit calls a winner.
EVENTS = {"sign_up": "sign_up", "confirm": "email_confirmed", "reset": "password_reset"}
SETTINGS = {"tokens.refresh_grace": "1m", "public_url": "http://races.example"}


class Line:
    """One kept connection to one node."""

    def __init__(self, node: Server):
        self._socket = socket.create_connection((node.host, node.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self) -> tuple[int, dict]:
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return int(head.split(b" ", 2)[1]), json.loads(body)

    def _more(self) -> None:
        data = self._socket.recv(65536)
        assert data, "the server has closed a connection"
        self._buffer += data


def request(method: str, path: str, body: dict | None = None, bearer: str | None = None) -> bytes:
    data = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: races.example", "Accept: application/json", f"Content-Length: {len(data)}"]
    if body is not None:
        head.append("Content-Type: application/json")
    if bearer is not None:
        head.append(f"Authorization: Bearer {bearer}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + data


class Racer:
    """Two clients, who race one after the other for things of their own."""

    def __init__(self, nodes: list[Server], mailbox: SinkMailbox, seed: int):
        self._mailbox = mailbox
        self._dice = random.Random(seed)
        self._lines = [Line(nodes[0]), Line(nodes[-1])]
        self.counts: Counter[str] = Counter()
        self.rotations: Counter[str] = Counter()  # by address, that the database must know of
        self._fresh: list[tuple[str, str]] = []  # addresses that have signed up, with the link that confirms
        self._known: list[str] = []
        self._token = ""

    def _ask(self, *what, **more) -> tuple[int, dict]:
        line = self._dice.choice(self._lines)
        line.write(request(*what, **more))
        return line.read()

    def _race(self, *what, **more) -> list[tuple[int, dict]]:
        """Both at once."""
        data = request(*what, **more)
        order = self._dice.sample(self._lines, 2)
        for line in order:
            line.write(data[:-1])
        for line in order:
            line.write(data[-1:])
        return [line.read() for line in self._lines]

    def _link(self, email: str, kind: str) -> str:
        deadline = time.monotonic() + 60
        while not (link := self._mailbox.find(email, kind)):
            assert time.monotonic() < deadline, f"no mail has come to {email}"
            time.sleep(0.002)
        return link

    def sign_up(self) -> None:
        email = unique_email("race")
        answers = self._race("POST", "/api/auth/signup", body={"email": email, "username": "race", "password": PASSWORD})
        assert sorted(status for status, _ in answers) == [201, 409], answers
        self.counts["sign_up"] += 1
        self._fresh.append((email, self._link(email, "api/auth/confirmed_email")))

    def confirm(self) -> None:
        if not self._fresh:
            self.sign_up()
        email, link = self._fresh.pop()
        answers = self._race("POST", f"/api/auth/confirmed_email/{link}")
        said = sorted(body.get("message", body.get("code")) for _, body in answers)
        assert said == ["Email confirmed", "Your email is already confirmed"], answers
        self.counts["confirm"] += 1
        self._known.append(email)
        self._token = ""

    def reset(self) -> None:
        email = self._known.pop(0)  # the last one has the session that is refreshed
        self._ask("POST", "/api/auth/password/forgotten", body={"email": email})
        link = self._link(email, "password/new")
        answers = self._race("POST", "/api/auth/password/reset", body={"token": link, "password": PASSWORD + "-new"})
        assert sorted(status for status, _ in answers) == [200, 400], answers
        self.counts["reset"] += 1
        self.rotations.pop(email, None)  # its sessions have ended

    def refresh(self) -> None:
        if not self._token:
            status, tokens = self._log_in(self._known[-1])
            assert status == 200, tokens
            self._token = tokens["refresh_token"]
        answers = self._race("GET", "/api/auth/refresh_token", bearer=self._token)
        assert [status for status, _ in answers] == [200, 200], answers
        successors = {body["refresh_token"] for _, body in answers}
        assert len(successors) == 1 and self._token not in successors, answers
        self._token, = successors
        self.counts["refresh"] += 1
        self.rotations[self._known[-1]] += 1

    def _log_in(self, email: str) -> tuple[int, dict]:
        data = f"username={email}&password={PASSWORD}".encode()
        self._lines[0].write(b"POST /api/auth/login HTTP/1.1\r\nHost: races.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(data) + data)
        return self._lines[0].read()

    def go_on(self, races: int, end: float) -> None:
        self.confirm()
        while sum(self.counts.values()) < races and time.monotonic() < end:
            chosen = self._dice.randrange(100)
            kind = next((kind for kind, share in SHARES.items() if (chosen := chosen - share) < 0), "refresh")
            if kind == "reset" and len(self._known) < 2:
                kind = "confirm"
            getattr(self, kind)()


@contextlib.contextmanager
def track(nodes: int) -> Iterator[tuple[list[Server], SinkMailbox]]:
    """One node on SQLite, or several on one PostgreSQL, and the mail that they send."""
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(SmtpSink())
        settings = {**SETTINGS, "mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "no-reply@races.example"}
        if nodes > 1:
            settings |= Database(stack.enter_context(Postgres())).settings()
        yield [stack.enter_context(Server(settings)) for _ in range(nodes)], SinkMailbox(sink)


def race(nodes: list[Server], mailbox: SinkMailbox, races: int, racers: int, seed: int, minutes: float = 1e9) -> Counter[str]:
    """So many in all, or as many as there is time for. Asserts one winner of each, and that the database knows of no other."""
    end = time.monotonic() + minutes * 60
    all_of_them = [Racer(nodes, mailbox, seed + number) for number in range(racers)]
    failures: list[BaseException] = []

    def run(racer: Racer) -> None:
        try:
            racer.go_on(races // racers, end)
        except BaseException as failure:  # told at the end
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(racer,)) for racer in all_of_them]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    counts = sum((racer.counts for racer in all_of_them), Counter())
    with nodes[0].db() as db:
        winners = dict(db.execute("SELECT event, count(*) FROM audit WHERE result = 'ok' GROUP BY event").fetchall())
        rotations, = db.execute("SELECT sum(generation) FROM sessions").fetchone()
    assert {kind: winners.get(event, 0) for kind, event in EVENTS.items()} == {kind: counts[kind] for kind in EVENTS}
    assert int(rotations or 0) == sum(sum(racer.rotations.values()) for racer in all_of_them)
    assert violations(nodes[0]) == {}
    return counts


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--races", type=int, default=1_000_000)
    arguments.add_argument("--racers", type=int, default=16, help="pairs of clients at the same time")
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--minutes", type=float, default=1e9, help="ends after this time, with what has been reached")
    arguments.add_argument("--nodes", action="store_true")
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    began = time.monotonic()
    with track(2 if chosen.nodes else 1) as (nodes, mailbox):
        counts = race(nodes, mailbox, chosen.races, chosen.racers, chosen.seed, chosen.minutes)
    print(f"one winner each of {sum(counts.values())} races in {time.monotonic() - began:.0f} s: {dict(counts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
