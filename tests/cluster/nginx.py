"""nginx in front of nodes, as docs/operations.md prints it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from support.certs import Certificates
from support.printed import code_blocks, replaced

# What a configuration of nginx has around such a piece.
AROUND = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{printed}
}}
"""


class Nginx:
    def __init__(self, addresses: list[str]):
        self.folder = Path(tempfile.mkdtemp(prefix="latchkey-nginx-"))
        self.folder.chmod(0o755)
        certificates = Certificates(self.folder / "tls")
        self.authority = str(certificates.authority)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        printed = replaced(code_blocks("docs/operations.md", "**nginx**")[0],
                           ("10.0.0.21:8080", addresses[0]), ("10.0.0.22:8080", addresses[1]),
                           ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                           ("/etc/nginx/auth.example.com.pem", str(certificates.good)),
                           ("/etc/nginx/auth.example.com.key", str(certificates.good)))
        self.config = self.folder / "nginx.conf"
        self.config.write_text(AROUND.format(folder=self.folder, printed=printed))
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Nginx:
        self.process = subprocess.Popen(["nginx", "-c", self.config, "-e", self.folder / "log"], stdin=subprocess.DEVNULL)
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
