"""A network that delays, loses, reorders and doubles packets, between the nodes and their PostgreSQL and between clients
and nodes. Each of the three is on a machine of its own."""

from __future__ import annotations

import secrets
import subprocess
import time

import pytest

from support import Server, SmtpSink
from support.postgres import Postgres
from support.together import together
from support.without_database import Visitors

from .bad_line import FINE, FarMachine, Weather
from .clients import Clients, end_leases
from .network import Machine, Network
from .nodes import shared_settings

# In each direction of each line.
BAD = Weather(delay=0.2, jitter=0.02, loss=0.05, double=0.02, overtake=0.1)
SECONDS = 40


class FarPostgres(Postgres):
    """On a machine of its own, open to the network."""

    def __init__(self, machine: Machine):
        self.machine = machine
        super().__init__(config="listen_addresses = '*'")
        with (self.data / "pg_hba.conf").open("a") as out:
            out.write("host all all samenet trust\n")

    def _run(self, *command: object, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(self.machine.command(self.user, *command), capture_output=True, text=True, cwd="/",
                              stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
        return done

    @property
    def prefix(self) -> str:
        return f"postgresql://postgres@{self.machine.address}:{self.port}/"

    def transactions(self) -> int:
        (count,), = self.sql("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'latchkey';")
        return int(count)


@pytest.mark.timeout(900)
def test_Z53_over_a_bad_network_answers_are_right_or_503_and_tries_have_an_end(record_property):
    with Network([31, 32, 33], "lkbad", "10.124.0.", FarMachine) as network, \
            FarPostgres(network.machines[0]) as postgres, SmtpSink(host=network.host_address) as sink:
        postgres.sql("CREATE DATABASE latchkey;")
        settings = shared_settings(postgres.prefix + "latchkey", sink) | {"mail.tls": "opportunistic"}
        machines = network.machines[1:]
        servers = [Server({**settings, "listen": f"{machine.address}:0"}, machine=machine.enter) for machine in machines]
        with together(servers):
            with Clients([server.url for server in servers], sink, count=8, patience=50) as clients:
                clients.wait_progress()
                # The line of a node has its clients and its database at the end. With all lines bad a node is twice as far
                # from its database: 800 ms there and back, one packet in ten lost, where most of it is a 503.
                for where, bad, least in (("the database", network.machines[:1], SECONDS), ("the nodes", machines, SECONDS),
                                          ("everybody", network.machines, 1)):
                    transactions, asked, began = postgres.transactions(), clients.asked, time.monotonic()
                    clients.silence(), clients.forget_slowest()
                    acknowledged = clients.acknowledged
                    for machine in bad:
                        machine.relay.weather = BAD
                    time.sleep(SECONDS)
                    for machine in bad:
                        machine.relay.weather = FINE
                    took = time.monotonic() - began
                    asked = clients.asked - asked
                    answered = clients.acknowledged - acknowledged
                    transactions = postgres.transactions() - transactions
                    said = (f"a bad line to {where}: {asked} tries, {answered} answers, the slowest {clients.slowest:.1f} s,"
                            f" nobody answered for {clients.silence():.1f} s, {transactions} transactions")
                    print(said)
                    record_property(f"bad_line_to_{where.replace(' ', '_')}", said)
                    assert answered > least, "it serves, slowly"
                    # What a request asks of the database, run again at most six times; the watch asks four times a second.
                    assert transactions < 6 * 6 * asked + len(servers) * 10 * took
                    clients.wait_progress()
            relays = [machine.relay for machine in network.machines]
            assert all(relay.lost and relay.doubled and relay.overtook for relay in relays)
            end_leases(servers)
            clients.check()


@pytest.mark.timeout(300)
def test_Z52_where_every_packet_to_the_database_vanishes_whatever_needs_it_is_refused_within_a_second():
    with Network([34], "lkgone", "10.125.0.") as network, FarPostgres(network.machines[0]) as postgres:
        postgres.sql("CREATE DATABASE latchkey;")
        machine = network.machines[0]
        with Server({"database_url": postgres.prefix + "latchkey", "master_secret": secrets.token_hex(32)}) as node:
            visitors = Visitors(node)
            # They come at once, and when the connections that nobody used meanwhile are as dead as the others.
            for idle in (0, 2.5, 0.3):
                machine.pull_cable()
                time.sleep(idle)
                visitors.are_refused()
                node.wait(lambda: node.get("/readyz").status_code == 503, "readiness to say so", 5)
                machine.plug_in()
                visitors.come_back()
