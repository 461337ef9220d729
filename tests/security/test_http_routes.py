"""H14, H15, H20, H22, H23, K08: targets, methods, origins, repeated parameters, and what an answer gives away."""

import re

import pytest

from probes import (ACCESS_ROUTES, CACHEABLE, REFRESH_ROUTES, ROUTES, answer_of, ask, chunked, harmless, head,
                    one_answer, refused)
from support import Server, assert_common_headers, assert_problem, unique_email
from support.accounts import PASSWORD
from support.tokens import claims_of

on_routes = pytest.mark.parametrize("method, target", ROUTES, ids=[f"{method} {target}" for method, target in ROUTES])
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"


# H14 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("authority", ["evil.example", "evil.example:443", "user:secret@evil.example", "127.0.0.1:1",
                                       "[::1]"])
def test_H14_an_absolute_target_changes_nothing_but_the_host(server, member, authority):
    raw, _ = one_answer(server, head("GET", f"http://{authority}/api/users/me",
                                     f"Authorization: Bearer {member.access}"))
    assert raw.status in (200, 400)
    if raw.status == 200:
        assert raw.json()["email"] == member.email
    assert "evil" not in raw.text


@pytest.mark.parametrize("target", ["http://", "http:///api/users/me", "http:/api/users/me",
                                    "ftp://evil.example/api/users/me", "//evil.example/api/users/me",
                                    "javascript:alert(1)",
                                    "http://evil.example/../api/users/me", "*", "evil.example:443", "?", "#",
                                    "/#/api/users/me",
                                    "/\\evil.example/api/users/me", "/.//api/users/me"])
def test_H14_a_strange_target_is_never_a_way_in(server, member, target):
    with harmless(server):
        raw, _ = one_answer(server, head("GET", target, f"Authorization: Bearer {member.access}"))
        assert raw.status in (400, 404, 405)
        assert member.email not in raw.text


@pytest.mark.parametrize("target", ["/", "http://evil.example", "http://evil.example/"])
def test_H14_the_root_leads_to_our_own_sign_in_whatever_the_authority(server, member, target):
    with harmless(server):
        raw, _ = ask(server, head("GET", target, f"Authorization: Bearer {member.access}"))
        assert (raw.status, dict(raw.header_lines)["Location"]) == (303, "./sign-in")


@pytest.mark.parametrize("host", [b"evil.example", b"evil.example:80", b"EVIL", b"127.0.0.1.evil.example"])
def test_H14_the_issuer_does_not_follow_the_host(server, member, host):
    body = f"username={member.email}&password={member.password}".encode()
    raw, _ = ask(server, head("POST", "http://evil.example/api/auth/login", FORM, f"Content-Length: {len(body)}",
                                   "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Original-URL: /x",
                                   "Forwarded: host=evil.example;proto=https", host=host) + body)
    assert raw.status in (200, 400)
    if raw.status == 200:
        claims = claims_of(raw.json()["access_token"])
        assert (claims["iss"], "evil" in str(claims)) == (server.public_url, False)


def test_H14_the_link_does_not_follow_the_host(server):
    email = unique_email()
    body = f'{{"email":"{email}","username":"new_user","password":"{PASSWORD}"}}'.encode()
    raw, _ = ask(server, head("POST", "http://evil.example/api/auth/signup", JSON, f"Content-Length: {len(body)}",
                                   "X-Forwarded-Host: evil.example", host=b"evil.example") + body)
    if raw.status == 201:
        mail, = server.wait_mail(email)
        assert mail.confirmation_link.startswith(server.public_url + "/") and b"evil" not in mail.data
    else:
        assert raw.status == 400


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Uri"])
def test_H14_no_header_names_another_path(server, member, name):
    raw, _ = one_answer(server, head("GET", "/api/auth/nothing", f"{name}: /api/users/me",
                                     f"Authorization: Bearer {member.access}"))
    assert raw.status == 404


# H15 ----------------------------------------------------------------------------------------------


@on_routes
@pytest.mark.parametrize("verb", ["TRACE", "CONNECT", "FOO", "PROPFIND", "SEARCH", "get", "Post", "PURGE", "M-SEARCH",
                                  "X" * 100])
def test_H15_a_strange_method_is_refused_and_nothing_is_echoed(server, member, method, target, verb):
    with harmless(server):
        raw, _ = one_answer(server, head(verb, target, f"Authorization: Bearer {member.access}",
                                         "X-Secret: as-it-was-sent",
                                         "Max-Forwards: 0", "Connection: close"))
        assert raw.status in (400, 405, 501), raw.text
        assert "as-it-was-sent" not in raw.text and member.access not in raw.text
        assert_common_headers(answer_of(raw), cacheable=target in CACHEABLE)


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_H15_a_method_override_is_ignored(server, member, name, method):
    session, = [entry["id"] for entry in member.sessions() if entry["current"]]
    target = f"/api/auth/sessions/{session}"
    with harmless(server):
        raw, _ = one_answer(server, head(method, f"{target}?_method=DELETE", f"{name}: DELETE",
                                         f"Authorization: Bearer {member.access}"))
        assert raw.status == 405
        raw, _ = one_answer(server, head("GET", "/api/auth/logout", f"{name}: POST",
                                         f"Authorization: Bearer {member.refresh}"))
        assert raw.status == 405


# H20 ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_origin():
    with Server({"http.cors_origins": "https://good.com"}) as server:
        yield server


EVIL_ORIGINS = ["https://evil.com", "null", "https://good.evil.com", "https://goodXcom", "https://good.com.evil.com",
                "https://evilgood.com", "http://good.com", "https://good.com:444", "https://good.com, https://evil.com",
                "https://good.com@evil.com", "https://good.com\\evil", "https://good.com%00", "file://", "*",
                "good.com"]


@on_routes
def test_H20_no_foreign_origin_is_let_in_anywhere(server, with_origin, method, target):
    for subject in (server, with_origin):
        with harmless(subject):
            for origin in EVIL_ORIGINS:
                for verb in (method, "OPTIONS"):
                    response = subject.request(verb, target, cacheable=target in CACHEABLE, headers={
                        "Origin": origin, "Access-Control-Request-Method": method,
                        "Access-Control-Request-Headers": "authorization",
                        "Access-Control-Request-Private-Network": "true"})
                    given = [name for name in response.headers if name.lower().startswith("access-control-")]
                    assert "Access-Control-Allow-Origin" not in given, (origin, response.headers)
                    assert "Access-Control-Allow-Credentials" not in given
                    assert "Access-Control-Allow-Private-Network" not in given


@on_routes
def test_H20_the_named_origin_never_gets_credentials(with_origin, method, target):
    for verb in (method, "OPTIONS"):
        response = with_origin.request(verb, target, cacheable=target in CACHEABLE,
                                       headers={"Origin": "https://good.com", "Access-Control-Request-Method": method})
        assert response.headers["Access-Control-Allow-Origin"] == "https://good.com"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "origin" in response.headers["Vary"].lower()


def test_H20_two_origins_are_no_origin(with_origin):
    raw, _ = ask(with_origin, head("GET", "/api/users/me", "Origin: https://good.com", "Origin: https://evil.com"))
    assert "https://evil.com" not in str(raw.header_lines)
    assert raw.status in (400, 401)


# H22 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["is_active=false&is_active=true", "is_active=false&is_active=false",
                                   "is_active=false&is%5Factive=true", "is_active=true&is_active",
                                   "is_active=1&&is_active=0",
                                   "is_active=false;is_active=true&is_active=true"])
def test_H22_a_repeated_parameter_of_the_query_is_refused(server, member, keeper, query):
    with harmless(server):
        refused(server, head("POST", f"/api/auth/block_user/{member.id}?{query}",
                             f"Authorization: Bearer {keeper.access}"),
                (400, 422), closed=False)


@pytest.mark.parametrize("body", ["user%6eame={other}&username={email}&password={password}",
                                  "username={email}&user%6Eame={other}&password={password}",
                                  "username={email}&password={password}&pass%77ord=x",
                                  "username={email}&password={password}&password",
                                  "username={email}&password={password}&grant_type=password&grant%5ftype=x"])
def test_H22_a_repeated_field_is_400_however_it_is_spelled(server, member, body):
    data = body.format(email=member.email, password=member.password, other="other@example.com").encode()
    with harmless(server):
        refused(server, head("POST", "/api/auth/login", FORM, f"Content-Length: {len(data)}") + data, (400,),
                closed=False)


@pytest.mark.parametrize("query", ["username={email}", "password={password}", "user%6eame=x", "grant_type=password"])
def test_H22_a_field_in_query_and_body_is_400(server, member, query):
    data = f"grant_type=password&username={member.email}&password={member.password}".encode()
    target = "/api/auth/login?" + query.format(email=member.email, password=member.password)
    with harmless(server):
        refused(server, head("POST", target, FORM, f"Content-Length: {len(data)}") + data, (400,), closed=False)


# H23 ----------------------------------------------------------------------------------------------

SCRIPTS = ["<script>alert(1)</script>", "%3Cscript%3Ealert(1)%3C/script%3E", "\"><img/src=x/onerror=alert(1)>",
           "%22%3E%3Csvg/onload=alert(1)%3E", "'-alert(1)-'", "{{constructor.constructor('alert(1)')()}}"]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("method, target", [
    ("GET", "/{}"), ("GET", "/api/auth/{}"), ("GET", "/api/users/me?q={}"), ("GET", "/docs/{}"),
    ("PUT", "/api/auth/login?{}"),
    ("DELETE", "/api/auth/sessions/{}"), ("POST", "/api/auth/block_user/{}?is_active=1"),
    ("POST", "/api/auth/block_user/1?is_active={}"),
    ("GET", "/api/auth/confirmed_email/{}"), ("POST", "/api/auth/rejected_email/{}")])
def test_H23_what_was_asked_is_not_reflected_as_html(server, keeper, method, target, script):
    with harmless(server):
        raw, _ = one_answer(server, head(method, target.format(script), "Accept: text/html",
                                         f"Authorization: Bearer {keeper.access}",
                                         f"User-Agent: {script}", f"Referer: http://x/{script}", f"Origin: {script}"))
    answer = answer_of(raw)
    assert raw.status in (400, 401, 404, 405, 422) or (raw.status == 200 and "/me?" in target)
    for mark in ("<script", "<img", "<svg", "onerror=", "onload=", "constructor"):
        assert mark not in raw.text.lower()
    if answer.headers["Content-Type"].startswith("text/html"):
        assert "/confirmed_email/" in target or "/rejected_email/" in target
        assert_common_headers(answer)
    elif raw.status != 200:
        assert_problem(answer, raw.status)


# K08 ----------------------------------------------------------------------------------------------

BANNERS = re.compile(r"(?i)beast|boost|openssl|sqlite|latchkey/|libcurl|gcc|nlohmann|exception|terminate|std::|\.cpp|0x[0-9a-f]{6,}"
                     r"|/(usr|home|root|tmp|work|build)/|latchkey\.db")


@pytest.mark.parametrize("data, status", [
    (head("GET", "/healthz"), 200), (head("OPTIONS", "/api/auth/login"), 204), (b"nonsense\r\n\r\n", 400),
    (head("POST", "/api/auth/signup", JSON, "Content-Length: 1") + b"{", 400), (head("GET", "/api/users/me"), 401),
    (head("POST", "/api/auth/block_user/1?is_active=1", "Authorization: Bearer {access}"), 403),
    (head("GET", "/nothing"), 404),
    (head("PUT", "/healthz"), 405), (head("POST", "/api/auth/login", FORM, "Content-Length: 99999999"), 413),
    (head("POST", "/api/auth/login", "Content-Type: x/y", "Content-Length: 1") + b"x", 415),
    (head("POST", "/api/auth/login", FORM, "Content-Length: 1") + b"x", 422),
    (head("GET", "/healthz", "X: " + "a" * 100_000), 431),
], ids=lambda value: str(value) if isinstance(value, int) else "")
def test_K08_no_answer_names_what_the_server_is_made_of(server, member, data, status):
    raw, _ = ask(server, data.replace(b"{access}", member.access.encode()))
    assert raw.status == status
    assert raw.header("server") is None and raw.header("x-powered-by") is None and raw.header("via") is None
    assert not BANNERS.search(str(raw.header_lines) + raw.text), raw.text
    assert_common_headers(answer_of(raw))


@pytest.mark.parametrize("method, target", ACCESS_ROUTES + REFRESH_ROUTES)
def test_K08_a_401_gives_no_reason_away(server, member, method, target):
    bodies = set()
    for token in ("x", "a.b.c", member.access[:-4] + "AAAA", "e30.e30.AAAA", member.refresh[:-4] + "AAAA"):
        problem = server.request(method, target, bearer=token).json()
        problem.pop("request_id")
        bodies.add(str(problem))
    assert len(bodies) == 1, bodies


# What is wrong with a body, as its head or its end shows, and what is said of it to whoever may ask.
WRONG_BODIES = {
    "encoding": ([JSON, "Content-Encoding: gzip", "Content-Length: 2"], b"{}", 415),
    "type": (["Content-Type: application/xml", "Content-Length: 2"], b"{}", 415),
    "length": ([JSON, "Content-Length: 10000000"], b"", 413),
    "chunks": ([JSON, "Transfer-Encoding: chunked"], chunked(b" " * 70_000), 413),
}


@pytest.mark.parametrize("wrong", WRONG_BODIES)
@pytest.mark.parametrize("method, target", ACCESS_ROUTES)
def test_who_asks_is_judged_before_what_is_sent(server, keeper, member, method, target, wrong):
    lines, body, status = WRONG_BODIES[wrong]
    administration = "block_user" in target

    def sent_with(*more):
        return head(method, target, *lines, *more) + body

    def sent_by(token):
        return sent_with(f"Authorization: Bearer {token}")

    with harmless(server, besides=("audit",)):
        refused(server, sent_with(), (401,), closed=False)
        for token in ("x.y.z", member.refresh):
            refused(server, sent_by(token), (401,), closed=False)
        if administration:
            refused(server, sent_by(member.access), (403,), closed=False)
            refused(server, sent_by(keeper.access), (status,), closed=False)


@pytest.mark.parametrize("wrong", WRONG_BODIES)
def test_what_is_sent_where_no_body_is_read_is_not_judged_at_all(server, member, wrong):
    """A proxy that asks on behalf of another request (nginx's auth_request) passes on what that one's head said."""
    lines, body, _ = WRONG_BODIES[wrong]
    with harmless(server):
        for method, target in (("GET", "/api/users/me"), ("GET", "/api/auth/sessions"), ("GET", "/healthz")):
            raw, _ = one_answer(server, head(method, target, *lines, f"Authorization: Bearer {member.access}") + body)
            assert raw.status == 200
