"""HAProxy in front of nodes, as docs/operations.md prints it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from support.printed import code_blocks, replaced

# What a configuration has around the printed piece.
AROUND = """
global
    maxconn 2000

{printed}
frontend sign_in
    bind 127.0.0.1:{port}
    default_backend latchkey
"""


class Haproxy:
    def __init__(self, addresses: list[str]):
        self.folder = Path(tempfile.mkdtemp(prefix="latchkey-haproxy-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        printed = replaced(code_blocks("docs/operations.md", "**HAProxy.**")[0],
                           ("10.0.0.21:8080", addresses[0]), ("10.0.0.22:8080", addresses[1]))
        self.config = self.folder / "haproxy.cfg"
        self.config.write_text(AROUND.format(port=self.port, printed=printed))
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Haproxy:
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(["haproxy", "-db", "-f", self.config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
