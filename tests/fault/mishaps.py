"""What befalls a server, or its surroundings, while the clients of a storm are at work. Each is one round's, drawn from the seed."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

from support import Server, SmtpSink
from support.smtp_sink import Faults

HOURS = 3600
# Where a server dies that clients keep busy; tests/fault/test_points.py has the others.
POINTS = ("commit.before", "commit.after", "checkpoint.before", "checkpoint.after", "mail.sent")
REOPENING = ("open.anew", "open.log_rewritten", "open.log_copied")


@dataclass
class Mishap:
    """One round's: the lines of the disk's control file, those of the points', and what becomes of clock and mail server."""

    disk: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)  # by how many seconds it is wrong, one after the other
    mail: dict[str, object] = field(default_factory=dict)  # faults of the mail server
    heals: bool = False  # the disk is well again before the end of the round, and the server has to be, too

    @property
    def steps_clock(self) -> bool:
        return bool(self.clock)


def disk_faults(dice: random.Random) -> list[str]:
    """The server is to live through them."""
    kinds = [
        [],
        [f"read any error times=0 chance={dice.choice((0.001, 0.01, 0.1))}"],
        [f"sync {dice.choice(('wal', 'db', 'any'))} error times={dice.randrange(1, 4)} after={dice.randrange(60)} "
         f"lose={dice.choice((0, 0.5, 1))}"],
        [f"write {dice.choice(('wal', 'db'))} {dice.choice(('error', 'full'))} times={dice.randrange(1, 30)} after={dice.randrange(200)}"],
        [f"sync any delay times=0 ms={dice.choice((1, 4, 30))}"],
        ["truncate any error times=0 chance=0.5", f"sync db error times=0 chance=0.2 lose={dice.choice((0, 1))}"],
    ]
    return dice.choice(kinds)


def mail_faults(dice: random.Random) -> dict[str, object]:
    """At each stage of SMTP: no, later, silence, or the end of the connection."""
    reply = dice.choice(("421 4.3.2 later", "451 4.3.0 later", "550 5.1.1 no", "554 5.7.1 no"))
    return dice.choice([
        {"refuse": True}, {"greeting": reply}, {"silent": True}, {"tarpit": 0.01}, {"drop_after_data": True},
        {"mail_from": reply}, {"rcpt_to": reply}, {"data": reply},
        {"drop_at": dice.choice(("EHLO", "MAIL", "RCPT", "DATA", "QUIT"))},
        {"hang_at": dice.choice(("EHLO", "MAIL", "RCPT", "DATA"))}])


def draw(dice: random.Random) -> Mishap:
    """Half of the rounds have faults of the disk, the others one of the rest, or two."""
    kind = dice.choice(("disk", "disk", "disk", "disk", "readonly", "point", "reopening", "clock", "mail", "mail and point"))
    if kind == "readonly":
        return Mishap(disk=["any any readonly times=0"], heals=True)
    if kind == "point":
        return Mishap(points=[f"{dice.choice(POINTS)} die after={dice.randrange(12)}"], disk=disk_faults(dice))
    if kind == "reopening":
        return Mishap(points=[f"{dice.choice(REOPENING)} die"],
                      disk=[f"sync {dice.choice(('wal', 'db'))} error after={dice.randrange(40)} lose={dice.choice((0, 0.5, 1))}"])
    if kind == "clock":
        return Mishap(clock=[dice.uniform(-6, 6) * HOURS for _ in range(dice.randrange(1, 4))], disk=disk_faults(dice))
    if kind == "mail":
        return Mishap(mail=mail_faults(dice), disk=disk_faults(dice))
    if kind == "mail and point":
        return Mishap(mail=mail_faults(dice), points=[f"mail.sent die after={dice.randrange(5)}"])
    return Mishap(disk=disk_faults(dice))


def befall(mishap: Mishap, server: Server, sink: SmtpSink, seconds: float) -> None:
    """Takes so long, and comes back earlier when the server has died."""
    for name, value in mishap.mail.items():
        setattr(sink.faults, name, value)
    began = time.monotonic()
    for offset in mishap.clock:
        server.clock.set_wrong_by(offset)
        time.sleep(seconds / len(mishap.clock))
    while server.running and time.monotonic() < began + seconds:
        time.sleep(0.01)


def recover(server: Server, sink: SmtpSink) -> None:
    """Clock and mail server are right again."""
    server.clock.set_wrong_by(0)
    ended, sink.faults = sink.faults, Faults()
    ended.released.set()
