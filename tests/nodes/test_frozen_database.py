"""A database that says nothing any more, though it closes no connection: what does not need it goes on."""

from __future__ import annotations

import time

import requests

from support.postgres import Database

from .conftest import node_on


def test_while_the_keys_are_asked_of_a_frozen_database_no_thread_waits_for_them(breakable):
    """A thread that has not had a request of its kind before looks at the keys for the first time."""
    with node_on(Database(breakable), threads="8") as node:
        for _ in range(2):
            breakable.freeze()
            # Longer than the housekeeper waits before it asks for the keys again.
            time.sleep(1.2)
            longest = 0.0
            for _ in range(60):
                began = time.monotonic()
                with requests.Session() as http:  # a connection of its own, on whichever thread
                    assert http.get(node.url + "/.well-known/jwks.json", timeout=30).status_code == 200
                    assert http.get(node.url + "/healthz", timeout=30).status_code == 200
                longest = max(longest, time.monotonic() - began)
            breakable.thaw()
            assert longest < 1, f"{longest:.2f} s"
            node.restart()
