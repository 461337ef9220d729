"""Cross-origin requests: refused by default, named origins by a setting."""

import pytest

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
def test_a_preflight_is_answered_with_the_names_that_it_asks_for(open_server, asked):
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
