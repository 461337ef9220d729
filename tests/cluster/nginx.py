"""nginx in front of nodes, as docs/operations.md prints it."""

from __future__ import annotations

from support.certs import Certificates
from support.printed import code_blocks, replaced

from .proxies import Proxy

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


class Nginx(Proxy):
    def __init__(self, addresses: list[str]):
        super().__init__("nginx")
        self.folder.chmod(0o755)
        certificates = Certificates(self.folder / "tls")
        self.authority = str(certificates.authority)
        printed = replaced(code_blocks("docs/operations.md", "**nginx**")[0],
                           ("10.0.0.21:8080", addresses[0]), ("10.0.0.22:8080", addresses[1]),
                           ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                           ("/etc/nginx/auth.example.com.pem", str(certificates.good)),
                           ("/etc/nginx/auth.example.com.key", str(certificates.good)))
        config = self.folder / "nginx.conf"
        config.write_text(AROUND.format(folder=self.folder, printed=printed))
        self.command = ["nginx", "-c", config, "-e", self.folder / "log"]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"
