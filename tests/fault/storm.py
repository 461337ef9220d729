#!/usr/bin/env python3
"""Kills, power cuts and faults, one round after the other, and the ledger's check after each.

    tests/fault/storm.py --kills 1000 --cuts 200 [--seed N] [--minutes M]
    tests/fault/storm.py --nodes 200 [--seed N] [--minutes M]

Prints its seed and, at the end, its counts. A round is: load, faults (mishaps.py), the end of the process, a start, the check. Everything that a
round does follows from the seed, but for when the threads of server and clients run. With --nodes two nodes share one PostgreSQL
(node_storm.py).
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from ledger import SETTINGS, Ledger, Line, SinkMailbox, assert_sound, check_line  # noqa: E402
from mishaps import Mishap, befall, draw, recover  # noqa: E402
from support import Server, ServerFailed, SmtpSink  # noqa: E402
from support.disk import FaultyDisk  # noqa: E402
from support.invariants import violations  # noqa: E402
from support.points import Points  # noqa: E402

# Earlier accounts that are looked at again after each round.
REMEMBERED = 10


@dataclass
class Storm:
    server: Server
    disk: FaultyDisk
    points: Points
    sink: SmtpSink
    seed: int
    clients: int = 6
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(
        ("kills", "cuts", "rounds", "acknowledged", "refused", "accounts", "mails", "faults", "at_points", "opened_anew", "clock_steps",
         "slow_starts_ms"), 0))
    remembered: list[Line] = field(default_factory=list)

    def round(self, how: str, mishap: Mishap | None = None) -> None:
        """`how` is "kill" or "cut"."""
        number = self.counts["rounds"]
        dice = random.Random(self.seed * 1_000_003 + number)
        drawn = draw(dice)
        mishap = mishap or drawn
        ledger = Ledger(self.server, self.clients, dice.randrange(1 << 30), faults=True, mailbox=SinkMailbox(self.sink),
                        clock_steps=mishap.steps_clock)
        log_before, faults_before = len(self.server.stderr), len(self.disk.happened())
        points_before = len(self.points.happened())
        self.points.set(*mishap.points)
        self.disk.set(f"seed {self.seed + number}", *mishap.disk)
        ledger.start()
        befall(mishap, self.server, self.sink, dice.uniform(0.05, 0.6))
        what = f"seed {self.seed}, round {number}, {how}, {mishap}"
        if mishap.heals and self.server.running:
            self.disk.set()
            self.server.wait(lambda: self.server.get("/readyz").status_code == 200, f"the server to be well again ({what})")
        if self.server.running:
            self._cut(dice) if how == "cut" else self.server.kill()
        if self.server.process is not None:  # of itself: by a point's or the disk's kill
            assert self.server.process.wait() == -9, f"{what}: {self.server.stderr[-4000:]}"
        self.server.process = None
        ledger.finish()
        said = self.server.stderr[log_before:]
        self.disk.set()
        self.points.set()
        recover(self.server, self.sink)
        began = time.monotonic()
        self.server.start(timeout=300)  # also where the machine is busy
        self._count(how, ledger, said, faults_before, time.monotonic() - began)
        self.counts["at_points"] += len(self.points.happened()) - points_before
        self.counts["clock_steps"] += len(mishap.clock)
        self._check(ledger, dice, what)

    def _cut(self, dice: random.Random) -> None:
        lose = dice.choice((0.1, 0.5, 0.9, 1))
        self.disk.set(f"seed {dice.randrange(1 << 30)}", f"{dice.choice(('write', 'sync', 'any'))} {dice.choice(('wal', 'any'))} "
                      f"cut after={dice.randrange(60)} lose={lose}")
        with contextlib.suppress(Exception):
            self.server.wait_exit(5)
        if self.server.running:  # the clients had no more to ask
            self.disk.set(f"any any cut lose={lose}")
            with contextlib.suppress(Exception):
                self.server.get("/readyz", check=False, timeout=1)
                self.server.signup()
            self.server.wait_exit(30)

    def _check(self, ledger: Ledger, dice: random.Random, what: str) -> None:
        try:
            assert ledger.unexpected == []
            self._check_mails(ledger)
            ledger.check()
            for line in dice.sample(self.remembered, min(REMEMBERED, len(self.remembered))):
                check_line(self.server, line)
            assert_sound(self.server)
            assert violations(self.server) == {}
            self.server.check_sanitizers()
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}\n{self.server.stderr[-4000:]}") from error
        self.remembered += ledger.lines
        self.sink.deliveries.clear()

    def _check_mails(self, ledger: Ledger) -> None:
        """Who was told that a mail comes gets it, whatever the mail server has said meanwhile."""
        if "put aside" in self.server.cli_ok("mail", "list"):
            self.server.cli_ok("mail", "retry", "--all")
        for line in ledger.lines:
            if line.signed_up:
                self.sink.wait_for(line.email)
                self.counts["mails"] += 1

    def _count(self, how: str, ledger: Ledger, said: str, faults_before: int, start: float) -> None:
        counts = self.counts
        counts["rounds"] += 1
        counts[f"{how}s"] += 1
        counts["acknowledged"] += ledger.acknowledged
        counts["refused"] += ledger.refused
        counts["accounts"] += len(ledger.lines)
        counts["faults"] += len(self.disk.happened()) - faults_before
        counts["opened_anew"] += said.count("db.opened_anew")
        counts["slow_starts_ms"] = max(counts["slow_starts_ms"], round(start * 1000))


@contextlib.contextmanager
def storm(seed: int, clients: int = 6):
    with SmtpSink() as sink:
        server = Server({**SETTINGS, "mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "no-reply@latchkey.example"})
        disk, points = FaultyDisk(server.folder / "disk"), Points(server.folder / "points")
        server.environment |= disk.environment | points.environment
        with server:
            yield Storm(server, disk, points, sink, seed, clients)
            disk.set()


def run(rounds: list[str], running, minutes: float) -> int:
    """All rounds, or as many as there is time for."""
    end = time.monotonic() + minutes * 60
    try:
        for how in rounds:
            if time.monotonic() > end:
                break
            running.round(how)
            if running.counts["rounds"] % 50 == 0:
                print(running.counts, flush=True)
    except (AssertionError, ServerFailed) as failure:
        print(f"FAILED after {running.counts}\n{failure}", flush=True)
        return 1
    print(f"nothing acknowledged was lost: {running.counts}")
    return 0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--cuts", type=int, default=20)
    arguments.add_argument("--nodes", type=int, default=0, help="so many rounds of two nodes on PostgreSQL, in place of kills and cuts")
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--minutes", type=float, default=1e9, help="ends after this time, with what has been reached")
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    if chosen.nodes:
        from node_storm import node_storm
        from support.postgres import Postgres
        with Postgres() as postgres, node_storm(postgres, chosen.seed) as running:
            return run(["nodes"] * chosen.nodes, running, chosen.minutes)
    rounds = ["kill"] * chosen.kills + ["cut"] * chosen.cuts
    random.Random(chosen.seed).shuffle(rounds)
    with storm(chosen.seed) as running:
        return run(rounds, running, chosen.minutes)


if __name__ == "__main__":
    sys.exit(main())
