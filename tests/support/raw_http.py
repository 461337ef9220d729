"""HTTP over a plain socket: what is sent is what the test wrote, byte for byte.

Libraries repair or refuse malformed requests; the framing tests need them to arrive as they are.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field


class ConnectionEnded(Exception):
    """The server closed the connection before a whole response had arrived."""


@dataclass
class RawResponse:
    status: int
    reason: str
    version: str
    header_lines: list[tuple[str, str]]
    body: bytes = b""
    interim: list[int] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header that must not be repeated, or None."""
        values = self.header_all(name)
        assert len(values) <= 1, f"{name} stands {len(values)} times in the response"
        return values[0] if values else None

    def header_all(self, name: str) -> list[str]:
        return [value for key, value in self.header_lines if key.lower() == name.lower()]

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self):
        import json

        return json.loads(self.body)


class RawConnection:
    """One TCP connection to the server. A read that waits longer than `timeout` raises TimeoutError."""

    def __init__(self, server, timeout: float = 20.0):
        self._socket = socket.create_connection((server.host, server.port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def socket(self) -> socket.socket:
        return self._socket

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        """Closes with a TCP reset instead of a FIN."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Sends as much as the server takes. A server that has already refused may close under our
        hands; what it said can still be read, so that is no error here."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def end_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def _fill(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self._buffer += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            if not self._fill():
                raise ConnectionEnded(self._buffer)
        part, self._buffer = self._buffer.split(mark, 1)
        return part

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not self._fill():
                raise ConnectionEnded(self._buffer)
        part, self._buffer = self._buffer[:count], self._buffer[count:]
        return part

    def read_response(self, method: str = "GET") -> RawResponse:
        """Reads the next final response; interim (1xx) ones are noted in `interim`."""
        interim: list[int] = []
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            version, status, *reason = head[0].split(" ", 2)
            lines = [(line.split(":", 1)[0], line.split(":", 1)[1].strip()) for line in head[1:]]
            response = RawResponse(int(status), reason[0] if reason else "", version, lines, interim=interim)
            if response.status >= 200:
                break
            interim.append(response.status)
        if method == "HEAD" or response.status in (204, 304):
            return response
        if (response.header("transfer-encoding") or "").lower() == "chunked":
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                response.body += self._exactly(size)
                self._exactly(2)
            while self._until(b"\r\n"):
                pass
        elif (length := response.header("content-length")) is not None:
            response.body = self._exactly(int(length))
        else:
            while self._fill():
                pass
            response.body, self._buffer = self._buffer, b""
        return response

    def rest_until_closed(self) -> bytes:
        """What still comes before the server closes. Raises TimeoutError when it does not close."""
        while self._fill():
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def is_open(self) -> bool:
        """Whether the connection still serves: asks for the health page and reads the answer."""
        try:
            self._socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: probe\r\n\r\n")
            return self.read_response().status == 200
        except (ConnectionEnded, ConnectionError):
            return False


def request_bytes(method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"",
                  host: str | None = "latchkey.test") -> bytes:
    """A well-formed request head and body; Content-Length is added when there is a body."""
    lines = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def exchange(server, data: bytes, method: str = "GET") -> tuple[RawResponse, bool]:
    """Sends bytes on a fresh connection: the first response, and whether the server then closed
    (True: it sent nothing more and closed; False: the connection serves another request)."""
    with RawConnection(server) as connection:
        connection.send(data)
        response = connection.read_response(method)
        try:
            connection.socket.settimeout(0.3)
            rest = connection.rest_until_closed()
            closed = True
        except TimeoutError:
            rest, closed = connection._buffer, False
        if closed:
            assert rest == b"", f"a second answer came: {rest[:300]!r}"
        else:
            connection.socket.settimeout(20)
            assert rest == b"", f"a second answer came: {rest[:300]!r}"
            closed = not connection.is_open()
        return response, closed
