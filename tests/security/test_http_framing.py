"""H01–H08, H13: requests whose ends two parsers could see in two places. Whatever is ambiguous is refused, and what
hides behind it is never served."""

import json
import re

import pytest

from probes import answer_of, ask, chunked, harmless, head, logging_out, one_answer, refused
from support import RawConnection, assert_common_headers

TARGETS = [("POST", "/api/auth/login"), ("POST", "/api/auth/signup"), ("GET", "/api/users/me"),
           ("POST", "/api/auth/nothing"), ("GET", "/healthz")]
on_targets = pytest.mark.parametrize("method, target", TARGETS, ids=[target.rsplit("/", 1)[1] for _, target in TARGETS])
FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"
# A route that reads a body, with the type it wants: here malformed framing must be seen.
READERS = [("/api/auth/login", FORM), ("/api/auth/signup", JSON), ("/api/auth/request_email", JSON)]


@on_targets
@pytest.mark.parametrize("lines", [
    ("Content-Length: 6", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding: chunked", "Content-Length: 6"),
    ("Content-Length: 0", "Transfer-Encoding: chunked"),
    ("transfer-encoding: CHUNKED", "content-length: 5"),
    ("Content-Length: 5", "Transfer-Encoding: identity"),
    ("Content-Length: 5", "Transfer-Encoding: "),
    ("Content-Length: 5", "Transfer-Encoding:\tchunked"),
], ids=lambda lines: "; ".join(lines))
def test_H01_length_beside_chunked_is_refused(server, member, method, target, lines):
    with harmless(server):
        refused(server, head(method, target, *lines) + b"0\r\n\r\n" + logging_out(member))


@on_targets
@pytest.mark.parametrize("lines", [
    ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5", "Content-Length: 5"],
    ["Content-Length: 5, 6"], ["Content-Length: 5, 5"], ["Content-Length: 5,"], ["Content-Length: +5"],
    ["Content-Length: -5"], ["Content-Length: -0"], ["Content-Length: 0x5"], ["Content-Length: 5 5"],
    ["Content-Length: 5;"], ["Content-Length: 5.0"], ["Content-Length: 5e0"], ["Content-Length: five"],
    ["Content-Length: "], [b"Content-Length: \xb2"], [b"Content-Length: \xd9\xa5"], ["Content-Length: 0_5"],
    ["Content-Length: 5 "], ["Content-Length: 5\t"], ["Content-Length: 18446744073709551617"], ["Content-Length: 18446744073709551621"],
    ["Content-Length: 99999999999999999999999999999999999999"],
], ids=lambda lines: "|".join(map(str, lines)))
def test_H02_a_length_that_is_no_single_number_is_refused(server, member, method, target, lines):
    with harmless(server):
        refused(server, head(method, target, *lines) + b"hello" + logging_out(member), (400, 413))


@pytest.mark.parametrize("value", ["9223372036854775808", "9223372036854775807", "4294967297", "1099511627776"])
def test_H02_a_giant_length_is_too_large_and_never_wraps(server, member, value):
    with harmless(server):
        refused(server, head("POST", "/api/auth/login", FORM, f"Content-Length: {value}") + b"u" + logging_out(member),
                (400, 413))


@on_targets
@pytest.mark.parametrize("lines", [
    ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: chunkedx"], ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: identity"], ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: gzip"],
    ["Transfer-Encoding: chunked, chunked"], ["Transfer-Encoding: chunked,"], ["Transfer-Encoding: ,chunked"],
    [b"Transfer-Encoding: \x0bchunked"], [b"Transfer-Encoding: chunked\x0c"], ['Transfer-Encoding: "chunked"'],
    ["Transfer-Encoding: chunked;q=1"], ["Transfer-Encoding: "], [b"Transfer-Encoding: chunke\xc4"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ["Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: x", "X: y", "transfer-encoding: chunked"],
    [b"Transfer-Encoding:\r\n chunked"], ["Transfer-Encoding : chunked"], [b"Transfer\x00-Encoding: chunked"],
], ids=lambda lines: "|".join(map(str, lines)))
def test_H03_any_transfer_encoding_but_chunked_is_refused(server, member, method, target, lines):
    with harmless(server):
        refused(server, head(method, target, *lines) + b"0\r\n\r\n" + logging_out(member), (400, 501))


@on_targets
@pytest.mark.parametrize("lines", [["Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked",
                                                                    "Connection: keep-alive"],
                                   ["Transfer-Encoding: chunked", "Content-Length: 5"]])
def test_H03_chunked_on_http_1_0_is_refused(server, member, method, target, lines):
    with harmless(server):
        refused(server, head(method, target, *lines, version="HTTP/1.0") + b"0\r\n\r\n" + logging_out(member),
                (400, 501))


CHUNKS = [
    b"2\nxx\r\n0\r\n\r\n", b"2\r\nxx\n0\r\n\r\n", b"2\r\nxx\r\n0\n\r\n", b"2\r\nxx\r\n0\n\n", b"2\rxx\r\n0\r\n\r\n",
    b'1;ext="\r\n;x"\r\nx\r\n0\r\n\r\n', b"1;a\nb\r\nx\r\n0\r\n\r\n", b"1;a\rb\r\nx\r\n0\r\n\r\n",
    b"1;\x00\r\nx\r\n0\r\n\r\n",
    b"0_2\r\nxx\r\n0\r\n\r\n", b" 2\r\nxx\r\n0\r\n\r\n", b"\t2\r\nxx\r\n0\r\n\r\n", b"-2\r\nxx\r\n0\r\n\r\n",
    b"+2\r\nxx\r\n0\r\n\r\n", b"0x2\r\nxx\r\n0\r\n\r\n", b"2 2\r\nxx\r\n0\r\n\r\n", b"\r\nxx\r\n0\r\n\r\n",
    b"g\r\nxx\r\n0\r\n\r\n",
    b"10000000000000002\r\nxx\r\n0\r\n\r\n", b"ffffffffffffffff\r\nxx\r\n0\r\n\r\n",
    b"fffffffffffffffe\r\nxx\r\n0\r\n\r\n",
    b"00000000000000000000000000000000000000000000000000g\r\n", b"1\r\nxx\r\n0\r\n\r\n", b"3\r\nxx\r\n0\r\n\r\n",
    b"2\r\nxx0\r\n\r\n", b"2;\xff=\x01\r\nxx\r\n0\r\n\r\n", b"\xb2\r\nxx\r\n0\r\n\r\n",
    b"2\r\nxx\r\n0\r\nX: \x00\r\n\r\n",
    b"2\r\nxx\r\n0\r\nX y\r\n\r\n", b"2\r\nxx\r\n0\r\nX\r\n\r\n", b"2\r\nxx\r\n0\r\nX : y\r\n\r\n",
    b"2\r\nxx\r\n0\r\n: y\r\n\r\n", b"2\r\nxx\r\n0\r\nX: y\r\n z\r\n\r\n",
]


@pytest.mark.parametrize("body", CHUNKS, ids=ascii)
def test_H04_malformed_chunks_are_refused(server, member, body):
    with harmless(server):
        for target, content_type in READERS:
            refused(server, head("POST", target, content_type, "Transfer-Encoding: chunked") + body
                    + logging_out(member),
                    (400, 413))


@pytest.mark.parametrize("body", CHUNKS, ids=ascii)
@pytest.mark.parametrize("method, target", [("GET", "/healthz"), ("GET", "/api/users/me"),
                                            ("POST", "/api/auth/nothing"),
                                            ("PUT", "/api/auth/login")])
def test_H04_malformed_chunks_are_never_the_start_of_a_request_where_no_body_is_read(server, member, method, target,
                                                                                     body):
    with harmless(server):
        _, closed = one_answer(server, head(method, target, "Transfer-Encoding: chunked") + body + logging_out(member))
        assert closed


@pytest.mark.parametrize("trailer", ["Authorization: Bearer {token}", "Content-Length: 3", "Transfer-Encoding: chunked",
                                     "Host: evil.example", "X-Forwarded-For: 203.0.113.9", "no field at all", "X : y"])
def test_H04_a_trailer_is_never_a_header(server, member, trailer):
    line = trailer.format(token=member.access)
    with harmless(server):
        raw, _ = one_answer(server, head("GET", "/api/users/me", "Transfer-Encoding: chunked")
                            + f"2\r\nxx\r\n0\r\n{line}\r\n\r\n".encode())
        assert raw.status in (400, 401)


@on_targets
@pytest.mark.parametrize("line", [
    b"Host : x", b"X-Name : x", b"X-Name\t: x", b" X-Name: x", b"\tX-Name: x", b"X-Name: a\r\n b", b"X-Name: a\r\n\tb",
    b"X-Name:\r\n a", b"X-Name: a\x00b", b"X-\x00Name: a", b"X-Name: a\rb", b"X-\rName: a",
    b"X-Name: a\nContent-Length: 5",
    b"X Name: a", b"X(Name): a", b"X@Name: a", b"X{Name}: a", b'X"Name": a', b"X\x80Name: a", b"X\x7fName: a", b": a",
    b"NoColon",
    b"X-Name: a\x01b", b"X-Name: a\x1fb", b"X-Name: a\x7fb", b"X-Name: a\x0bb", b"X,Name: a", b"X/Name: a", b"=: a",
], ids=ascii)
def test_H05_malformed_header_lines_are_refused(server, member, method, target, line):
    with harmless(server):
        refused(server, head(method, target, line) + logging_out(member))


@pytest.mark.parametrize("start", [
    b"GET  /healthz HTTP/1.1", b"GET /healthz  HTTP/1.1", b"GET /healthz HTTP/1.1 ", b" GET /healthz HTTP/1.1",
    b"GET\t/healthz\tHTTP/1.1", b"GET /healthz", b"GET /healthz HTTP/1.1x", b"GET /healthz HTTP/11",
    b"GET /healthz HTTP/1.",
    b"GET /healthz http/1.1", b"GET /healthz HTTPS/1.1", b"GET /healthz HTTP/1,1", b"GET /healthz ICY", b"GET",
    b"/healthz HTTP/1.1", b"GET /hea lthz HTTP/1.1", b"GET /healthz\x00 HTTP/1.1", b"GET /healthz\r HTTP/1.1",
    b"G\x00T /healthz HTTP/1.1", b"G T /healthz HTTP/1.1", b"G(T /healthz HTTP/1.1",
    b"GET /healthz\x7f HTTP/1.1", b"GET  HTTP/1.1", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
], ids=ascii)
def test_H05_malformed_request_lines_are_refused(server, member, start):
    with harmless(server):
        refused(server, start + b"\r\nHost: latchkey.test\r\n\r\n" + logging_out(member), (400, 404, 505))


@pytest.mark.parametrize("target", ["healthz", "\xe9", "/\xe9", "/health\xff", "?", "healthz/", "&"], ids=ascii)
def test_H05_a_target_that_is_no_path_is_refused(server, member, target):
    with harmless(server):
        refused(server, head("GET", target), (400, 404), closed=False)


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/1.9", "HTTP/9.9"])
def test_H05_another_version_of_http_is_refused_or_served_as_1_1(server, member, version):
    with harmless(server):
        raw, _ = one_answer(server, head("GET", "/healthz", "Connection: close", version=version))
        assert raw.status in (400, 505) or (version == "HTTP/1.9" and raw.status == 200)
        assert raw.version in ("HTTP/1.1", "HTTP/1.0")


def test_H05_the_preface_of_http_2_is_refused(server):
    with harmless(server):
        raw, closed = one_answer(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert raw.status in (400, 405, 501, 505) and closed


INJECTED = ["a%0d%0aSet-Cookie:%20x=1", "a%0aX-Evil:%201", "a\\r\\nX-Evil: 1", "%E5%98%8A%E5%98%8DX-Evil:%201",
            "a\x85X-Evil: 1", "\xe2\x80\xa8X-Evil: 1", "x" * 2000]


@pytest.mark.parametrize("name", ["X-Request-Id", "Origin", "Referer", "User-Agent", "X-Forwarded-For",
                                  "X-Forwarded-Host",
                                  "X-Forwarded-Proto", "Forwarded", "Accept", "Accept-Language", "Cookie",
                                  "Content-Type",
                                  "Access-Control-Request-Method", "Access-Control-Request-Headers", "If-None-Match",
                                  "Range"])
def test_H06_no_request_header_is_echoed_or_decoded(server, name):
    with harmless(server):
        for value in INJECTED:
            for method, target in TARGETS:
                raw, _ = ask(server, head(method, target, f"{name}: {value}", "Connection: close"))
                assert_headers_are_ours_and_clean(raw, value)
                assert value not in raw.text
    assert not [line for line in server.stderr.splitlines() if line.startswith(("X-Evil", "Set-Cookie"))]


@pytest.mark.parametrize("form", ["text", "json"])
def test_H06_a_header_makes_no_line_of_the_log(make_server, form):
    """At the level that logs each request."""
    server = make_server({"log.level": "debug", "log.format": form})
    started = len(server.stderr.splitlines())
    ids = set()
    values = INJECTED + ["mark-7f\tX-Evil: 1", "mark-7f request_id=0 status=200"]
    for name in ("X-Request-Id", "Origin", "Referer", "User-Agent", "X-Forwarded-For", "Forwarded", "Cookie", "Accept"):
        for value in values:
            for method, target in TARGETS:
                raw, _ = ask(server, head(method, target, f"{name}: {value}", "Connection: close"))
                ids.add(raw.header("x-request-id"))
    assert len(ids) == 8 * len(values) * len(TARGETS)
    server.wait(lambda: all(identity in server.stderr for identity in ids), "each request to be logged")
    lines = server.stderr.splitlines()[started:]
    for line in lines:
        assert "evil" not in line.lower() and "Set-Cookie" not in line and "mark-7f" not in line, line
        if form == "json":
            assert isinstance(json.loads(line), dict)
        else:
            assert re.match(r"\d{4}-\d\d-\d\dT\S+Z (DEBUG|INFO|WARN|ERROR) [a-z_.]+( |$)", line), line
    # Each request is one line, and none speaks of two.
    for identity in ids:
        assert len([line for line in lines if identity in line]) == 1


def assert_headers_are_ours_and_clean(raw, value):
    answer = answer_of(raw)
    assert raw.status < 500
    for name, sent in raw.header_lines:
        assert name.lower() not in ("x-evil", "set-cookie", "location")
        assert value not in sent
    assert "evil" not in answer.text.lower()


@pytest.mark.parametrize("method, target", [
    ("GET", "/%0d%0aX-Evil:%201"), ("GET", "/api/auth/%0d%0aSet-Cookie:%20x=1"),
    ("PUT", "/api/auth/login%0d%0aX-Evil:1"),
    ("GET", "/api/auth/confirmed_email/%0d%0aX-Evil:%201"), ("POST", "/api/auth/confirmed_email/%0aX-Evil:%201"),
    ("GET", "/api/auth/rejected_email/a%0d%0a%0d%0a<html>"), ("DELETE", "/api/auth/sessions/%0d%0aX-Evil:1"),
    ("POST", "/api/auth/block_user/1%0d%0aX-Evil:1"), ("GET", "/docs?x=%0d%0aX-Evil:1"),
    ("GET", "/healthz?%0d%0aX-Evil:1"),
    ("GET", "//evil.example/%2f.."), ("GET", "/api/users/me//%0d%0aX-Evil:1"),
])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_H07_nothing_of_a_path_splits_a_response(server, member, method, target, accept):
    with harmless(server):
        raw, _ = one_answer(server, head(method, target, f"Accept: {accept}", f"Authorization: Bearer {member.access}"))
        assert raw.status < 500
        assert all("evil" not in (name + value).lower() for name, value in raw.header_lines)


@pytest.mark.parametrize("method, target", [("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/api/users/me"),
                                            ("GET", "/api/auth/sessions"), ("GET", "/openapi.json"),
                                            ("GET", "/api/auth/confirmed_email/x"), ("OPTIONS", "/api/auth/login"),
                                            ("GET", "/api/auth/nothing"), ("PUT", "/api/auth/login"),
                                            ("POST", "/api/auth/logout"), ("POST", "/api/auth/signup")])
@pytest.mark.parametrize("chunks", [False, True], ids=["length", "chunked"])
def test_H08_a_body_where_none_is_read_is_no_request(server, member, method, target, chunks):
    inner = logging_out(member)
    data = (head(method, target, "Transfer-Encoding: chunked") + chunked(inner) if chunks
            else head(method, target, f"Content-Length: {len(inner)}") + inner)
    with harmless(server):
        one_answer(server, data)


# Where no body is read, and an answer without it is complete.
UNREAD = [("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/api/users/me", 401), ("GET", "/openapi.json", 200),
          ("GET", "/api/auth/refresh_token", 401), ("POST", "/api/auth/refresh_token", 401), ("POST", "/api/auth/logout", 401),
          ("POST", "/api/auth/logout_all", 401), ("DELETE", "/api/auth/sessions/none", 401),
          ("GET", "/api/auth/confirmed_email/x", 400), ("POST", "/api/auth/confirmed_email/x", 400),
          ("POST", "/api/auth/rejected_email/x", 400), ("OPTIONS", "/api/auth/login", 204), ("POST", "/api/auth/nothing", 404),
          ("PUT", "/api/auth/login", 405), ("FOO", "/healthz", 501)]


@pytest.mark.parametrize("method, target, status", UNREAD)
@pytest.mark.parametrize("lines, begun", [
    (["Content-Length: 150"], b""), (["Content-Length: 150"], b"a" * 100), (["Content-Length: 10000000000"], b""),
    (["Content-Length: 150", "Expect: 100-continue"], b""), (["Transfer-Encoding: chunked"], b""),
    (["Transfer-Encoding: chunked"], b"96\r\nabc"), (["Transfer-Encoding: chunked"], b"3\r\nabc\r\n0\r\n"),
], ids=["nothing of it", "a part", "ten gigabytes", "on demand", "no chunk", "a part of a chunk", "no end"])
def test_H08_an_answer_does_not_wait_for_a_body_that_nobody_reads(server, member, method, target, status, lines, begun):
    """nginx's auth_request announces a body and never sends it; the limit on bodies is thirty seconds. What comes behind
    the answer, on a connection that the proxy keeps, is its next request: taken neither for the body nor for a request."""
    with harmless(server), RawConnection(server, timeout=15) as connection:
        connection.send(head(method, target, *lines) + begun)
        response = connection.read_response()
        assert (response.status, response.interim) == (status, [])
        assert response.header("connection") == "close"
        connection.send(logging_out(member))
        assert connection.rest_until_closed() == b""


@pytest.mark.parametrize("method, target, status", UNREAD)
def test_H08_a_body_that_came_with_its_head_is_dropped_and_the_connection_goes_on(server, member, method, target, status):
    inner = logging_out(member)
    with harmless(server), RawConnection(server) as connection:
        for data in (head(method, target, f"Content-Length: {len(inner)}") + inner,
                     head(method, target, "Transfer-Encoding: chunked") + chunked(inner)):
            connection.send(data)
            assert connection.read_response().status == status
            assert connection.is_open()


def test_H08_a_head_request_with_a_body_is_one_request(server, member):
    inner = logging_out(member)
    with harmless(server):
        raw, _ = ask(server, head("HEAD", "/healthz", f"Content-Length: {len(inner)}") + inner, "HEAD")
        assert raw.status == 200


@on_targets
@pytest.mark.parametrize("host", [None, [b"a", b"b"], [b"a", b"a"], b"a b", b"a,b", b"a, b", b"a\tb", b"a/b", b"a@b",
                                  b"a?b",
                                  b"a#b", b"[::1", b"a:b:c", b"a:99999x", b"<script>", b"a\\b"], ids=ascii)
def test_H13_a_missing_repeated_or_malformed_host_is_refused(server, member, method, target, host):
    lines = [b"Host: " + value for value in host] if isinstance(host, list) else []
    with harmless(server):
        refused(server, head(method, target, *lines, host=None if isinstance(host, list) else host)
                + logging_out(member))


def test_H13_http_1_0_needs_no_host(server):
    raw, closed = ask(server, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (raw.status, closed) == (200, True)
    assert_common_headers(answer_of(raw))
