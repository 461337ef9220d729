"""Two nodes on one PostgreSQL."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import pytest

from support import Account, Server
from support.postgres import Database, Postgres
from support.together import together

SHARED = {"public_url": "http://nodes.example", "tokens.refresh_grace": "10s"}


@contextlib.contextmanager
def service(store: str, postgres, **settings: object) -> Iterator[list[Server]]:
    """One node on a SQLite of its own, or two on one PostgreSQL."""
    if store == "postgresql":
        database = Database(postgres)
        with two_nodes(database, **settings) as nodes:
            yield nodes
        database.remove()
    else:
        own = {name.replace("__", "."): value for name, value in settings.items()}
        with Server({**SHARED, "master_secret": secrets.token_hex(32), **own}) as node:
            yield [node]


def node_on(database: Database, url: str | None = None, **settings: object) -> Server:
    """One node, not started yet, that reaches its database by the URL when one is given."""
    more = {name.replace("__", "."): value for name, value in settings.items()}
    return Server({**SHARED, **database.settings(), **({"database_url": url} if url else {}), **more})


@contextlib.contextmanager
def two_nodes(database: Database, **settings: object) -> Iterator[list[Server]]:
    """Running, alike in everything but their address and folder; they end in peace."""
    servers = [Server({**SHARED, **database.settings(), **{name.replace("__", "."): value
                                                           for name, value in settings.items()}}) for _ in range(2)]
    for server in servers:
        # Whichever node has sent it.
        server.mail_files = lambda: set().union(*[Server.mail_files(each) for each in servers])
    with together(servers):
        yield servers


def refresh_at(node, token: str):
    return node.get("/api/auth/refresh_token", bearer=token)


def tokens_of(answers) -> set[str]:
    """The refresh tokens that answers carry, each once."""
    return {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}


@pytest.fixture(scope="module")
def pair(postgres: Postgres) -> Iterator[list[Server]]:
    """Two nodes that the tests of a file share: no test moves their clocks or stops them."""
    database = Database(postgres)
    with two_nodes(database) as servers:
        yield servers
    database.remove()


@pytest.fixture
def breakable() -> Iterator[Postgres]:
    """A PostgreSQL that the test may stop, freeze and crash."""
    with Postgres() as server:
        yield server


def generation(node: Server, user: Account) -> int:
    """How often the sessions of a user have been refreshed."""
    with node.db() as db:
        (found,), = db.execute("SELECT sum(generation) FROM sessions JOIN users ON users.id = user_id WHERE email = ?",
                               (user.email,)).fetchall()
    return int(found)
