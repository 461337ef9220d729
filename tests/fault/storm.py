#!/usr/bin/env python3
"""Kills, power cuts and faults of the disk, one round after the other, and the ledger's check after each.

    tests/fault/storm.py --kills 1000 --cuts 200 [--seed N] [--minutes M]

Prints its seed and, at the end, its counts. A round is: load, faults, the end of the process, a start, the check. Everything that a round does
follows from the seed, but for when the threads of server and clients run.
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

from ledger import SETTINGS, Ledger, Line, assert_sound, check_line  # noqa: E402
from support import Server, ServerFailed  # noqa: E402
from support.disk import FaultyDisk  # noqa: E402
from support.invariants import violations  # noqa: E402

# Earlier accounts that are looked at again after each round.
REMEMBERED = 10


def fault_lines(dice: random.Random) -> list[str]:
    """The faults that come while the clients are at work; the server is to live through them."""
    kinds = [
        [],
        [f"read any error times=0 chance={dice.choice((0.001, 0.01, 0.1))}"],
        [f"sync {dice.choice(('wal', 'db', 'any'))} error times={dice.randrange(1, 4)} after={dice.randrange(60)} "
         f"lose={dice.choice((0, 0.5, 1))}"],
        [f"write {dice.choice(('wal', 'db'))} {dice.choice(('error', 'full'))} times={dice.randrange(1, 30)} after={dice.randrange(200)}"],
        [f"sync any delay times=0 ms={dice.choice((1, 4, 30))}"],
        [f"truncate any error times=0 chance=0.5", f"sync db error times=0 chance=0.2 lose={dice.choice((0, 1))}"],
    ]
    return dice.choice(kinds)


@dataclass
class Storm:
    server: Server
    disk: FaultyDisk
    seed: int
    clients: int = 6
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(
        ("kills", "cuts", "rounds", "acknowledged", "refused", "accounts", "faults", "opened_anew", "slow_starts_ms"), 0))
    remembered: list[Line] = field(default_factory=list)

    def round(self, how: str) -> None:
        """`how` is "kill" or "cut"."""
        number = self.counts["rounds"]
        dice = random.Random(self.seed * 1_000_003 + number)
        ledger = Ledger(self.server, self.clients, dice.randrange(1 << 30), faults=True)
        faults = fault_lines(dice)
        self.disk.set(f"seed {self.seed + number}", *faults)
        log_before, faults_before = len(self.server.stderr), len(self.disk.happened())
        ledger.start()
        time.sleep(dice.uniform(0.05, 0.6))
        if how == "cut":
            self._cut(dice)
        else:
            self.server.kill()
        ledger.finish()
        said = self.server.stderr[log_before:]
        self.disk.set()
        began = time.monotonic()
        self.server.start()
        self._count(how, ledger, said, faults_before, time.monotonic() - began)
        self._check(ledger, dice, f"seed {self.seed}, round {number}, {how}, {faults}")

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
        self.server.process = None

    def _check(self, ledger: Ledger, dice: random.Random, what: str) -> None:
        try:
            assert ledger.unexpected == []
            ledger.check()
            for line in dice.sample(self.remembered, min(REMEMBERED, len(self.remembered))):
                check_line(self.server, line)
            assert_sound(self.server)
            assert violations(self.server) == {}
            self.server.check_sanitizers()
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}\n{self.server.stderr[-4000:]}") from error
        self.remembered += ledger.lines

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
    server = Server(SETTINGS)
    disk = FaultyDisk(server.folder / "disk")
    server.environment |= disk.environment
    with server:
        yield Storm(server, disk, seed, clients)
        disk.set()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--cuts", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--minutes", type=float, default=1e9, help="ends after this time, with what has been reached")
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    rounds = ["kill"] * chosen.kills + ["cut"] * chosen.cuts
    random.Random(chosen.seed).shuffle(rounds)
    end = time.monotonic() + chosen.minutes * 60
    with storm(chosen.seed) as running:
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


if __name__ == "__main__":
    sys.exit(main())
