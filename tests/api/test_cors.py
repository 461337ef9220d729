"""Cross-origin requests: refused by default, named origins by a setting."""

import re

import pytest
import requests

from support import Server, exchange, request_bytes

HEADERS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
           "Access-Control-Allow-Headers")
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, authorization"}


@pytest.fixture(scope="module")
def open_server():
    with Server({"http.cors_origins": "https://app.example.com,http://localhost:3000"}) as server:
        yield server


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.com"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_origin_is_allowed_by_default(server, method, origin):
    response = server.request(method, "/api/auth/login", headers={"Origin": origin} | PREFLIGHT)
    assert not any(header in response.headers for header in HEADERS)


@pytest.mark.parametrize("origin", ["https://app.example.com", "http://localhost:3000"])
def test_a_named_origin_is_allowed(open_server, origin):
    response = open_server.get("/api/users/me", headers={"Origin": origin})
    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert "origin" in response.headers["Vary"].lower()
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_preflight_of_a_named_origin_names_methods_and_headers(open_server):
    response = open_server.request("OPTIONS", "/api/auth/login", headers={"Origin": "https://app.example.com"} | PREFLIGHT)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed


@pytest.mark.parametrize("asked", ["content-type,sentry-trace,baggage,traceparent,x-requested-with", "authorization",
                                   "a," * 63 + "a", "X-CSRF-Token , x-b3-traceid"])
def test_F12_a_preflight_is_answered_with_the_names_that_it_asks_for(open_server, asked):
    """What error reporting (Sentry), tracing (OpenTelemetry) and front-ends add to each request."""
    response = open_server.request("OPTIONS", "/api/auth/login", headers={
        "Origin": "https://app.example.com", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked})
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert (response.headers["Access-Control-Allow-Headers"].split(", ") == [name.strip() for name in asked.split(",")])
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("asked", ["x y", "x;q=1", '"x"', "x:y", "content-type, bad name", "<script>", "x\xe9", "a," * 64 + "a"])
def test_a_preflight_that_asks_for_what_is_no_name_gets_nothing_of_it(open_server, asked):
    response, _ = exchange(open_server, request_bytes("OPTIONS", "/api/auth/login", {
        "Origin": "https://app.example.com", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked}))
    assert response.status == 204
    assert response.header("Access-Control-Allow-Headers") == "Authorization, Content-Type"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.com.evil.example",
                                    "https://sub.app.example.com", "https://appXexample.com", "http://app.example.com",
                                    "https://app.example.com:8443", "https://app.example.com/", "HTTPS://APP.EXAMPLE.COM",
                                    "http://localhost:30001", ""])
def test_any_other_origin_is_not_allowed(open_server, origin):
    for method in ("GET", "POST", "OPTIONS"):
        response = open_server.request(method, "/api/auth/login", headers={"Origin": origin} | PREFLIGHT)
        assert "Access-Control-Allow-Origin" not in response.headers


# Schemes of programs that are no websites, and names with other letters -----------------------------


@pytest.fixture(scope="module")
def programs_server():
    origins = ["capacitor://localhost", "tauri://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "app://.",
               "https://bücher.example"]
    with Server({"http.cors_origins": ",".join(origins)}) as server:
        yield server


@pytest.mark.parametrize("origin", ["capacitor://localhost", "tauri://localhost", "app://.", "https://xn--bcher-kva.example",
                                    "chrome-extension://abcdefghijklmnopabcdefghijklmnop"])
def test_F09_an_origin_of_any_scheme_is_allowed(programs_server, origin):
    response = programs_server.get("/api/users/me", headers={"Origin": origin})
    assert response.headers["Access-Control-Allow-Origin"] == origin
    preflight = programs_server.request("OPTIONS", "/api/auth/login", headers={"Origin": origin} | PREFLIGHT)
    assert preflight.status_code == 204 and preflight.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("origin", ["https://localhost", "http://localhost", "capacitor://localhost:80", "tauri://tauri.localhost",
                                    "chrome-extension://bbcdefghijklmnopabcdefghijklmnop", "app://x", "null", "file://",
                                    "https://bucher.example"])
def test_another_scheme_or_name_is_another_origin(programs_server, origin):
    for method in ("GET", "OPTIONS"):
        response = programs_server.request(method, "/api/auth/login", headers={"Origin": origin} | PREFLIGHT)
        assert "Access-Control-Allow-Origin" not in response.headers


# Every origin ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def public_server():
    with Server({"http.cors_origins": "*", "management_listen": "127.0.0.1:0"}) as server:
        yield server


@pytest.mark.parametrize("origin", ["https://evil.example", "capacitor://localhost", "null"])
def test_F83_every_origin_can_be_allowed_and_never_with_credentials(public_server, origin):
    preflight = public_server.request("OPTIONS", "/api/users/me", headers={"Origin": origin} | PREFLIGHT)
    assert preflight.status_code == 204
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower(), "a star would not stand for it"
    user = public_server.user()
    answer = public_server.get("/api/users/me", headers={"Origin": origin, "Authorization": f"Bearer {user.access}"})
    refusal = public_server.get("/api/users/me", headers={"Origin": origin})
    assert (answer.status_code, refusal.status_code) == (200, 401)
    for response in (preflight, answer, refusal):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "origin" not in response.headers.get("Vary", "").lower(), "the answer is the same for all"


def test_an_answer_that_a_cache_may_keep_says_it_to_everybody(public_server):
    response = public_server.get("/.well-known/jwks.json", cacheable=True)
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_metrics_are_for_no_page(public_server):
    address = public_server.wait(lambda: re.findall(r"server\.management address=(\S+)", public_server.stderr), "its address")[-1]
    for path in ("/metrics", "/healthz"):
        response = requests.get(address + path, headers={"Origin": "https://evil.example"}, timeout=60)
        assert response.status_code == 200
        assert not any(header in response.headers for header in HEADERS)
