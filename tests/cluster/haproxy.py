"""HAProxy in front of nodes, as docs/operations.md prints it."""

from __future__ import annotations

from support.printed import code_blocks, replaced

from .proxies import Proxy

# What a configuration has around the printed piece.
AROUND = """
global
    maxconn 2000

{printed}
frontend sign_in
    bind 127.0.0.1:{port}
    default_backend latchkey
"""


class Haproxy(Proxy):
    def __init__(self, addresses: list[str]):
        super().__init__("haproxy")
        printed = replaced(code_blocks("docs/operations.md", "**HAProxy.**")[0],
                           ("10.0.0.21:8080", addresses[0]), ("10.0.0.22:8080", addresses[1]))
        config = self.folder / "haproxy.cfg"
        config.write_text(AROUND.format(port=self.port, printed=printed))
        self.command = ["haproxy", "-db", "-f", config]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
