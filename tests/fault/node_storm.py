"""Two nodes on one PostgreSQL under load: nodes and database die, hang and lose each other, and the ledger's check after each round."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import requests

from cluster.clients import end_leases
from ledger import SETTINGS, Ledger, Line, SinkMailbox, check_line
from mishaps import mail_faults
from support import Server, SmtpSink
from support.invariants import assert_undamaged, violations
from support.points import Points
from support.postgres import Database, Postgres
from support.smtp_sink import Faults

REMEMBERED = 10
POINTS = ("commit.before", "commit.after", "mail.sent")
WAYS = ("kill one", "kill both", "point", "point", "database crashes", "database restarts", "database hangs", "connections end", "mail",
        "clock")


@dataclass
class NodeStorm:
    postgres: Postgres
    database: Database
    nodes: list[Server]
    points: list[Points]
    sink: SmtpSink
    seed: int
    clients: int = 6
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(
        ("rounds", "acknowledged", "refused", "accounts", "mails", *WAYS), 0))
    remembered: list[Line] = field(default_factory=list)

    def round(self, _how: str = "nodes", way: str | None = None) -> None:
        number = self.counts["rounds"]
        dice = random.Random(self.seed * 1_000_003 + number)
        drawn = dice.choice(WAYS)
        way = way or drawn
        ledger = Ledger(self.nodes[number % 2], self.clients, dice.randrange(1 << 30), faults=True, nodes=tuple(self.nodes),
                        mailbox=SinkMailbox(self.sink), clock_steps=way == "clock").start()
        time.sleep(dice.uniform(0.05, 0.4))
        self._befall(way, dice)
        time.sleep(dice.uniform(0.05, 0.4))
        ledger.finish()
        self._heal()
        self.counts["rounds"] += 1
        self.counts[way] += 1
        self.counts["acknowledged"] += ledger.acknowledged
        self.counts["refused"] += ledger.refused
        self.counts["accounts"] += len(ledger.lines)
        self._check(ledger, dice, f"seed {self.seed}, round {number}, {way}")

    def _befall(self, way: str, dice: random.Random) -> None:
        node = dice.randrange(2)
        if way == "kill one":
            self.nodes[node].kill()
        elif way == "kill both":
            for each in self.nodes:
                each.kill()
        elif way == "point":
            self.points[node].set(f"{dice.choice(POINTS)} die after={dice.randrange(20)}")
        elif way.startswith("database") and way != "database hangs":
            self.postgres.stop("immediate" if way == "database crashes" else "fast")
            self.postgres.start()
        elif way == "database hangs":
            self.postgres.freeze()
            time.sleep(dice.uniform(0.1, 1.5))
            self.postgres.thaw()
        elif way == "connections end":
            for _ in range(dice.randrange(1, 4)):
                self.postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.database.name}';")
                time.sleep(0.05)
        elif way == "mail":
            for name, value in mail_faults(dice).items():
                setattr(self.sink.faults, name, value)
        elif way == "clock":
            self.nodes[node].clock.set_wrong_by(dice.uniform(-6, 6) * 3600)

    def _heal(self) -> None:
        ended, self.sink.faults = self.sink.faults, Faults()
        ended.released.set()
        for node, points in zip(self.nodes, self.points):
            points.set()
            node.clock.set_wrong_by(0)
        for node in self.nodes:
            node.wait(lambda: self._is_ready(node), "the node to be ready", 120)

    @staticmethod
    def _is_ready(node: Server) -> bool:
        """A node that has died, be it this moment, is started."""
        if not node.running:
            assert node.process is None or node.process.returncode == -9, node.stderr[-3000:]
            node.process = None
            node.start(timeout=300)
        with contextlib.suppress(requests.ConnectionError):
            return node.get("/readyz").status_code == 200
        return False

    def _check(self, ledger: Ledger, dice: random.Random, what: str) -> None:
        first, second = self.nodes
        try:
            assert ledger.unexpected == []
            ledger.check()  # while the grace of the tokens that were asked for lasts
            end_leases(self.nodes)  # of whoever has died with a mail in hand
            if "put aside" in first.cli_ok("mail", "list"):
                first.cli_ok("mail", "retry", "--all")
            for line in ledger.lines:
                if line.signed_up:
                    self._wait_mail(line)
            for line in dice.sample(self.remembered, min(REMEMBERED, len(self.remembered))):
                check_line(second, line)
            assert violations(first) == {}
            for node in self.nodes:
                node.check_sanitizers()
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}\n{first.stderr[-3000:]}\n{second.stderr[-3000:]}") from error
        self.remembered += ledger.lines
        self.sink.deliveries.clear()

    def _wait_mail(self, line: Line) -> None:
        """What was put off is tried again some minutes later."""
        deadline = time.monotonic() + 60
        while not self.sink.to(line.email):
            assert time.monotonic() < deadline, f"no mail has come to {line.email}"
            time.sleep(0.05)
            if time.monotonic() > deadline - 57:
                end_leases(self.nodes)
        self.counts["mails"] += 1


@contextlib.contextmanager
def node_storm(postgres: Postgres, seed: int, clients: int = 6) -> Iterator[NodeStorm]:
    """The server is the storm's own: it is crashed."""
    database = Database(postgres)
    with SmtpSink() as sink, contextlib.ExitStack() as running:
        settings = {**SETTINGS, **database.settings(), "public_url": "http://nodes.example", "mail.smtp_url": sink.url,
                    "mail.tls": "off", "mail.from": "no-reply@latchkey.example"}
        nodes, points = [], []
        for _ in range(2):
            node = Server(settings)
            points.append(Points(node.folder / "points"))
            node.environment |= points[-1].environment
            nodes.append(running.enter_context(node))
        yield NodeStorm(postgres, database, nodes, points, sink, seed, clients)
        assert_undamaged(postgres, database.name)
