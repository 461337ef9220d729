"""Machines on one computer: network namespaces on a bridge, each with an address and a cable that can be pulled."""

from __future__ import annotations

import os
import subprocess

BRIDGE = "lkbridge"
PREFIX = "10.123.0."
HOST_ADDRESS = PREFIX + "1"


def run(*command: object, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done


class Machine:
    """A namespace `lkN` with the address 10.123.0.N."""

    def __init__(self, number: int):
        self.name = f"lk{number}"
        self.address = f"{PREFIX}{number}"
        self._cable = f"lkv{number}"

    def make(self) -> None:
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", self._cable, "master", BRIDGE, "up")
        inside = ("ip", "-n", self.name)
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "address", "add", f"{self.address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")

    def remove(self) -> None:
        run("ip", "link", "delete", self._cable, check=False)
        run("ip", "netns", "delete", self.name, check=False)

    def command(self, user: str, *command: object) -> list[str]:
        """What runs a command on this machine, as a user."""
        return ["ip", "netns", "exec", self.name, "runuser", "-u", user, "--", *map(str, command)]

    def pull_cable(self) -> None:
        """Nobody answers any more, and nobody is told: no reset, no unreachable."""
        run("ip", "link", "set", self._cable, "down")

    def plug_in(self) -> None:
        run("ip", "link", "set", self._cable, "up")


class Network:
    """The bridge and its machines. Needs root."""

    def __init__(self, numbers: list[int]):
        self.machines = [Machine(number) for number in numbers]

    def __enter__(self) -> Network:
        if os.geteuid() != 0:
            raise RuntimeError("network namespaces are made by root")
        self._remove()
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "address", "add", f"{HOST_ADDRESS}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        for machine in self.machines:
            machine.make()
        return self

    def __exit__(self, *_) -> None:
        self._remove()

    def _remove(self) -> None:
        for machine in self.machines:
            machine.remove()
        run("ip", "link", "delete", BRIDGE, check=False)
