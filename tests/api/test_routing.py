"""How a path and a method find their route, or do not."""

import time
from email.utils import parsedate_to_datetime

import pytest

from support import RawConnection, assert_denial, assert_problem, exchange, request_bytes
from support.routes import list_routes

def methods_by_path() -> list[tuple[str, set[str]]]:
    """Path, and the methods that openapi.json names, from the program's own list."""
    methods: dict[str, set[str]] = {}
    for route in list_routes():
        methods.setdefault(route.path, set()).add(route.method)
    return sorted(methods.items())


ROUTES = methods_by_path()
PAGES = {route.path for route in list_routes() if route.is_page}
STATIC = ("/.well-known/jwks.json", "/openapi.json", "/docs")
# GET has an effect here, so HEAD must not stand in for it.
NO_HEAD = ("/api/auth/refresh_token", "/api/auth/confirmed_email")


def allowed(response) -> set[str]:
    return {method.strip() for method in response.headers["Allow"].split(",")} - {"OPTIONS"}


def expected(path: str, methods: set[str], got: set[str]) -> bool:
    head = {"HEAD"} if "GET" in methods and not path.startswith(NO_HEAD) else set()
    return got == methods | head


@pytest.mark.parametrize("method, path, methods", [
    (method, path, methods) for path, methods in ROUTES
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if method not in methods])
def test_a_method_that_the_route_lacks_is_405_with_allow(server, method, path, methods):
    response = server.request(method, path, cacheable=path in STATIC)
    assert_denial(response, 405)
    assert response.headers["Content-Type"].startswith("text/html") == (path in PAGES)
    assert expected(path, methods, allowed(response)), response.headers["Allow"]


@pytest.mark.parametrize("path, methods", ROUTES)
def test_options_is_204_with_allow(server, path, methods):
    response = server.request("OPTIONS", path, cacheable=path in STATIC)
    assert response.status_code == 204
    assert response.content == b""
    assert expected(path, methods, allowed(response)), response.headers["Allow"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api", "/api/auth", "/api/auth/nothing", "/api/users", "/api/users/1",
                                  "/metrics", "/api/auth/block_user", "/api/auth/confirmed_email",
                                  "/api/auth/sessions/a/b"])
def test_an_unknown_path_is_404_whatever_the_method(server, method, path):
    response = server.request(method, path)
    assert response.status_code == 404
    if method != "HEAD":
        assert_problem(response, 404)


@pytest.mark.parametrize("path", ["/API/users/me", "/api/Users/me", "/api/users/me/../me", "/api/users/./me",
                                  "/api/users/%2e%2e/users/me", "/api%2fusers%2fme", "/api/users%2Fme",
                                  "/api/users/%256de", "/api/users/me%00", "/api/users/me;x=1", "/api\\users\\me"])
def test_nothing_but_slashes_is_folded_in_a_path(server, user, path):
    response, _ = exchange(server, request_bytes("GET", path, {"Authorization": f"Bearer {user.access}"}))
    assert response.status in (400, 404), response.text


@pytest.mark.parametrize("path", ["/api/users/me", "/api/users/me/", "/api//users/me", "//api/users/me",
                                  "//api//users//me/"])
def test_doubled_slashes_and_one_trailing_slash_are_folded(server, user, path):
    response, _ = exchange(server, request_bytes("GET", path, {"Authorization": f"Bearer {user.access}"}))
    assert response.status == 200
    assert response.json()["email"] == user.email


def test_a_folded_path_is_served_in_place_and_not_redirected(server):
    response = server.post("/api/auth//login/", data={"username": "nobody@example.com", "password": "whatever-it-is"})
    assert_problem(response, 401, "invalid_credentials")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/.well-known/jwks.json", "/openapi.json", "/docs",
                                  "/api/users/me", "/api/auth/sessions"])
def test_head_answers_the_head_of_get_and_no_body(server, user, path):
    cacheable = path in STATIC
    get = server.get(path, bearer=user.access, cacheable=cacheable)
    head = server.request("HEAD", path, bearer=user.access, cacheable=cacheable)
    assert (get.status_code, head.status_code) == (200, 200)
    assert head.content == b""
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers.get("Content-Length", get.headers["Content-Length"]) == get.headers["Content-Length"]


def test_head_of_a_route_whose_get_has_an_effect_is_405_and_has_none(server, user):
    response = server.request("HEAD", "/api/auth/refresh_token", bearer=user.refresh)
    assert response.status_code == 405
    assert "HEAD" not in allowed(response)
    assert user.try_refresh().status_code == 200


@pytest.mark.parametrize("method", ["FOO", "post", "TRACE", "CONNECT", "PROPFIND"])
def test_a_strange_method_is_refused(server, method):
    response, _ = exchange(server, request_bytes(method, "/api/auth/login"))
    assert response.status in (400, 405, 501)
    assert b"Authorization" not in response.body


def test_a_method_override_header_is_ignored(server, user):
    response = server.get("/api/users/me", bearer=user.access, headers={"X-HTTP-Method-Override": "DELETE"})
    assert response.status_code == 200


def test_a_query_does_not_change_the_route(server, user):
    assert server.get("/api/users/me?verbose=1", bearer=user.access).json()["email"] == user.email
    assert server.get("/healthz?x=/api/users/me").status_code == 200


def test_requests_of_one_connection_are_answered_in_order(server, user):
    me = request_bytes("GET", "/api/users/me", {"Authorization": f"Bearer {user.access}"})
    other = request_bytes("GET", "/api/auth/nothing")
    with RawConnection(server) as connection:
        connection.send((me + other) * 20)
        for _ in range(20):
            assert connection.read_response().json()["email"] == user.email
            assert connection.read_response().status == 404
        assert connection.is_open()


def test_a_chunked_body_is_read(server, user):
    form = f"username={user.email}&password={user.password}".encode()
    body = b"".join(b"%x\r\n%s\r\n" % (len(form[i:i + 7]), form[i:i + 7]) for i in range(0, len(form), 7)) + b"0\r\n\r\n"
    head = request_bytes("POST", "/api/auth/login", {"Content-Type": "application/x-www-form-urlencoded",
                                                     "Transfer-Encoding": "chunked"})
    response, closed = exchange(server, head + body)
    assert response.status == 200, response.text
    assert not closed


def test_expect_100_continue_is_answered_before_the_body_comes(server, user):
    form = f"username={user.email}&password={user.password}".encode()
    with RawConnection(server) as connection:
        connection.send(request_bytes("POST", "/api/auth/login", {
            "Content-Type": "application/x-www-form-urlencoded", "Expect": "100-continue",
            "Content-Length": str(len(form))}))
        connection._until(b"\r\n\r\n")  # the interim response
        connection.send(form)
        assert connection.read_response().status == 200


def test_connection_close_is_obeyed(server):
    response, closed = exchange(server, request_bytes("GET", "/healthz", {"Connection": "close"}))
    assert (response.status, closed) == (200, True)
    assert (response.header("connection") or "").lower() == "close"


def test_the_request_id_is_made_by_the_server_and_differs_each_time(server):
    ids = set()
    for _ in range(5):
        response = server.get("/healthz", headers={"X-Request-Id": "chosen-by-the-client"})
        ids.add(response.headers["X-Request-Id"])
    assert len(ids) == 5
    assert "chosen-by-the-client" not in ids


@pytest.mark.parametrize("accept", ["text/html", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "image/png"])
def test_errors_are_problem_documents_whatever_is_accepted(server, accept):
    assert_problem(server.get("/api/auth/<script>alert(1)</script>", headers={"Accept": accept}), 404)
    assert_problem(server.get("/api/users/me", headers={"Accept": accept}), 401)


def test_the_date_of_a_kept_connection_goes_with_the_clock(server):
    with RawConnection(server) as connection:
        dates = []
        for _ in range(3):
            before = int(time.time())
            connection.send(request_bytes("GET", "/healthz"))
            date = parsedate_to_datetime(connection.read_response().header("date")).timestamp()
            assert before - 1 <= date <= time.time()
            dates.append(date)
            time.sleep(1.1)
        assert dates == sorted(set(dates))
