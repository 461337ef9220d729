"""nginx asks Latchkey whether a request may pass (auth_request): a GET that carries the header of the request in question, its
Content-Length too, and never a body."""

from __future__ import annotations

import pytest
import requests

from support import Server
from support.printed import code_blocks, replaced

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
        keepalive 4;
    }}
    upstream application {{ server unix:{folder}/application; }}
    server {{
        listen unix:{folder}/application;
        return 200 "the application";
    }}
    server {{
        listen 127.0.0.1:{port};
{locations}
    }}
}}
"""


class AskingNginx(Proxy):
    def __init__(self, server: Server, locations: str):
        super().__init__("nginx")
        self.folder.chmod(0o755)
        config = self.folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=self.folder, port=self.port, address=f"{server.host}:{server.port}",
                                        locations=locations))
        self.command = ["nginx", "-c", config, "-e", self.folder / "log"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


PRINTED = code_blocks("docs/operations.md", "**nginx's `auth_request`**")[0]
# What most configurations look like: the question carries the Content-Length of the request that it is about.
CARELESS = replaced(PRINTED, ("    proxy_pass_request_body off;\n", ""), ('    proxy_set_header Content-Length "";\n', ""))
CLOSING = replaced(CARELESS, ("    proxy_http_version 1.1;\n", ""), ('    proxy_set_header Connection "";\n', ""))


def ask(server: Server, nginx: AskingNginx) -> None:
    """Requests with and without a token, and with bodies of many sizes, in turn: each must get its own answer, over kept
    connections too, where each question comes behind one whose body is still owed."""
    account = server.user()
    known = {"Authorization": f"Bearer {account.access}"}
    with requests.Session() as client:
        client.trust_env = False
        for size in [0, 1, 90, 500, 20_000, 2_000_000] * 4:
            for headers in (known, {}):
                status = 200 if headers else 401
                for more in ({}, {"Content-Encoding": "gzip", "Content-Type": "x/y"}):
                    answer = client.post(nginx.url + "/upload", data=b"a" * size, headers=headers | more, timeout=15)
                    assert answer.status_code == status, (size, (nginx.folder / "log").read_text())
                assert client.get(nginx.url + "/", headers=headers, timeout=15).status_code == status
    assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")


@pytest.mark.parametrize("locations", [PRINTED, CARELESS, CLOSING], ids=["as printed", "with lengths", "closing"])
def test_nginx_learns_at_once_who_may_pass_whatever_they_send(locations):
    with Server() as server, AskingNginx(server, locations) as nginx:
        ask(server, nginx)


def test_nginx_as_printed_asks_over_kept_connections():
    with Server({"management_listen": "127.0.0.1:0"}) as server, AskingNginx(server, PRINTED) as nginx:
        ask(server, nginx)
        before = server.metric("latchkey_connections_accepted_total")
        ask(server, nginx)
        # Those of the sign-up and the sign-in, of the metrics, and what nginx opens for one in a hundred questions.
        assert server.metric("latchkey_connections_accepted_total") - before < 20
