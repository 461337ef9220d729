"""Two nodes behind HAProxy are restarted one after the other, under load: no client notices."""

from __future__ import annotations

import time

import pytest
import requests

from support import SmtpSink
from support.postgres import Postgres

from .clients import Clients
from .haproxy import Haproxy
from .nodes import nodes

RESTARTS = 20


@pytest.mark.timeout(1200)
def test_twenty_rolling_restarts_fail_no_request():
    with Postgres() as postgres, SmtpSink() as sink:
        postgres.sql("CREATE DATABASE latchkey")
        with nodes(postgres.prefix + "latchkey", sink) as servers:
            with Haproxy([f"{server.host}:{server.port}" for server in servers]) as proxy:
                # Each request is asked once: what fails, fails.
                with Clients([proxy.url], sink, patience=0) as clients:
                    clients.wait_progress()
                    for turn in range(RESTARTS):
                        server = servers[turn % len(servers)]
                        server.restart()
                        server.wait(lambda: requests.get(server.url + "/readyz", timeout=5).status_code == 200, "readiness")
                        # HAProxy asks every half second: until it has heard of this node, the other is all it has.
                        time.sleep(1.2)
                        clients.wait_progress(100)
                clients.check()
                assert clients.acknowledged > 100 * RESTARTS
