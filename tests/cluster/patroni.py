"""Three PostgreSQL servers that Patroni keeps in step by etcd, with synchronous replication, each on a machine of its
own. The pieces are Debian's: patroni, etcd-server, postgresql-15."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from .network import HOST_ADDRESS, Machine, Network, run

USER = "postgres"
POSTGRES = 5432
REST = 8008
ETCD = f"{HOST_ADDRESS}:2379"
PASSWORD = "cluster-password"

# The shortest that Patroni allows: who has lost its lease is replaced after 20 seconds.
CONFIG = """
scope: latchkey
name: {name}
restapi: {{listen: '{address}:8008', connect_address: '{address}:8008'}}
etcd3: {{host: '{etcd}'}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    master_start_timeout: 0
    maximum_lag_on_failover: 0
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 200
        wal_keep_size: 256MB
        wal_log_hints: 'on'
        tcp_keepalives_idle: 3
        tcp_keepalives_interval: 2
        tcp_keepalives_count: 2
        wal_sender_timeout: 5s
        wal_receiver_timeout: 5s
        shared_buffers: 32MB
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}, data-checksums]
  pg_hba: ['host replication all 10.123.0.0/24 scram-sha-256', 'host all all 10.123.0.0/24 scram-sha-256']
postgresql:
  listen: '{address}:5432'
  connect_address: '{address}:5432'
  data_dir: {folder}/data
  bin_dir: {bin}
  pgpass: {folder}/pgpass
  parameters: {{unix_socket_directories: '{folder}'}}
  authentication:
    superuser: {{username: postgres, password: {password}}}
    replication: {{username: replicator, password: {password}}}
    rewind: {{username: rewinder, password: {password}}}
tags: {{nofailover: false, noloadbalance: false, clonefrom: false, nosync: false}}
"""


def programs() -> Path:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]


def missing() -> list[str]:
    """What has to be installed before any of this can run: `cmake/packages.sh cluster` does it."""
    return [name for name in ("patroni", "etcd", "haproxy", "nginx", "systemd-analyze", "ip") if shutil.which(name) is None]


class Node:
    """One server with its Patroni."""

    def __init__(self, machine: Machine, folder: Path):
        self.machine, self.folder = machine, folder / machine.name
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        shutil.chown(self.folder, USER)
        config = self.folder / "patroni.yml"
        config.write_text(CONFIG.format(name=self.machine.name, address=self.machine.address, etcd=ETCD, folder=self.folder,
                                        bin=programs(), password=PASSWORD))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.machine.command(USER, "patroni", config), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)

    def kill(self) -> None:
        """The machine's power goes: every process of it ends at once, without a word."""
        for pid in map(int, run("ip", "netns", "pids", self.machine.name).stdout.split()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process is not None:
            self.process.wait()
            self.process = None

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
        return (self.folder / "log").read_text(errors="replace")


class Cluster:
    """Etcd and three nodes. Enter it inside a `Network`."""

    def __init__(self, network: Network):
        self.folder = Path(tempfile.mkdtemp(prefix="latchkey-cluster-"))
        self.folder.chmod(0o755)
        self.nodes = [Node(machine, self.folder) for machine in network.machines]
        self._etcd: subprocess.Popen | None = None

    def url(self, database: str) -> str:
        """As an operator would write it: all hosts; libpq finds the one that takes writes."""
        hosts = ",".join(f"{node.machine.address}:{POSTGRES}" for node in self.nodes)
        return f"postgresql://postgres:{PASSWORD}@{hosts}/{database}?target_session_attrs=read-write&connect_timeout=2"

    def __enter__(self) -> Cluster:
        with (self.folder / "etcd.log").open("ab") as log:
            self._etcd = subprocess.Popen(
                ["etcd", "--data-dir", self.folder / "etcd", "--listen-client-urls", f"http://{ETCD}",
                 "--advertise-client-urls", f"http://{ETCD}", "--listen-peer-urls", "http://127.0.0.1:0"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self.nodes[0].start()
            self.wait(lambda: self.primary() is not None, "a primary", 60)
            for node in self.nodes[1:]:
                node.start()
            self.wait_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for node in self.nodes:
            node.kill()
        if self._etcd is not None:
            self._etcd.kill()
            self._etcd.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self, ask, what: str, timeout: float) -> object:
        deadline = time.monotonic() + timeout
        while not (answer := ask()):
            if time.monotonic() > deadline:
                logs = "\n".join(f"{node.machine.name}:\n{node.log[-1500:]}" for node in self.nodes if node.folder.exists())
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
