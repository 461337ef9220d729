"""What only a newcomer may see, and how everything else is refused."""

from __future__ import annotations

from .raw_http import RawConnection, request_bytes

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}

# Requests that are not one of a browser on this machine. {port} is that of the server.
FROM_ELSEWHERE = [
    {"Host": "evil.example"}, {"Host": "evil.example:{port}"}, {"Host": "localhost.evil.example:{port}"}, {"Host": "127.0.0.1.nip.io:{port}"},
    {"Host": "127.0.0.2:{port}"}, {"Host": "0.0.0.0:{port}"}, {"Host": "192.168.1.5:{port}"}, {"Host": "localhost.:{port}"},
    {"Forwarded": "for=192.0.2.1"}, {"X-Forwarded-For": "127.0.0.1"}, {"x-forwarded-host": "localhost"}, {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Prefix": "/"}, {"Via": "1.1 proxy"}, {"X-Real-IP": "127.0.0.1"},
]


def ask(server, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""):
    """One request as it stands here, with the Host of a browser on this machine unless another is given."""
    lines = {"Host": f"localhost:{server.port}", **HTML, **(headers or {})}
    lines = {name: value.replace("{port}", str(server.port)) for name, value in lines.items()}
    with RawConnection(server) as connection:
        connection.send(request_bytes(method, path, lines, body, host=None))
        return connection.read_response(method)


def what_is_said(response) -> tuple:
    """All of a response but what differs from one request to the next."""
    request_id = response.header("X-Request-Id") or ""
    lines = sorted((name, value) for name, value in response.header_lines if name not in ("Date", "X-Request-Id"))
    return response.status, lines, response.body.replace(request_id.encode(), b"")


def assert_unknown(server, path: str, headers: dict[str, str] | None = None, methods=("GET", "HEAD", "POST", "DELETE", "OPTIONS")) -> None:
    """Whatever the method, the answer is that of a path that nobody knows. `path` may be in absolute form."""
    start, _, rest = path.rpartition("://")
    unknown_path = f"{start}://{rest.split('/')[0]}/nobody/knows" if start else "/nobody/knows"
    for method in methods:
        hidden, unknown = ask(server, method, path, headers), ask(server, method, unknown_path, headers)
        assert hidden.status == 404, (method, path, headers, hidden.body[:300])
        assert what_is_said(hidden) == what_is_said(unknown), (method, path, headers)
