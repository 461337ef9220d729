"""Three PostgreSQL servers that Patroni keeps in step by etcd, with synchronous replication, each on a machine of its
own, as docs/operations.md prints it. The pieces are Debian's: patroni, etcd-server, postgresql-15."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path

from support.printed import code_blocks, replaced

from .network import PREFIX, Machine, Network, run

DOCUMENT = "docs/operations.md"
USER = "postgres"
POSTGRES = 5432
REST = 8008
ETCD = 2379
PASSWORD = "cluster-password"


def printed(after: str, machine: Machine | None = None) -> str:
    """A piece as the page prints it, in the network of the tests. What stands there for the first server is made another's, in
    all lines but those that name all three."""
    text = code_blocks(DOCUMENT, after)[0]
    if machine is not None:
        name, address = server_name(machine), f"10.0.0.{machine.number}"
        text = "".join(line if "10.0.0.12" in line else line.replace("pg1", name).replace("10.0.0.11", address)
                       for line in text.splitlines(keepends=True))
    assert "10.0.0.1" in text, "the page names no address of a server"
    return text.replace("10.0.0.", PREFIX)


def server_name(machine: Machine) -> str:
    return f"pg{machine.number - 10}"


def programs() -> Path:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]


def missing() -> list[str]:
    """What has to be installed before any of this can run: `cmake/packages.sh cluster` does it."""
    return [name for name in ("patroni", "etcd", "haproxy", "nginx", "systemd-analyze", "ip") if shutil.which(name) is None]


class Node:
    """One server with its Patroni and its etcd."""

    def __init__(self, machine: Machine, folder: Path):
        self.machine, self.folder = machine, folder / machine.name
        self._processes: list[subprocess.Popen] = []

    def start(self) -> None:
        self.start_etcd()
        self.start_patroni()

    def start_etcd(self) -> None:
        self.folder.mkdir(exist_ok=True)
        shutil.chown(self.folder, USER)
        # What systemd would read out of /etc/default/etcd, and the folder that Debian's unit gives it.
        settings = dict(line.split("=", 1) for line in printed("**etcd**", self.machine).splitlines())
        self._spawn("etcd.log", "env", *(f"{name}={value}" for name, value in settings.items()),
                    f"ETCD_DATA_DIR={self.folder}/etcd", "etcd")

    def start_patroni(self) -> None:
        config = self.folder / "patroni.yml"
        config.write_text(replaced(printed("**Patroni**", self.machine),
                                   ("/var/lib/postgresql/15/latchkey", f"{self.folder}/data"),
                                   ("/usr/lib/postgresql/15/bin", str(programs())),
                                   ("/var/lib/postgresql/latchkey.pgpass", f"{self.folder}/pgpass"),
                                   ("/var/run/postgresql", str(self.folder)),
                                   ("'one password'", PASSWORD)))
        self._spawn("patroni.log", "patroni", config)

    def _spawn(self, log: str, *command: object) -> None:
        with (self.folder / log).open("ab") as out:
            self._processes.append(subprocess.Popen(self.machine.command(USER, *command), stdout=out, stderr=out,
                                                    stdin=subprocess.DEVNULL, cwd="/", start_new_session=True))

    def kill(self) -> None:
        """The machine's power goes: every process of it ends at once, without a word."""
        for pid in map(int, run("ip", "netns", "pids", self.machine.name).stdout.split()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self._processes:
            process.wait()
        self._processes.clear()

    def has_etcd(self) -> bool:
        """Its etcd answers, and has found enough of the others."""
        try:
            with urllib.request.urlopen(f"http://{self.machine.address}:{ETCD}/health", timeout=1) as answer:
                return json.load(answer)["health"] == "true"
        except OSError:
            return False

    def state(self) -> dict:
        """What its Patroni says of it; empty when it says nothing."""
        try:
            with urllib.request.urlopen(f"http://{self.machine.address}:{REST}/patroni", timeout=1) as answer:
                return json.load(answer)
        except OSError as error:
            body = getattr(error, "read", lambda: b"")()
            return json.loads(body) if body else {}

    @property
    def log(self) -> str:
        return "".join(path.read_text(errors="replace")[-1500:] for path in sorted(self.folder.glob("*.log")))


class Cluster:
    """Three nodes. Enter it inside a `Network` of the machines 11, 12 and 13."""

    def __init__(self, network: Network):
        self.folder = Path(tempfile.mkdtemp(prefix="latchkey-cluster-"))
        self.folder.chmod(0o755)
        self.nodes = [Node(machine, self.folder) for machine in network.machines]

    def url(self, database: str) -> str:
        """The administrator's, to whichever takes writes."""
        hosts = ",".join(f"{node.machine.address}:{POSTGRES}" for node in self.nodes)
        return f"postgresql://postgres:{PASSWORD}@{hosts}/{database}?target_session_attrs=read-write&connect_timeout=2"

    def make_database(self) -> dict[str, str]:
        """Makes Latchkey's role and database; its settings, as the page prints them."""
        self.sql(f"CREATE ROLE latchkey LOGIN PASSWORD '{PASSWORD}'")
        self.sql("CREATE DATABASE latchkey OWNER latchkey ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0")
        settings = tomllib.loads(printed("**Latchkey.**"))
        return {"database_url": replaced(settings["database_url"], ("//latchkey@", f"//latchkey:{PASSWORD}@")),
                "tokens.refresh_grace": settings["tokens"]["refresh_grace"]}

    def __enter__(self) -> Cluster:
        try:
            for node in self.nodes:
                node.start_etcd()
            self.wait(lambda: all(node.has_etcd() for node in self.nodes), "three etcd that know each other", 60)
            self.nodes[0].start_patroni()
            self.wait(lambda: self.primary() is not None, "a primary", 60)
            for node in self.nodes[1:]:
                node.start_patroni()
            self.wait_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self, ask, what: str, timeout: float) -> object:
        deadline = time.monotonic() + timeout
        while not (answer := ask()):
            if time.monotonic() > deadline:
                logs = "\n".join(f"{node.machine.name}:\n{node.log}" for node in self.nodes if node.folder.exists())
                raise AssertionError(f"waited {timeout} s for {what}\n{logs}")
            time.sleep(0.2)
        return answer

    def primary(self) -> Node | None:
        for node in self.nodes:
            state = node.state()
            if state.get("role") in ("master", "primary") and state.get("state") == "running":
                return node
        return None

    def is_healthy(self) -> bool:
        """One primary, two that stream from it, one of them synchronously."""
        states = [node.state() for node in self.nodes]
        if any(state.get("state") not in ("running", "streaming") for state in states):
            return False
        leaders = [state for state in states if state.get("role") in ("master", "primary")]
        if len(leaders) != 1:
            return False
        followers = leaders[0].get("replication", [])
        return (sum(one["state"] == "streaming" for one in followers) == 2
                and any(one["sync_state"] == "sync" for one in followers))

    def wait_healthy(self, timeout: float = 120) -> None:
        self.wait(self.is_healthy, "one primary and two that follow it", timeout)

    def sql(self, text: str, database: str = "postgres") -> list[list[str]]:
        done = subprocess.run([programs() / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                               self.url(database)], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]
