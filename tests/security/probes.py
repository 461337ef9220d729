"""What every attack case asks: was it refused as it should be, and did it change anything?"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import select
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

from requests.structures import CaseInsensitiveDict

from support import RawConnection, RawResponse, assert_common_headers, assert_denial, binary_path
from support.raw_http import ConnectionEnded
from support.routes import link_prefixes, targets
from support.state import nothing_changes

MIB = 1 << 20
# What answers may carry, whatever was asked: a header that an attacker brought in would stand out.
KNOWN_HEADERS = {"cache-control", "content-length", "content-type", "content-security-policy", "connection", "date",
                 "referrer-policy", "x-content-type-options", "x-request-id", "www-authenticate", "allow",
                 "retry-after",
                 "vary", "cross-origin-opener-policy", "cross-origin-resource-policy", "x-frame-options", "keep-alive",
                 "transfer-encoding", "permissions-policy", "strict-transport-security", "etag", "last-modified",
                 "accept-encoding", "accept"}

# Method and path of every route, filled with values that name nothing.
ROUTES = targets()
CACHEABLE = ("/.well-known/jwks.json", "/openapi.json", "/docs")
# Where a bearer token is wanted, and which kind.
ACCESS_ROUTES = targets("accessToken")
REFRESH_ROUTES = targets("refreshToken")
CONFIRM_ROUTES = [(method, path) for method, path in link_prefixes() if "ed_email/" in path]


# The server after an attack -----------------------------------------------------------------------


def assert_unharmed(server) -> None:
    """It runs, answers a fresh connection, and no sanitizer has said anything."""
    assert server.running, f"the server has died:\n{server.stderr[-6000:]}"
    with RawConnection(server) as connection:
        assert connection.is_open()
    server.check_sanitizers()


@contextlib.contextmanager
def harmless(server, *, besides: tuple[str, ...] = ()) -> Iterator[None]:
    """Asserts that the block changed no table and left the server as it was. `besides` names tables that the case
    allows to change: a refused sign-in counts itself in `users` (or, for nobody, in `state`)."""
    with nothing_changes(server, besides=besides):
        yield
    assert_unharmed(server)


COUNTED = ("users", "state")  # where a refused sign-in is counted


def resident(server) -> int:
    """The memory that the server holds now, in bytes: with pages of the program and its libraries, which come and go as they
    are run."""
    return _status(server, "VmRSS")


def own_memory(server) -> int:
    """The memory that the server has written and has for itself."""
    return _status(server, "RssAnon")


def resident_peak(server) -> int:
    return _status(server, "VmHWM")


def _status(server, name: str) -> int:
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) * 1024


@contextlib.contextmanager
def bounded_memory(server, allowed: int) -> Iterator[None]:
    """Asserts that the block raises the server's memory by less than `allowed`: its peak, where the peak can be brought
    down to what is held now. A sanitizer keeps what was freed and gives each byte a shadow: there only growth without
    any bound is seen, and the number is what the released program is held to."""
    measure = resident_peak
    try:
        Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    except OSError:
        measure = resident
    before = measure(server)
    yield
    grown = measure(server) - before
    assert grown < allowed + (256 * MIB if sanitized() else 0), f"{grown >> 10} KiB more"


def descriptors(server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def cpu_ns(server) -> int:
    """The processor time that all threads of the server have used."""
    total = 0
    for path in Path(f"/proc/{server.process.pid}/task").glob("*/schedstat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int(path.read_text().split()[0])
    return total


@functools.cache
def sanitized() -> bool:
    """Whether the binary is a sanitizer build, whose memory and signals are not those of a real one."""
    data = binary_path().read_bytes()
    return b"__asan_init" in data or b"__tsan_init" in data


# Raw requests -------------------------------------------------------------------------------------


def head(method: str, target: str, *lines: bytes | str, version: str = "HTTP/1.1",
         host: bytes | None = b"latchkey.test") -> bytes:
    """A request head of exactly these lines."""
    parts = [f"{method} {target} {version}".encode("latin-1")]
    if host is not None:
        parts.append(b"Host: " + host)
    parts += [line.encode("latin-1") if isinstance(line, str) else line for line in lines]
    return b"\r\n".join(parts) + b"\r\n\r\n"


def chunked(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[start:start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def logging_out(account) -> bytes:
    """A whole request that would end the session of an account: what an attacker smuggles."""
    return head("POST", "/api/auth/logout", f"Authorization: Bearer {account.refresh}")


def answer_of(raw: RawResponse, method: str = "GET", target: str = "") -> SimpleNamespace:
    """A raw response in the shape that the checks of the harness take."""
    headers = CaseInsensitiveDict()
    for name, value in raw.header_lines:
        assert name not in headers or name.lower() in ("vary",), f"{name} stands twice: {raw.header_lines}"
        headers[name] = value
    text = raw.body.decode(errors="replace")
    return SimpleNamespace(status_code=raw.status, headers=headers, content=raw.body, text=text,
                           json=lambda: json.loads(text), request=SimpleNamespace(method=method, url=target))


def assert_headers_are_ours(raw: RawResponse) -> None:
    names = {name.lower() for name, _ in raw.header_lines}
    assert not {name for name in names if name not in KNOWN_HEADERS and not name.startswith("access-control-")}, names
    assert "set-cookie" not in names and "location" not in names


def ask(server, data: bytes, method: str = "GET") -> tuple[RawResponse, bool]:
    """Sends raw bytes on a fresh connection, and then asks for the health page on it. Answers the response to the
    bytes, and whether the server closed after it. Any other answer in between is one to a smuggled request."""
    with RawConnection(server, timeout=10) as connection:
        connection.send(data)
        response = connection.read_response(method)
        connection.send(PROBE)
        try:
            probe = connection.read_response()
        except ConnectionEnded as end:
            assert end.args[0] == b"", f"a second answer came: {end.args[0][:300]!r}"
            return response, True
        assert probe.status == 200 and b"Logged out" not in probe.body, f"a second answer came: {probe.status} {probe.text[:300]}"
        assert probe.body == healthy(server), f"a second answer came: {probe.text[:300]}"
        return response, False


PROBE = b"GET /healthz HTTP/1.1\r\nHost: probe\r\nX-Probe: 1\r\n\r\n"
_health_pages: dict[int, bytes] = {}


def healthy(server) -> bytes:
    """The health page, which is always the same."""
    if server.port not in _health_pages:
        _health_pages[server.port] = server.get("/healthz").content
    return _health_pages[server.port]


def refused(server, data: bytes, statuses: Iterable[int] = (400,), *, closed: bool = True) -> SimpleNamespace:
    """Sends raw bytes on a fresh connection. There must be exactly one answer, a denial with one of the
    statuses and the headers of every response; then the connection must be closed, where `closed` wants that."""
    raw, was_closed = ask(server, data)
    answer = answer_of(raw)
    assert raw.status in statuses, f"{raw.status}: {answer.text[:400]}"
    assert_headers_are_ours(raw)
    assert_common_headers(answer)
    assert_denial(answer, raw.status)
    assert was_closed or not closed, "the connection stayed open after a request that can not be delimited"
    return answer


def one_answer(server, data: bytes) -> tuple[RawResponse, bool]:
    """As `ask`, with no header in the answer that we do not know."""
    raw, closed = ask(server, data)
    assert_headers_are_ours(raw)
    return raw, closed


def in_turn(server, *requests: bytes) -> list[RawResponse]:
    """The answers to well-delimited requests, sent together on one connection."""
    with RawConnection(server) as connection:
        connection.send(b"".join(requests))
        return [connection.read_response() for _ in requests]


def flood(server, start: bytes, piece: bytes, limit: int) -> tuple[RawResponse | None, int]:
    """Sends `start` and then `piece` again and again until the server answers or closes, at most `limit` bytes.
    Answers the response, if one could be read, and how many bytes the server let us send."""
    with RawConnection(server) as connection:
        connection.send(start)
        sent = 0
        while sent < limit and not select.select([connection.socket], [], [], 0)[0]:
            try:
                connection.socket.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
            sent += len(piece)
        try:
            return connection.read_response(), sent
        except ConnectionEnded:
            return None, sent
