"""Clients that hold connections: many, slow, and from addresses of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator

import requests

from .raw_http import request_bytes

FORM = "application/x-www-form-urlencoded"


def connect(server, source: str = "127.0.0.1") -> socket.socket:
    """All of 127.0.0.0/8 is this machine, and each of its addresses a client of its own."""
    return socket.create_connection((server.host, server.port), timeout=20, source_address=(source, 0))


def half_body(sent: int, of: int = 65_536, **headers: str) -> bytes:
    lines = {"Content-Type": FORM, "Content-Length": str(of), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return request_bytes("POST", "/api/auth/login", lines) + b"a" * sent


def counted(server, name: str) -> float:
    """A number of /metrics, from a server that may have to make room for whoever asks first."""
    for _ in range(20):
        with contextlib.suppress(requests.ConnectionError):
            return server.metric(name)
        time.sleep(0.1)
    return server.metric(name)


class Crowd:
    """Connections that one thread keeps open, `count` of them: whatever the server closes is opened again."""

    def __init__(self, server, count: int, start: bytes, sources: list[str]):
        self._server, self._start, self._sources = server, start, sources
        self._places: list[socket.socket | None] = [None] * count
        self._stop = threading.Event()
        self.opened = 0
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            for number, place in enumerate(self._places):
                if self._stop.is_set():
                    return
                if place is None or self._is_closed(place):
                    self._open(number)
            self._stop.wait(0.01)

    def _is_closed(self, place: socket.socket) -> bool:
        try:
            return place.recv(4096, socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _open(self, number: int) -> None:
        if (old := self._places[number]) is not None:
            old.close()
        self._places[number] = None
        with contextlib.suppress(OSError):
            place = connect(self._server, self._sources[number % len(self._sources)])
            self._places[number] = place
            self.opened += 1
            # What the server does not take now it gets never: this client is slow.
            place.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                place.send(self._start)

    def begin(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 60
        while self.opened < len(self._places) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.opened >= len(self._places), f"only {self.opened} connections could be opened"

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        for place in self._places:
            if place is not None:
                place.close()


@contextlib.contextmanager
def crowd(server, count: int, start: bytes, sources: list[str] | None = None) -> Iterator[Crowd]:
    one = Crowd(server, count, start, sources or ["127.0.0.2"])
    try:
        one.begin()
        yield one
    finally:
        one.end()


def _hold(server, count: int, start: bytes, sources: list[str], pipe) -> None:
    with crowd(server, count, start, sources):
        pipe.send("open")
        pipe.recv()


@contextlib.contextmanager
def crowd_apart(server, count: int, start: bytes, sources: list[str]) -> Iterator[None]:
    """The same in a process of its own, so that it takes no time from a client that measures."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_hold, args=(server, count, start, sources, theirs))
    process.start()
    try:
        assert ours.poll(120) and ours.recv() == "open"
        yield
    finally:
        ours.send("end")
        process.join()
