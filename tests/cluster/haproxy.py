"""HAProxy in front of nodes, as docs/operations.md sets it up."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

CONFIG = """
global
    maxconn 2000

defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 30s
    option redispatch
    retries 3
    retry-on conn-failure empty-response

frontend sign_in
    bind 127.0.0.1:{port}
    default_backend latchkey

backend latchkey
    balance roundrobin
    option forwardfor
    option httpchk GET /readyz
    http-check expect status 200
    default-server inter 500ms fastinter 100ms fall 1 rise 1
{servers}
"""


class Haproxy:
    def __init__(self, addresses: list[str]):
        self.folder = Path(tempfile.mkdtemp(prefix="latchkey-haproxy-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        servers = "\n".join(f"    server node{number} {address} check" for number, address in enumerate(addresses))
        self.config = self.folder / "haproxy.cfg"
        self.config.write_text(CONFIG.format(port=self.port, servers=servers))
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
