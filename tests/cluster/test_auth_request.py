"""nginx asks Latchkey whether a request may pass (auth_request): a GET that carries the header of the request in question, its
Content-Length too, and never a body."""

from __future__ import annotations

import itertools

import pytest
import requests

from support import Server

from .proxies import Proxy

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_max_body_size 20m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream latchkey {{
        server {address};
        {keepalive}
    }}
    server {{
        listen unix:{folder}/app;
        return 200 "the application";
    }}
    server {{
        listen 127.0.0.1:{port};
        location = /may_pass {{
            internal;
            proxy_pass http://latchkey/api/users/me;
            {version}
        }}
        location / {{
            auth_request /may_pass;
            proxy_pass http://unix:{folder}/app;
        }}
    }}
}}
"""


class AskingNginx(Proxy):
    def __init__(self, server: Server, *, keeps_connections: bool):
        super().__init__("nginx")
        self.folder.chmod(0o755)
        config = self.folder / "nginx.conf"
        config.write_text(CONFIG.format(
            folder=self.folder, port=self.port, address=f"{server.host}:{server.port}",
            keepalive="keepalive 4;" if keeps_connections else "",
            version='proxy_http_version 1.1; proxy_set_header Connection "";' if keeps_connections else ""))
        self.command = ["nginx", "-c", config, "-e", self.folder / "log"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.mark.parametrize("keeps_connections", [False, True])
def test_nginx_learns_at_once_who_may_pass_whatever_they_send(keeps_connections):
    """Over kept connections, too, where each question comes behind one whose body is still owed."""
    with Server() as server:
        account = server.user()
        with AskingNginx(server, keeps_connections=keeps_connections) as nginx, requests.Session() as client:
            client.trust_env = False
            known = {"Authorization": f"Bearer {account.access}"}
            sizes = [0, 1, 90, 500, 20_000, 2_000_000]
            for size, headers in itertools.chain.from_iterable([((size, known), (size, {})) for size in sizes * 5]):
                answer = client.post(nginx.url + "/upload", data=b"a" * size, headers=headers, timeout=15)
                assert answer.status_code == (200 if headers else 401), (size, (nginx.folder / "log").read_text())
                encoded = client.post(nginx.url + "/upload", data=b"a" * size, timeout=15,
                                      headers=headers | {"Content-Encoding": "gzip", "Content-Type": "x/y"})
                assert encoded.status_code == answer.status_code
                assert client.get(nginx.url + "/", headers=headers, timeout=15).status_code == answer.status_code
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="latchkey"'
