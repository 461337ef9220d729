"""Fail-over: the primary of a three-node PostgreSQL cluster dies or is cut off, again and again, under load. What was
acknowledged stays true, no line of refreshes forks, no mail is lost, and service comes back by itself."""

from __future__ import annotations

import pytest

from support import SmtpSink
from support.invariants import assert_undamaged, violations

from .clients import Clients
from .network import Network
from .nodes import nodes
from .patroni import Cluster

ROUNDS = 10


@pytest.mark.timeout(1800)
def test_Z21_ten_failovers_lose_nothing_that_was_acknowledged(record_property):
    with Network([11, 12, 13]) as network, Cluster(network) as cluster, SmtpSink() as sink:
        with nodes(sink=sink, **cluster.make_database()) as servers:
            with Clients([server.url for server in servers], sink) as clients:
                clients.wait_progress()
                clients.silence()
                for turn in range(ROUNDS):
                    primary = cluster.primary()
                    cut = turn % 2 == 1
                    primary.machine.pull_cable() if cut else primary.kill()
                    clients.wait_progress(timeout=120)
                    away = clients.silence()
                    print(f"{turn + 1}: {'cut off' if cut else 'killed'} {primary.machine.name}, away {away:.1f} s, "
                          f"{clients.acknowledged} acknowledged")
                    record_property(f"away_{turn + 1}_{'cut' if cut else 'killed'}", round(away, 1))
                    # Three times Patroni's ttl.
                    assert away < 60
                    # Before the next fault all three are back: synchronous replication promises one loss at a time.
                    primary.machine.plug_in() if cut else primary.start()
                    cluster.wait_healthy()
                    assert cluster.wait(cluster.primary, "a primary", 10) is not primary, "it has not taken the lead back"
                    clients.wait_progress()
                    clients.silence()
            clients.check()
            assert violations(servers[0]) == {}
            assert_undamaged(cluster, "latchkey")
            # A mail that was sent, and whose end nobody could write down, waits for its lease to be sent again.
            cluster.wait(lambda: cluster.sql("SELECT count(*) FROM mails", "latchkey") == [["0"]], "an empty outbox", 90)
