"""A line that delays, loses, doubles and reorders packets: two TAP devices with a relay between them. It does what tc-netem(8)
does, on kernels that have no netem as well."""

from __future__ import annotations

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import threading
import time
from dataclasses import dataclass

from .network import Machine, run

# linux/if_tun.h
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000


@dataclass(frozen=True)
class Weather:
    """What happens to each packet, in either direction; shares are between 0 and 1."""

    delay: float = 0.0      # seconds
    jitter: float = 0.0     # seconds, more or less
    loss: float = 0.0
    double: float = 0.0
    overtake: float = 0.0   # is not delayed at all


FINE = Weather()


def open_tap(name: str) -> int:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


class Relay:
    def __init__(self, near: int, far: int):
        self.weather = FINE
        self.passed, self.lost, self.doubled, self.overtook = 0, 0, 0, 0
        self._other = {near: far, far: near}
        self._due: list[tuple[float, int, int, bytes]] = []
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        for tap in self._other:
            os.close(tap)

    def _run(self) -> None:
        while not self._stop.is_set():
            wait = min(0.1, max(0.0, self._due[0][0] - time.monotonic())) if self._due else 0.1
            for tap in select.select(list(self._other), [], [], wait)[0]:
                self._take(os.read(tap, 65536), self._other[tap])
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, _, tap, packet = heapq.heappop(self._due)
                try:
                    os.write(tap, packet)
                except OSError:  # the device is down, or full: packets may be lost
                    self.lost += 1

    def _take(self, packet: bytes, tap: int) -> None:
        weather = self.weather
        self.passed += 1
        if random.random() < weather.loss:
            self.lost += 1
            return
        copies = 1
        if random.random() < weather.double:
            self.doubled += 1
            copies = 2
        for _ in range(copies):
            late = weather.delay + random.uniform(-weather.jitter, weather.jitter)
            if random.random() < weather.overtake:
                self.overtook += 1
                late = 0.0
            heapq.heappush(self._due, (time.monotonic() + late, next(self._numbers), tap, packet))


class FarMachine(Machine):
    """A machine at the end of such a line."""

    relay: Relay | None = None

    def lay_cable(self) -> None:
        near, far = open_tap(self._cable), open_tap(f"{self._cable}f")
        run("ip", "link", "set", f"{self._cable}f", "netns", self.name, "name", "eth0")
        self.relay = Relay(near, far)

    def remove(self) -> None:
        if self.relay is not None:
            self.relay.close()
            self.relay = None
        super().remove()
