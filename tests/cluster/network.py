"""Machines on one computer: network namespaces on a bridge, each with an address and a cable that can be pulled."""

from __future__ import annotations

import os
import subprocess

BRIDGE = "lkbridge"
PREFIX = "10.123.0."


def run(*command: object, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done


class Machine:
    """A namespace `lkN` with the address 10.123.0.N, or N of another network."""

    def __init__(self, number: int, bridge: str, prefix: str):
        self.number, self.name = number, f"lk{number}"
        self.address = f"{prefix}{number}"
        self._bridge = bridge
        self._cable = f"lkv{number}"

    def make(self) -> None:
        run("ip", "netns", "add", self.name)
        self.lay_cable()
        run("ip", "link", "set", self._cable, "master", self._bridge, "up")
        inside = ("ip", "-n", self.name)
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "address", "add", f"{self.address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")

    def lay_cable(self) -> None:
        """Between a device of the host and `eth0` of the machine."""
        run("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)

    def remove(self) -> None:
        run("ip", "link", "delete", self._cable, check=False)
        run("ip", "netns", "delete", self.name, check=False)

    @property
    def enter(self) -> list[str]:
        """What, put before a command, runs it on this machine."""
        return ["ip", "netns", "exec", self.name]

    def command(self, user: str, *command: object) -> list[str]:
        """What runs a command on this machine, as a user."""
        return [*self.enter, "runuser", "-u", user, "--", *map(str, command)]

    def pull_cable(self) -> None:
        """Nobody answers any more, and nobody is told: no reset, no unreachable."""
        run("ip", "link", "set", self._cable, "down")

    def plug_in(self) -> None:
        run("ip", "link", "set", self._cable, "up")


class Network:
    """A bridge and its machines. Needs root. Networks that are there at once have bridges, prefixes and numbers of their
    own."""

    def __init__(self, numbers: list[int], bridge: str = BRIDGE, prefix: str = PREFIX,
                 kind: type[Machine] = Machine):
        self._bridge, self.host_address = bridge, prefix + "1"
        self.machines = [kind(number, bridge, prefix) for number in numbers]

    def __enter__(self) -> Network:
        if os.geteuid() != 0:
            raise RuntimeError("network namespaces are made by root")
        self._remove()
        run("ip", "link", "add", self._bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.host_address}/24", "dev", self._bridge)
        run("ip", "link", "set", self._bridge, "up")
        for machine in self.machines:
            machine.make()
        return self

    def __exit__(self, *_) -> None:
        self._remove()

    def _remove(self) -> None:
        for machine in self.machines:
            machine.remove()
        run("ip", "link", "delete", self._bridge, check=False)
