"""What another site, another tab or a script makes a browser send: nothing of it is believed. Cookies and bearer tokens
are worth nothing where the other kind is asked for."""

import re

import pytest

from support import PASSWORD, nothing_changes
from support.pages import COOKIE, FORM_COOKIE, Visitor


@pytest.fixture
def account(server):
    return server.user()


@pytest.fixture
def signed_in(server, account):
    visitor = Visitor(server)
    visitor.sign_in(account)
    return visitor


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "SAME-ORIGIN"},
    {"Sec-Fetch-Site": None}, {"Sec-Fetch-Site": None, "Origin": "null"}, {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "PUBLIC"}])
def test_W20_a_form_from_another_site_changes_nothing(server, signed_in, headers):
    headers = {name: value and value.replace("PUBLIC", f"http://localhost:{server.port}") for name, value in headers.items()}
    signed_in.get("/account/profile")
    with nothing_changes(server):
        page = signed_in.send(username="somebody else", headers=headers)
    assert page.status == 403 and "another site" in page.text


def test_W20_a_browser_that_sends_no_sec_fetch_site_says_its_origin(server, signed_in):
    signed_in.get("/account/profile")
    page = signed_in.send(username="Old Browser", headers={"Sec-Fetch-Site": None, "Origin": f"http://localhost:{server.port}"})
    assert page.status == 200 and "Saved." in page.text


@pytest.mark.parametrize("token", [None, "", "x", "A" * 43, "OTHER", "VISITOR"])
def test_W21_a_form_without_the_right_token_changes_nothing(server, signed_in, token):
    stranger = Visitor(server)
    visitors = stranger.get("/sign-in").form()["fields"]["form_token"]
    other = server.user()
    stranger.sign_in(other)
    others = stranger.get("/account/profile").form()["fields"]["form_token"]
    token = {"OTHER": others, "VISITOR": visitors}.get(token, token)
    signed_in.get("/account/profile")
    with nothing_changes(server):
        page = signed_in.send(username="somebody else", form_token=token)
    assert page.status == 403 and "out of date" in page.text


def test_W21_the_sign_in_form_needs_the_cookie_that_it_came_with(server, account):
    visitor = Visitor(server)
    visitor.get("/sign-in")
    visitor.session.cookies.clear()
    with nothing_changes(server):
        page = visitor.send(username=account.email, password=PASSWORD)
    assert page.status == 403 and "out of date" in page.text and visitor.cookie(COOKIE) is None


def test_W21_a_stale_form_after_sign_in_in_another_tab(server, account):
    visitor = Visitor(server)
    stale = visitor.get("/sign-in").form()["fields"]
    visitor.send(username=account.email, password=PASSWORD)
    page = visitor.request("POST", "/sign-in", data={**stale, "username": account.email, "password": PASSWORD})
    assert page.status == 403 and 'href="?"' in page.text
    assert visitor.get("/sign-in").location == "./account"


def test_W10_two_cookies_of_one_name_are_none(server, signed_in):
    value = signed_in.cookie(COOKIE)
    signed_in.session.cookies.clear()
    page = signed_in.get("/account", headers={"Cookie": f"{COOKIE}={value}; {COOKIE}={value}"})
    assert page.status == 303 and page.location.startswith("./sign-in")
    assert signed_in.get("/account", headers={"Cookie": f"a=b; {COOKIE}={value}; c=d"}).status == 200


@pytest.mark.parametrize("change", [lambda value: value[:-1], lambda value: value + "A", lambda value: "A" * len(value), lambda _: "",
                                    lambda value: value[:20] + ("B" if value[20] == "A" else "A") + value[21:]])
def test_W10_a_made_up_cookie_opens_nothing(server, signed_in, change):
    value = change(signed_in.cookie(COOKIE))
    signed_in.session.cookies.clear()
    assert signed_in.get("/account", headers={"Cookie": f"{COOKIE}={value}"}).status == 303


def test_W22_no_json_route_reads_a_cookie(server, signed_in):
    cookies = {COOKIE: signed_in.cookie(COOKIE)}
    for path in ("/api/users/me", "/api/auth/sessions", "/api/users/me/export"):
        assert server.get(path, cookies=cookies).status_code == 401
        assert server.get(path, bearer=cookies[COOKIE]).status_code == 401
    assert server.get("/api/auth/refresh_token", bearer=cookies[COOKIE]).status_code == 401


def test_W22_no_page_reads_authorization(server, account):
    for path in ("/account", "/account/security", "/sudo"):
        response = server.get(path, bearer=account.access, check=False)
        assert (response.status_code, response.headers["Location"].split("?")[0].split("/")[-1]) == (303, "sign-in")


@pytest.mark.parametrize("public_url, taken", [
    ("https://id.example.com", True), ("http://localhost:8080", True), ("http://127.0.0.1:9000", True),
    ("http://id.example.com", False), ("http://192.168.1.7", False), ("http://localhost.example.com", False)])
def test_W25_pages_with_cookies_need_https(make_server, public_url, taken):
    server = make_server({"public_url": public_url})
    visitor = Visitor(server)
    page = visitor.get("/sign-in")
    assert page.status == (200 if taken else 403)
    if not taken:
        assert "needs https" in page.text and not page.response.headers.get("Set-Cookie")
    else:
        hsts = page.response.headers.get("Strict-Transport-Security")
        assert hsts == ("max-age=31536000" if public_url.startswith("https") else None)


def test_every_page_has_its_headers(server, signed_in):
    visitor = Visitor(server)
    for who, path in [(visitor, "/sign-in"), (visitor, "/sign-up"), (visitor, "/password/forgotten"), (signed_in, "/account"),
                      (signed_in, "/account/security"), (signed_in, "/account/sessions"), (visitor, "/account/nothing")]:
        headers = who.get(path).response.headers
        if path == "/account/nothing":
            continue
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
        assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy and "unsafe" not in policy
        assert headers["Referrer-Policy"] == "same-origin" and headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "publickey-credentials-get=(self)" in headers["Permissions-Policy"]


def test_a_page_and_all_that_it_loads_weighs_little(server, signed_in):
    visitor = Visitor(server)
    for who, path in [(visitor, "/sign-in"), (signed_in, "/account"), (signed_in, "/account/security")]:
        page = who.get(path)
        loaded = re.findall(r'(?:href|src)="[./]*(assets/[^"]+)"', page.text)
        total = len(page.text.encode()) + sum(len(server.get("/" + name, check=False).content) for name in loaded)
        assert loaded and total <= 30_000, (path, total)


def test_the_form_cookie_is_set_once(server):
    visitor = Visitor(server)
    visitor.get("/sign-in")
    assert visitor.cookie(FORM_COOKIE)
    assert "Set-Cookie" not in visitor.get("/sign-in").response.headers
