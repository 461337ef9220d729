"""The master secret is changed, and `latchkey keys rekey`, which seals the signing keys again under the new one, is
killed while it is at work."""

from __future__ import annotations

import contextlib
import random
import secrets
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from support import Server, ServerFailed, binary_path
from support.size import size

from .conftest import service

KEYS = 8
REKEYED = "SELECT count(*) FROM audit WHERE event = 'signing_key.rekeyed'"


def start_all(nodes: list[Server], current: str, previous: str | None) -> None:
    for node in nodes:
        node.settings |= {"master_secret": current, "master_secret_previous": previous}
        node.start()


def refuse_all(nodes: list[Server], current: str) -> None:
    """What is sealed under a secret that nobody names any more starts no node."""
    for node in nodes:
        node.settings |= {"master_secret": current, "master_secret_previous": None}
        with pytest.raises(ServerFailed, match="master"):
            node.start()
        node.process = None


def rotate(user) -> None:
    answer = user.try_refresh()
    assert answer.status_code == 200, answer.text
    user.tokens = answer.json()


def tokens_of_every_key(nodes: list[Server], user) -> list[str]:
    tokens = [user.access]
    for _ in range(KEYS - 1):
        nodes[0].cli_ok("keys", "rotate")
        for node in nodes:
            node.clock.advance(10 * 60 + 1)
        rotate(user)
        tokens.append(user.access)
    return tokens


@contextlib.contextmanager
def counter(node: Server) -> Iterator[Callable[[], int]]:
    """Asks how many keys were ever sealed again, as often as it takes to kill between two of them."""
    if url := node.settings.get("database_url"):
        connection = psycopg.connect(url, autocommit=True)
    else:
        connection = sqlite3.connect(f"file:{node.data_dir / 'latchkey.db'}?mode=ro", uri=True, timeout=30)
    with contextlib.closing(connection):
        yield lambda: connection.execute(REKEYED).fetchone()[0]


def kill_at(node: Server, key: int, victim: str) -> int:
    """Kills the server or the command once so many keys are sealed again; answers how many then were."""
    if victim == "command":
        node.stop()
    with counter(node) as count:
        before = count()
        command = subprocess.Popen([binary_path(), "keys", "rekey"], env=node.env(), cwd=node.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while command.poll() is None and count() - before < key:
            pass
        # Its next write is somewhere between its beginning and its end.
        time.sleep(random.uniform(0, 0.002))
        (command if victim == "command" else node.process).kill()
    command.wait(60)
    node.kill()
    with counter(node) as count:
        return count() - before


@pytest.mark.timeout(size(180, 3600))
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_Z50_a_change_of_the_master_secret_that_is_killed_goes_on_where_it_was(store, postgres, record_property):
    # A key stays for as long as a token that it has signed lives: so there are several at once.
    with service(store, postgres, tokens__access_ttl="1d") as nodes:
        user = nodes[0].confirmed()
        user.tokens = user.try_login().json()
        tokens = tokens_of_every_key(nodes, user)
        current, ends = nodes[0].settings["master_secret"], []
        for turn in range(size(2, 40)):
            for node in nodes:
                node.stop()
            previous, current = current, secrets.token_hex(32)
            start_all(nodes, current, previous)
            done = kill_at(nodes[0], turn // 2 % (KEYS // 2) + 1, ("server", "command")[turn % 2])
            ends.append(done)
            # The other node, where there is one, never noticed; and no half of it is lost.
            for node in nodes[1:]:
                assert [node.get("/api/users/me", bearer=token).status_code for token in tokens] == [200] * KEYS
                node.stop()
            if done < KEYS:
                refuse_all(nodes, current)
            start_all(nodes, current, previous)
            for node in nodes:
                assert [node.get("/api/users/me", bearer=token).status_code for token in tokens] == [200] * KEYS
            rotate(user)
            nodes[-1].cli_ok("keys", "rekey")
            for node in nodes:
                node.stop()
            # The previous secret is needed no more.
            start_all(nodes, current, None)
            for node in nodes:
                assert [node.get("/api/users/me", bearer=token).status_code for token in tokens] == [200] * KEYS
            rotate(user)
        record_property("sealed_when_killed", str(ends))
        print(f"{store}: of {KEYS} keys were sealed when it was killed: {ends}")
        assert any(0 < done < KEYS for done in ends), f"it was never killed in the middle: {ends}"
