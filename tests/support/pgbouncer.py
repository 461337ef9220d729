"""A PgBouncer of the tests' own in front of a PostgreSQL, as docs/operations.md prints its settings."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .postgres import Postgres, free_port, unprivileged_user
from .printed import code_blocks

# What stands around the printed lines: whoever comes gets in as the server's own user.
CONFIG = """
[databases]
* = host=127.0.0.1 port={target} user=postgres

{printed}
default_pool_size = {pool}
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
logfile = {folder}/log
"""


class PgBouncer:
    """Has so many connections to the server, for each database. It takes more clients than that, and lets those that come too
    late wait for an answer to the first thing that they ask. Clients must use a database that exists."""

    def __init__(self, server: Postgres, *, pool: int):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="latchkey-pgbouncer-"))
        printed = code_blocks("docs/operations.md", "**PgBouncer**")[0]
        (self.folder / "pgbouncer.ini").write_text(CONFIG.format(
            target=server.port, printed=printed, pool=pool, port=self.port, folder=self.folder))
        self._user = unprivileged_user()
        if self._user:
            shutil.chown(self.folder, self._user)
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> PgBouncer:
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        assert program, "PgBouncer is not installed: cmake/packages.sh test does it"
        as_user = ["runuser", "-u", self._user, "--"] if self._user else []
        self._process = subprocess.Popen([*as_user, program, self.folder / "pgbouncer.ini"], cwd="/",
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while "process up" not in self.log:
            assert self._process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.01)
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""
