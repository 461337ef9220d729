#!/usr/bin/env python3
"""A PostgreSQL of the tests' own: its own data directory, on a free port of 127.0.0.1, never the machine's cluster.

    postgres.py start FOLDER    makes it and starts it; prints what LATCHKEY_TEST_POSTGRES must be
    postgres.py stop FOLDER     ends it and removes the folder
    postgres.py with COMMAND…   runs a command that finds one
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Tests crash processes, not machines: what the kernel has is safe enough.
CONFIG = """
fsync = off
full_page_writes = off
synchronous_commit = on
max_connections = 400
shared_buffers = 64MB
log_min_messages = warning
log_line_prefix = '%m [%p] %d '
"""


def _programs() -> Path:
    """Where the server's programs are: Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise FileNotFoundError("PostgreSQL's server is not installed: cmake/packages.sh test does it")


def unprivileged_user() -> str | None:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("no unprivileged user to run PostgreSQL as")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """One server. `start` and `stop` may follow each other as often as wanted; its data and port stay."""

    def __init__(self, folder: Path | None = None, *, config: str = ""):
        self.folder = folder or Path(tempfile.mkdtemp(prefix="latchkey-postgres-"))
        self.data = self.folder / "data"
        self.bin = _programs()
        self.user = unprivileged_user()
        self._frozen: list[int] = []
        if not (self.data / "PG_VERSION").exists():
            self._make(config)
        self.port = int(re.findall(r"^port = (\d+)", (self.data / "postgresql.conf").read_text(), re.M)[-1])

    def _run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess:
        as_user = ["runuser", "-u", self.user, "--"] if self.user else []
        done = subprocess.run([*as_user, *map(str, command)], capture_output=True, text=True, cwd="/",
                              stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")
        return done

    def _make(self, config: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run(self.bin / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync",
                  "-E", "UTF8", "--locale=C.UTF-8")
        with (self.data / "postgresql.conf").open("a") as out:
            out.write(f"{CONFIG}\nlisten_addresses = '127.0.0.1'\nport = {free_port()}\n"
                      f"unix_socket_directories = '{self.folder}'\n{config}\n")

    @property
    def prefix(self) -> str:
        """A URL that lacks only the name of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/"

    def start(self) -> Postgres:
        self._run(self.bin / "pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "60", "start")
        return self

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is a crash: nothing is written back, and the next start recovers."""
        self._run(self.bin / "pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "60", "stop", check=False)

    def freeze(self) -> None:
        """Every process stops where it is, as on a machine that hangs: the kernel still takes connections and bytes."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # first, so that it has no more children
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True)
        self._frozen = [postmaster, *map(int, children.stdout.split())]
        for process in self._frozen[1:]:
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        self._frozen = []

    def make_standby(self) -> Postgres:
        """A second server, not started, that follows this one; `promote` makes it one of its own."""
        folder = Path(tempfile.mkdtemp(prefix="latchkey-standby-"))
        if self.user:
            shutil.chown(folder, self.user)
        data = folder / "data"
        self._run(self.bin / "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", self.prefix)
        with (data / "postgresql.conf").open("a") as out:
            out.write(f"port = {free_port()}\nunix_socket_directories = '{folder}'\n")
        return Postgres(folder)

    def wait_for_every_commit(self) -> None:
        """From now on nothing is committed before a standby has it."""
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*';")
        self.sql("SELECT pg_reload_conf();")

    def promote(self) -> None:
        self._run(self.bin / "pg_ctl", "-D", self.data, "-w", "-t", "60", "promote")

    def remove(self) -> None:
        self.thaw()
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text: str, database: str = "postgres") -> list[list[str]]:
        """Runs SQL text by psql; the rows of what it selects."""
        done = subprocess.run([self.bin / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                               self.prefix + database], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def __enter__(self) -> Postgres:
        return self.start()

    def __exit__(self, *_) -> None:
        self.remove()


class Database:
    """One database of a server, empty when it is made. The master secret goes with it: all nodes share both."""

    def __init__(self, server: Postgres):
        self.server = server
        self.name = f"latchkey_{secrets.token_hex(8)}"
        self.master_secret = secrets.token_hex(32)
        server.sql(f"CREATE DATABASE {self.name} TEMPLATE template0;")

    @property
    def url(self) -> str:
        return self.server.prefix + self.name

    def settings(self) -> dict[str, object]:
        """What a server needs to use it."""
        return {"database_url": self.url, "master_secret": self.master_secret}

    def dump(self) -> bytes:
        """What a thief of a backup has: everything, as it is kept."""
        return subprocess.run([self.server.bin / "pg_dump", self.url], capture_output=True, check=True).stdout

    def remove(self) -> None:
        self.server.sql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE);")


class Borrowed(Postgres):
    """The server that somebody else has started; only for `sql`."""

    def __init__(self, prefix: str):
        self.bin = _programs()
        self._prefix = prefix

    @property
    def prefix(self) -> str:
        return self._prefix


def main(arguments: list[str]) -> int:
    match arguments:
        case ["start", folder]:
            print(Postgres(Path(folder)).start().prefix)
        case ["stop", folder]:
            Postgres(Path(folder)).remove()
        case ["with", *command] if command:
            started = time.monotonic()
            with Postgres() as server:
                print(f"PostgreSQL on port {server.port} after {time.monotonic() - started:.1f} s", file=sys.stderr)
                return subprocess.run(command, env={**os.environ, "LATCHKEY_TEST_POSTGRES": server.prefix}).returncode
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
