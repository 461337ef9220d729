"""The documents that the server makes of itself, and its health."""

import json
import re
import socket

import pytest

from support import Server, assert_problem
from support.links import followed

CONTRACT = {
    "/api/auth/signup": {"post"},
    "/api/auth/login": {"post"},
    "/api/auth/logout": {"post"},
    "/api/auth/refresh_token": {"get", "post"},
    "/api/auth/confirmed_email/{token}": {"get", "post"},
    "/api/auth/request_email": {"post"},
    "/api/auth/block_user/{user_id}": {"post"},
    "/api/users/me": {"get"},
    "/api/auth/sessions": {"get"},
    "/api/auth/sessions/{id}": {"delete"},
    "/api/auth/logout_all": {"post"},
}


@pytest.fixture
def openapi(server):
    response = server.get("/openapi.json", cacheable=True)
    assert response.status_code == 200
    assert response.headers["Content-Type"].split(";")[0] in ("application/json", "application/vnd.oai.openapi+json")
    return response.json()


def test_openapi_is_version_3_1_and_names_every_route_of_the_contract(openapi):
    assert re.fullmatch(r"3\.1\.\d+", openapi["openapi"])
    assert openapi["info"]["title"] and openapi["info"]["version"]
    described = {re.sub(r"\{[^}]*\}", "{}", path): set(item) for path, item in openapi["paths"].items()}
    for path, methods in CONTRACT.items():
        assert methods <= described.get(re.sub(r"\{[^}]*\}", "{}", path), set()), path


def test_openapi_says_which_routes_want_a_token(openapi):
    schemes = openapi["components"]["securitySchemes"]
    assert any(scheme["type"] == "http" and scheme["scheme"].lower() == "bearer" for scheme in schemes.values())

    def wants_token(path, method):
        operation = openapi["paths"][path][method]
        return bool(operation.get("security", openapi.get("security")))

    assert wants_token("/api/users/me", "get") and wants_token("/api/auth/logout", "post")
    assert not wants_token("/api/auth/signup", "post") and not wants_token("/api/auth/login", "post")


@pytest.mark.parametrize("path, method, statuses", [
    ("/api/auth/signup", "post", {"201", "409", "422"}),
    ("/api/auth/login", "post", {"200", "401", "403", "422", "429", "503"}),
    ("/api/auth/logout", "post", {"200", "401"}),
    ("/api/auth/refresh_token", "get", {"200", "401"}),
    ("/api/auth/confirmed_email/{token}", "get", {"200", "400"}),
    ("/api/auth/request_email", "post", {"200", "422"}),
    ("/api/auth/block_user/{user_id}", "post", {"200", "401", "403", "404", "409", "422"}),
    ("/api/users/me", "get", {"200", "401"}),
])
def test_openapi_lists_the_answers_of_a_route(openapi, path, method, statuses):
    assert statuses <= set(openapi["paths"][path][method]["responses"])


def test_the_command_prints_the_served_document(server, openapi):
    assert json.loads(server.cli_ok("openapi")) == openapi


@pytest.mark.parametrize("url", ["https://shop.example/konto/auth", "http://auth.intranet.example:8080", None])
def test_F10_openapi_names_the_server_where_clients_find_it(make_server, url):
    """Behind a proxy that takes a path off, a generated client would ask the wrong path by any relative one."""
    server = make_server({"public_url": url})
    document = server.get("/openapi.json", cacheable=True).json()
    assert document["servers"] == [{"url": url or server.public_url}]
    assert json.loads(server.cli_ok("openapi")) == document


@pytest.mark.parametrize("path", ["/docs", "/docs/", "//docs", "/docs//"])
def test_docs_links_to_the_document_however_its_path_was_written(server, path):
    page = server.get(path, cacheable=True).text
    link, = re.findall(r'href="([^"#]*openapi.json)"', page)
    there = followed("/konto/auth" + path, link)
    assert there.startswith("/konto/auth/")
    assert server.get(there.removeprefix("/konto/auth"), cacheable=True).json()["openapi"]


def test_docs_is_a_page_that_loads_nothing_from_elsewhere(server):
    response = server.get("/docs", cacheable=True)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    page = response.text
    assert 'href="./openapi.json"' in page, "without a script the page says where the description is"
    assert not re.search(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//", page)
    assert not re.search(r"<(style|script)>|\son\w+\s*=|\sstyle\s*=", page), "nothing that the policy forbids"
    csp = response.headers["Content-Security-Policy"]
    assert "http" not in csp
    policy = {part.split()[0]: part.split()[1:] for part in csp.split(";")}
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == ["'self'"]
    assert policy["require-trusted-types-for"] == ["'script'"]


def test_what_the_docs_load_may_be_kept_for_ever(server):
    page = server.get("/docs", cacheable=True).text
    assets = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page)
    assert len(assets) == 3
    for path in assets:
        response = server.get("/" + path, cacheable=True)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Content-Type"] == ("text/javascript; charset=utf-8" if path.endswith(".js")
                                                    else "text/css; charset=utf-8")
        assert server.request("HEAD", "/" + path, cacheable=True).status_code == 200
        other = re.sub(r"\.[0-9a-f]{16}\.", ".0123456789abcdef.", path)
        assert server.get("/" + other).text == response.text, "asked for by the page of another version: not to be kept"
    script = next(path for path in assets if path.endswith(".js"))
    assert len(server.get("/" + script, cacheable=True).content) <= 10 * 1024


@pytest.mark.parametrize("name", ["x", "latchkey.css", "latchkey.0123456789abcdef.html", "..%2flayout.html", "%2e%2e"])
def test_there_are_no_other_assets(server, name):
    assert server.get("/assets/" + name).status_code in (400, 404)


def test_openapi_says_the_codes_of_every_refusal(openapi):
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                assert (int(status) >= 400) == bool(answer.get("x-codes")), f"{method} {path} {status}"
                assert all(sentence and "`" not in code for code, sentence in answer.get("x-codes", {}).items())


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_healthy_server_says_so(server, path):
    response = server.get(path)
    assert response.status_code == 200


def test_metrics_are_never_on_the_public_listener(server):
    assert_problem(server.get("/metrics"), 404)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_the_management_listener_has_health_and_metrics_and_nothing_else(make_server):
    port = free_port()
    server = make_server({"management_listen": f"127.0.0.1:{port}"})
    account = server.user()
    assert_problem(server.get("/metrics"), 404)
    public, server.port = server.port, port
    try:
        metrics = server.get("/metrics", check=False)
        assert metrics.status_code == 200
        assert metrics.headers["Content-Type"].startswith("text/plain")
        assert re.search(r"^# (HELP|TYPE) ", metrics.text, re.M)
        assert account.email not in metrics.text and account.access not in metrics.text
        assert server.get("/healthz", check=False).status_code == 200
        assert server.get("/readyz", check=False).status_code == 200
        for path in ("/api/users/me", "/api/auth/login", "/openapi.json", "/docs", "/.well-known/jwks.json"):
            assert server.get(path, bearer=account.access, check=False).status_code == 404
    finally:
        server.port = public


def test_health_needs_no_settings_of_mail_or_administrator(make_server):
    server = make_server(admin=False)
    assert server.get("/readyz").status_code == 200


def test_no_administrator_can_be_made_over_the_network(make_server):
    server = make_server(admin=False)
    for path in ("/setup", "/api/setup", "/api/admin", "/api/auth/setup", "/api/users", "/api/auth/register"):
        assert_problem(server.post(path, json={"role": "admin"}), 404)
    account = server.user()
    assert account.me().json()["role"] == "user"
    server.wait_log("user add|admin.email")  # how to make the first one
