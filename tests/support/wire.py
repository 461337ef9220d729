"""Many requests from one thread: what a crowd of clients sends, without a thread for each of them."""

from __future__ import annotations

import contextlib
import json
import random
import re
import selectors
import socket
import time
from collections import deque
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.I)


@dataclass
class Answer:
    status: int
    head: bytes
    body: bytes

    def json(self):
        return json.loads(self.body)


def take_answer(data: bytes) -> tuple[Answer, bytes] | None:
    """The first answer in the bytes and what follows it; nothing while it is not complete."""
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        return None
    length = int(found[1]) if (found := LENGTH.search(head)) else 0
    if len(rest) < length:
        return None
    return Answer(int(head.split(b" ", 2)[1]), head, rest[:length]), rest[length:]


def refresh_request(token: str, *, keep: bool = False) -> bytes:
    return (f"GET /api/auth/refresh_token HTTP/1.1\r\nHost: nodes.example\r\nAuthorization: Bearer {token}\r\n"
            f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n").encode()


def login_request(email: str, password: str) -> bytes:
    form = f"username={email.replace('@', '%40')}&password={password}"
    return (f"POST /api/auth/login HTTP/1.1\r\nHost: nodes.example\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}").encode()


class Wire:
    """One kept connection. `send` does not wait for the answer, `read` does."""

    def __init__(self, node):
        self._node = node
        self._data = b""
        self._socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection((self._node.host, self._node.port), timeout=60)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def read(self) -> Answer:
        while (found := take_answer(self._data)) is None:
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the server closed the connection before it had answered")
            self._data += more
        answer, self._data = found
        return answer

    def close(self) -> None:
        self._socket.close()


@dataclass
class Visit:
    """One client's request, each try over a connection of its own."""

    node: object
    request: bytes
    answer: Answer | None = None   # the last one that was no 503
    refused: int = 0               # answers with 503
    lost: int = 0                  # connections that ended without an answer
    unasked: list[str] = field(default_factory=list)  # what a refusal lacked
    done_at: float = 0.0           # seconds after the start


class Herd:
    """All visits at once, over as many connections as `width` allows at a time. Who is refused comes again when the
    server said, as clients with manners do; who lost the connection comes again soon."""

    def __init__(self, visits: list[Visit], width: int, patience: float):
        self._visits, self._width, self._patience = visits, width, patience
        self._selector = selectors.DefaultSelector()
        self._later: list[tuple[float, Visit]] = []

    def run(self) -> float:
        """Answers how long it took until everybody was served, in seconds."""
        began = time.monotonic()
        ready, open_now = deque(self._visits), 0
        while ready or open_now or self._later:
            now = time.monotonic()
            assert now - began < self._patience, \
                f"{len(ready) + open_now + len(self._later)} of {len(self._visits)} not served in {self._patience} s"
            due = [visit for at, visit in self._later if at <= now]
            self._later = [(at, visit) for at, visit in self._later if at > now]
            ready.extend(due)
            while ready and open_now < self._width:
                self._begin(ready.popleft())
                open_now += 1
            for key, events in self._selector.select(0.05):
                if self._go_on(key, events):
                    visit = key.data[0]
                    if visit.answer is not None:
                        visit.done_at = time.monotonic() - began
                    open_now -= 1
        self._selector.close()
        return time.monotonic() - began

    def _begin(self, visit: Visit) -> None:
        made = socket.socket()
        made.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            made.connect((visit.node.host, visit.node.port))
        self._selector.register(made, selectors.EVENT_WRITE, (visit, bytearray()))

    def _go_on(self, key: selectors.SelectorKey, events: int) -> bool:
        """True when the connection has ended."""
        visit, data = key.data
        try:
            if events & selectors.EVENT_WRITE:
                key.fileobj.sendall(visit.request)
                self._selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
                return False
            more = key.fileobj.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            more = b""
        data += more
        found = take_answer(bytes(data))
        if found is None and more:
            return False
        self._selector.unregister(key.fileobj)
        key.fileobj.close()
        self._take(visit, found[0] if found else None)
        return True

    def _take(self, visit: Visit, answer: Answer | None) -> None:
        wait = random.uniform(0.1, 0.5)
        if answer is None:
            visit.lost += 1
        elif answer.status == 503:
            visit.refused += 1
            if said := RETRY_AFTER.search(answer.head):
                wait = int(said[1]) * random.uniform(1, 1.5)
            else:
                visit.unasked.append(answer.head.decode(errors="replace"))
        else:
            visit.answer = answer
            return
        self._later.append((time.monotonic() + wait, visit))
