"""Latchkey nodes that share one PostgreSQL."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

from support import Server, SmtpSink
from support.together import together

# Longer than a fail-over takes: a client whose answer was lost in one comes back with the token that it has.
GRACE = "1m"


def shared_settings(database_url: str, sink: SmtpSink) -> dict[str, object]:
    """What all nodes of one service have in common."""
    return {"database_url": database_url, "master_secret": secrets.token_hex(32), "public_url": "http://cluster.example",
            "tokens.refresh_grace": GRACE, "mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "latchkey@example.com"}


@contextlib.contextmanager
def nodes(database_url: str, sink: SmtpSink, count: int = 2, **settings: object) -> Iterator[list[Server]]:
    """`count` identical nodes on one database, which differ only in where they listen."""
    shared = {**shared_settings(database_url, sink), **settings}
    servers = [Server(dict(shared)) for _ in range(count)]
    with together(servers):
        yield servers
