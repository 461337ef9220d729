"""GET /welcome, where newcomers begin, and the way there from /."""

import pytest

from support import nothing_changes
from support.newcomers import FROM_ELSEWHERE, HTML, ask, assert_unknown


@pytest.fixture(scope="module")
def fresh():
    from support import Server

    with Server(admin=False) as server:
        yield server


def test_F62_the_root_leads_newcomers_to_where_they_begin(make_server):
    server = make_server(admin=False)
    with nothing_changes(server):
        root = server.get("/", headers=HTML)
        assert root.status_code == 303 and root.headers["Location"].endswith("/welcome")
        page = server.get("/welcome", headers=HTML)
    assert page.status_code == 200
    for path in ("sign-up", "mailbox", "docs"):
        assert f'href="./{path}"' in page.text
    assert "no administrator yet" in page.text and "first-administrator" not in page.text, "the link stands at the terminal alone"
    server.signup()
    assert server.get("/", headers=HTML).headers["Location"].endswith("/sign-in"), "there is an account now"


def test_with_an_administrator_and_without_sign_up_the_page_says_less(make_server):
    server = make_server({"accounts.sign_up": "off"})
    page = server.get("/welcome", headers=HTML)
    assert page.status_code == 200 and "sign-up" not in page.text and "no administrator yet" not in page.text


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_H30_to_everybody_else_it_is_a_path_that_nobody_knows(fresh, headers):
    assert_unknown(fresh, "/welcome", headers)
    root = ask(fresh, "GET", "/", headers)
    assert root.status == 303 and not root.header("Location").endswith("/welcome")


@pytest.mark.parametrize("settings", [{"public_url": "https://auth.example.com"}, {"listen": "0.0.0.0:0", "public_url": "http://localhost:1"}], ids=str)
def test_H30_a_real_server_has_no_such_page(make_server, settings):
    server = make_server(settings, admin=False)
    assert_unknown(server, "/welcome")
    assert not server.get("/", headers=HTML).headers["Location"].endswith("/welcome")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_F62_there_is_an_icon(server, method):
    icon = server.request(method, "/favicon.ico", cacheable=True)
    assert icon.status_code == 200 and icon.headers["Content-Type"] == "image/svg+xml"
    assert method == "HEAD" or icon.text.startswith("<svg")
