"""Several nodes for the length of a block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .server import Server


@contextlib.contextmanager
def ended_in_peace(servers: list[Server]) -> Iterator[list[Server]]:
    """At the end those that still run must stop in peace, and none may leave a sanitizer report."""
    try:
        yield servers
        for server in servers:
            if server.process is not None:
                server.stop()
            server.check_sanitizers()
    finally:
        for server in servers:
            server.remove()


@contextlib.contextmanager
def together(servers: list[Server]) -> Iterator[list[Server]]:
    """Starts them all, and ends them in peace."""
    with ended_in_peace(servers):
        for server in servers:
            server.start()
        yield servers
