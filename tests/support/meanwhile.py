"""Threads that go on beside a test."""

from __future__ import annotations

import threading
from typing import Self


class Meanwhile:
    """Threads that work for the length of a `with` block. Who derives fills `_threads`; each ends soon once `_stop` is set."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
