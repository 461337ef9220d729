"""Signing keys change every few seconds while users go on and nodes are restarted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter

import pytest
import requests

from support import Account, Server
from support.meanwhile import Meanwhile
from support.size import size
from support.tokens import header_of
from support.validator import Validator

from .conftest import SHARED, two_nodes

EVERY = 5.0
STEP = 60
# A key signs ten minutes after it was published.
STEPS = 11


class Traffic(Meanwhile):
    """Users who refresh at whichever node answers, each with a program beside it that validates what it was given."""

    def __init__(self, nodes: list[Server], users: list[Account]):
        super().__init__()
        self._nodes = nodes
        self.refused: list[str] = []
        self.accepted: Counter[tuple[str, int]] = Counter()  # by key and node
        self.validators = [Validator(*nodes, issuer=SHARED["public_url"]) for _ in users]
        self._threads = [threading.Thread(target=self._go_on, args=(number, user))
                         for number, user in enumerate(users)]

    def _go_on(self, number: int, user: Account) -> None:
        turn = number
        while not self._stop.is_set():
            turn += 1
            node = self._nodes[turn % len(self._nodes)]
            # While it is restarted the other one is asked; whoever stops has answered what it had begun.
            with contextlib.suppress(requests.ConnectionError):
                answer = node.get("/api/auth/refresh_token", bearer=user.refresh)
                if answer.status_code != 200:
                    self.refused.append(answer.text)
                    return
                user.tokens = answer.json()
                if not self.validators[number].accepts(user.access):
                    self.refused.append(f"a validator refused {header_of(user.access)}")
                    return
                self.accepted[header_of(user.access)["kid"], turn % len(self._nodes)] += 1
                status = node.get("/api/users/me", bearer=user.access).status_code
                if status != 200:
                    self.refused.append(f"me: {status}")
                    return


@pytest.mark.timeout(size(180, 3600))
def test_Z49_rotations_every_five_seconds_under_load_fail_no_validator_while_nodes_are_restarted(database):
    # Time leaps here: whoever asks twice must not be a minute late for it.
    with two_nodes(database, tokens__refresh_grace="1m") as nodes:
        users = [nodes[number % 2].user() for number in range(6)]
        rotations, slowest = size(4, 40), 0.0
        with Traffic(nodes, users) as traffic:
            for turn in range(rotations):
                began = time.monotonic()
                nodes[turn % 2].cli_ok("keys", "rotate")
                for step in range(STEPS):
                    time.sleep(max(0.0, began + EVERY * step / STEPS - time.monotonic()))
                    # Every other node knows of a key within a second, which is not ten minutes of this clock.
                    if step == 0:
                        wait_published(nodes)
                    for node in nodes:
                        node.clock.advance(STEP)
                    if step == STEPS // 2:
                        nodes[(turn + 1) % 2].restart()
                time.sleep(max(0.0, began + EVERY - time.monotonic()))
                slowest = max(slowest, time.monotonic() - began)
                assert traffic.refused == []
        assert traffic.refused == []
        # All have signed, at both nodes (the last one may just have begun), and the validators asked for new ones as they may.
        in_turn = list(dict.fromkeys(kid for kid, _ in traffic.accepted))
        assert len(in_turn) >= rotations
        assert all((kid, number) in traffic.accepted for kid in in_turn[:-1] for number in range(2)), traffic.accepted
        print(f"{sum(traffic.accepted.values())} tokens of {len(in_turn)} keys, a rotation every {EVERY} to {slowest:.1f} s")
        assert all(validator.fetches > rotations for validator in traffic.validators)


def wait_published(nodes: list[Server]) -> None:
    def newest(node: Server) -> set[str]:
        return {key["kid"] for key in node.get("/.well-known/jwks.json", cacheable=True).json()["keys"]}

    nodes[0].wait(lambda: newest(nodes[0]) == newest(nodes[1]) and len(newest(nodes[0])) > 1, "the new key at both nodes")
