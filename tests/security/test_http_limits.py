"""H09–H12: bodies and heads without an end. The limit answers, and memory stays where it was."""

import contextlib
import gzip
import statistics
import zlib

import pytest

from probes import MIB, bounded_memory, cpu_ns, flood, harmless, head, one_answer, refused
from support import RawConnection

FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"
ENDLESS = 1024 * MIB
# What the kernel's buffers on both sides may swallow beyond what the server reads.
SWALLOWED = 16 * MIB
# What one request may take: its limit of 64 KiB, the buffers of its connection, and what the allocator rounds up.
ONE_REQUEST = 2 * MIB


@pytest.mark.parametrize("target, content_type", [("/api/auth/login", FORM), ("/api/auth/signup", JSON),
                                                  ("/api/auth/request_email", JSON),
                                                  ("/api/auth/login", "Content-Type: multipart/form-data; boundary=b")])
@pytest.mark.parametrize("size", [1, 16384])
def test_H09_a_chunked_body_without_an_end_is_413(server, target, content_type, size):
    piece = b"%x\r\n%s\r\n" % (size, b"a" * size) * max(1, 1000 // size)
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        raw, sent = flood(server, head("POST", target, content_type, "Transfer-Encoding: chunked"), piece, ENDLESS)
        assert raw is not None and raw.status == 413, raw
        assert sent < SWALLOWED


def test_H09_chunk_extensions_without_an_end_are_refused(server):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        raw, sent = flood(server, head("POST", "/api/auth/login", FORM, "Transfer-Encoding: chunked") + b"5;a=",
                          b"x" * 4096,
                          ENDLESS)
        assert raw is not None and raw.status in (400, 413, 431)
        assert sent < SWALLOWED


def test_H09_many_small_chunk_extensions_are_refused_or_count(server):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        raw, sent = flood(server, head("POST", "/api/auth/login", FORM, "Transfer-Encoding: chunked"),
                          (b"1;" + b"e" * 4000 + b"\r\na\r\n") * 4, ENDLESS)
        assert raw is not None and raw.status in (400, 413, 431)
        assert sent < 4200 * 65536 + SWALLOWED


def test_H09_trailers_without_an_end_are_refused(server):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        raw, sent = flood(server, head("POST", "/api/auth/login", FORM, "Transfer-Encoding: chunked")
                          + b"1\r\na\r\n0\r\n",
                          b"X-Trailer: some value\r\n" * 100, ENDLESS)
        assert raw is not None and raw.status in (400, 413, 431)
        assert sent < SWALLOWED


@pytest.mark.parametrize("method, target", [("GET", "/healthz"), ("POST", "/api/auth/nothing"),
                                            ("PUT", "/api/auth/login"),
                                            ("POST", "/api/auth/logout"), ("GET", "/api/users/me")])
def test_H09_no_route_swallows_a_body_without_an_end(server, method, target):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        _, sent = flood(server, head(method, target, "Transfer-Encoding: chunked"), b"4000\r\n%s\r\n" % (b"a" * 0x4000),
                        ENDLESS)
        assert sent < SWALLOWED, "the server went on reading"


@pytest.mark.parametrize("length", [65537, 1 << 20, 1 << 30, 1 << 40])
@pytest.mark.parametrize("target, content_type", [("/api/auth/login", FORM), ("/api/auth/signup", JSON)])
def test_H09_a_length_beyond_the_limit_is_413_before_any_body(server, target, content_type, length):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        refused(server, head("POST", target, content_type, f"Content-Length: {length}"), (413,))


def test_H09_bodies_that_wait_for_their_end_hold_no_more_than_their_limit(make_server):
    """A length is a promise of the client: nothing is set aside for what has not come."""
    server = make_server()
    opened, body = 200, b"a" * 60_000
    with bounded_memory(server, opened * 16 * 1024 + ONE_REQUEST), contextlib.ExitStack() as connections:
        for _ in range(opened):
            connections.enter_context(RawConnection(server)).send(
                head("POST", "/api/auth/login", FORM, "Content-Length: 65000") + b"a")
        assert server.get("/healthz").status_code == 200
    with bounded_memory(server, opened * (64 + 32) * 1024 + ONE_REQUEST), contextlib.ExitStack() as connections:
        for number in range(opened):
            connection = connections.enter_context(RawConnection(server))
            if number % 2:
                connection.send(head("POST", "/api/auth/login", FORM, "Content-Length: 65000") + body)
            else:
                connection.send(head("POST", "/api/auth/login", FORM, "Transfer-Encoding: chunked")
                                + b"%x\r\n%s\r\n" % (len(body), body))
        assert server.get("/healthz").status_code == 200


@pytest.mark.parametrize("target", ["/healthz", "/api/users/me", "/api/auth/login", "/nothing"])
def test_H10_a_request_line_of_64_kib_is_refused(server, target):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        raw, sent = flood(server, b"GET " + target.encode() + b"?", b"a" * 8192, 256 * MIB)
        assert raw is not None and raw.status in (414, 431)
        assert sent < SWALLOWED


def test_H10_a_method_without_an_end_is_refused(server):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        raw, sent = flood(server, b"", b"G" * 4096, 256 * MIB)
        assert raw is not None and raw.status in (400, 414, 431)
        assert sent < SWALLOWED


@pytest.mark.parametrize("piece", [b"a" * 65536, b"X-Header: value\r\n" * 1000, b"X-%s: v\r\n" % (b"n" * 60000),
                                   b"N" * 65536],
                         ids=["one value", "many headers", "long names", "one name"])
@pytest.mark.parametrize("target", ["/healthz", "/api/users/me"])
def test_H10_headers_without_an_end_are_431(server, target, piece):
    start = f"GET {target} HTTP/1.1\r\nHost: latchkey.test\r\n".encode() + (b"X: " if piece[:1] == b"a" else b"")
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        raw, sent = flood(server, start, piece, 256 * MIB)
        assert raw is not None and raw.status == 431, raw
        assert sent < SWALLOWED


def test_H10_ten_thousand_headers_in_one_request_are_431(server):
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        refused(server, head("GET", "/healthz", *[f"X-{number}: 1" for number in range(10_000)]), (431,))


def test_H10_an_authorization_header_of_64_kib_is_refused(server):
    with harmless(server):
        refused(server, head("GET", "/api/users/me", "Authorization: Bearer " + "a" * 65536), (401, 431), closed=False)


@pytest.mark.parametrize("target, content_type", [("/api/auth/login", FORM), ("/api/auth/signup", JSON),
                                                  ("/api/auth/request_email", JSON)])
def test_H11_a_body_beyond_the_limit_is_not_asked_for(server, target, content_type):
    with harmless(server), RawConnection(server) as connection:
        connection.send(head("POST", target, content_type, "Expect: 100-continue", "Content-Length: 10000000"))
        response = connection.read_response()
        assert (response.status, response.interim) == (413, [])


@pytest.mark.parametrize("value", ["200-ok", "100-continue, 100-continue", "x" * 1000, ""])
def test_H11_another_expectation_is_ignored_or_417(server, value):
    with harmless(server):
        raw, _ = one_answer(server, head("GET", "/healthz", f"Expect: {value}", "Connection: close"))
        assert raw.status in (200, 400, 417)


BOMB = zlib.compress(b"\0" * (60 * MIB), 9)  # sixty kilobytes: a body that is small enough to be read


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "gzip, gzip",
                                      "identity, gzip",
                                      "GZIP", "aes128gcm", "x" * 500])
@pytest.mark.parametrize("target, content_type", [("/api/auth/login", FORM), ("/api/auth/signup", JSON),
                                                  ("/api/auth/request_email", JSON), ("/api/auth/block_user/1", JSON)])
def test_H12_an_encoded_body_is_415_and_never_inflated(server, keeper, target, content_type, encoding):
    body = gzip.compress(BOMB) if "gzip" in encoding.lower() else BOMB
    with harmless(server), bounded_memory(server, ONE_REQUEST):
        refused(server, head("POST", target, content_type, f"Content-Encoding: {encoding}",
                             f"Authorization: Bearer {keeper.access}", f"Content-Length: {len(body)}") + body,
                (415,), closed=False)


def long_media_types() -> dict[str, str]:
    many = ";".join(f"{number}=d" for number in range(2500))
    return {"parameters": f"a/b;{many}"[:15_000], "the same parameter": ("a/b" + ";x=1" * 4000)[:15_000],
            "types": ("text/html;q=0.1," * 1000)[:15_000], "quotes": ('a/b;c=",", ' * 2000)[:15_000]}


@pytest.mark.parametrize("value", long_media_types().values(), ids=long_media_types())
@pytest.mark.parametrize("method, target, name", [("GET", "/api/auth/confirmed_email/x", "Accept"),
                                                  ("POST", "/api/auth/login", "Content-Type"),
                                                  ("POST", "/api/auth/signup", "Content-Type")])
def test_H10_a_long_list_of_media_types_costs_no_more_than_its_length(make_server, method, target, name, value):
    """The thread that reads it serves others, too: a parameter compared with all before it took 33 ms."""
    server = make_server({"threads": 1}, admin=False)

    def work(lines: list[str]) -> float:
        request = head(method, target, *lines, "Content-Length: 0")
        spent = []
        with RawConnection(server) as connection:
            for _ in range(20):
                before = cpu_ns(server)
                connection.send(request)
                assert connection.read_response().status in (400, 415, 422)
                spent.append(cpu_ns(server) - before)
        return statistics.median(spent)

    # As many bytes that nobody takes apart.
    plain = work([f"X-Padding: {'a' * len(value)}"])
    assert work([f"{name}: {value}"]) < plain + 4_000_000
