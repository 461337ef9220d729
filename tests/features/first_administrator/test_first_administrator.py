"""/first-administrator/{token}: the one-time link that a newcomer finds at the terminal."""

import re

import pytest

from support import PASSWORD, SmtpSink, at_once, nothing_changes, unique_email
from support.newcomers import FROM_ELSEWHERE, HTML, ask, assert_unknown

OWN_PAGE = {**HTML, "Sec-Fetch-Site": "same-origin"}


def links(server) -> list[str]:
    """The paths of all links that were shown, of each start."""
    return re.findall(r"^    http://localhost:\d+(/first-administrator/\S+)$", server.stderr, re.M)


def wait_link(server, count: int = 1) -> str:
    return server.wait(lambda: (shown := links(server)) and len(shown) == count and shown, "the link at the terminal")[-1]


@pytest.fixture
def newcomer(make_server):
    """Somebody's first start, at a terminal."""
    server = make_server(admin=False, terminal=True)
    server.link = wait_link(server)
    return server


def form(email: str | None = None, username: str = "Ada", password: str = PASSWORD) -> dict[str, str]:
    return {"email": email or unique_email("first"), "username": username, "password": password}


def send(server, path: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None):
    return server.post(path, data=fields or form(), headers=OWN_PAGE if headers is None else headers)


def administrators(server) -> list[tuple]:
    with server.db() as db:
        return db.execute("SELECT email, confirmed, is_active FROM users WHERE role = 'admin' ORDER BY id").fetchall()


def test_F62_the_link_makes_an_administrator_who_can_sign_in_at_once(newcomer):
    page = newcomer.get(newcomer.link, headers=HTML)
    assert page.status_code == 200 and 'autocomplete="new-password"' in page.text
    assert newcomer.request("HEAD", newcomer.link).status_code == 200
    assert administrators(newcomer) == []
    fields = form()
    made = send(newcomer, newcomer.link, fields)
    assert made.status_code == 200 and fields["email"] in made.text
    assert [(email, bool(confirmed), bool(active)) for email, confirmed, active in administrators(newcomer)] == [(fields["email"], True, True)]
    tokens = newcomer.post("/api/auth/login", data={"username": fields["email"], "password": PASSWORD}).json()
    other = newcomer.signup()
    assert newcomer.post(f"/api/auth/block_user/{other.id}", bearer=tokens["access_token"], json={"is_active": False}).status_code == 200


def test_A05_it_works_once(newcomer):
    assert send(newcomer, newcomer.link).status_code == 200
    with nothing_changes(newcomer):
        for response in (send(newcomer, newcomer.link), newcomer.get(newcomer.link, headers=HTML)):
            assert response.status_code == 404 and "administrator already" in response.text and "<form" not in response.text


def test_A05_many_at_once_make_one(newcomer):
    answers = at_once(lambda: send(newcomer, newcomer.link), times=12)
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 11
    assert len(administrators(newcomer)) == 1


def test_A05_it_ends_with_an_administrator_who_was_made_in_another_way(newcomer):
    newcomer.cli_ok("user", "add", "--email", "first@example.com", "--username", "first", "--role", "admin", "--confirmed", "--password-stdin",
                    input=PASSWORD)
    with nothing_changes(newcomer):
        assert send(newcomer, newcomer.link).status_code == 404
        assert newcomer.get(newcomer.link, headers=HTML).status_code == 404


def test_A05_each_start_has_another_one_until_there_is_an_administrator(newcomer):
    newcomer.restart()
    link = wait_link(newcomer, 2)
    assert link != newcomer.link
    with nothing_changes(newcomer):
        former = send(newcomer, newcomer.link)
    assert former.status_code == 404 and "new link" in former.text
    assert send(newcomer, link).status_code == 200
    newcomer.restart()
    newcomer.wait(lambda: newcomer.stderr.count("is running.") == 3, "the block of the third start")
    assert len(links(newcomer)) == 2


@pytest.mark.parametrize("path", ["", "x", "%2e%2e", "A" * 43, "A" * 6000, "%00"])
def test_A05_no_other_token_opens_anything(newcomer, path):
    with nothing_changes(newcomer):
        for response in (newcomer.get("/first-administrator/" + path, headers=HTML), send(newcomer, "/first-administrator/" + path)):
            assert response.status_code in (400, 404)


@pytest.mark.parametrize("fields, wrong", [
    (form("no address"), "email"), (form(username="x"), "name"), (form(password="password123"), "new-password"), (form(password=""), "new-password"),
    ({"email": "ada@example.com"}, "name"),
], ids=["address", "name", "common password", "no password", "fields missing"])
def test_what_is_wrong_brings_the_form_back_and_the_link_stays_good(newcomer, fields, wrong):
    with nothing_changes(newcomer):
        response = send(newcomer, newcomer.link, fields)
    assert response.status_code == 422 and 'role="alert"' in response.text
    assert re.search(rf'id="{wrong}"[^>]* aria-invalid="true"', response.text)
    assert not fields.get("password") or fields["password"] not in response.text
    assert send(newcomer, newcomer.link).status_code == 200


def test_an_account_that_is_there_is_not_made_an_administrator(newcomer):
    account = newcomer.confirmed()
    with nothing_changes(newcomer):
        response = send(newcomer, newcomer.link, form(account.email))
    assert response.status_code == 409 and "<form" in response.text
    assert administrators(newcomer) == []
    assert send(newcomer, newcomer.link).status_code == 200


# Who may send the form ----------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": ""},
    {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": "http://localhost"}, {"Origin": "http://localhost:1"},
    {"Origin": "https://localhost:{port}"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:{port}"},
], ids=str)
def test_H32_no_other_page_sends_the_form(newcomer, headers):
    body = "&".join(f"{name}={value}" for name, value in form().items()).replace("@", "%40").encode()
    with nothing_changes(newcomer):
        response = ask(newcomer, "POST", newcomer.link, {"Content-Type": "application/x-www-form-urlencoded", **headers}, body)
    assert response.status == 403, response.text
    assert newcomer.get(newcomer.link, headers=HTML).status_code == 200


def test_a_browser_that_tells_the_origin_alone_sends_it(newcomer):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost:{port}"}
    body = b"email=ada%40example.com&username=Ada&password=" + PASSWORD.encode()
    assert ask(newcomer, "POST", newcomer.link, headers, body).status == 200


# Where it exists ----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_H30_to_everybody_else_it_is_a_path_that_nobody_knows(newcomer, headers):
    with nothing_changes(newcomer):
        assert_unknown(newcomer, newcomer.link, headers)
        body = b"email=ada%40example.com&username=Ada&password=" + PASSWORD.encode()
        sent = ask(newcomer, "POST", newcomer.link, {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", **headers}, body)
        assert sent.status == 404
    assert newcomer.get(newcomer.link, headers=HTML).status_code == 200, "the link is as good as before"


@pytest.mark.parametrize("settings", [{"public_url": "https://auth.example.com"}, {"listen": "0.0.0.0:0"}, {"mail.smtp_url": None}], ids=str)
def test_A05_a_real_server_shows_no_link_and_has_no_such_page(make_server, settings):
    with SmtpSink() as sink:
        if "mail.smtp_url" in settings:
            settings = {"mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "a@example.com"}
        server = make_server(settings, admin=False, terminal=True)
        server.wait_log("Latchkey .* is running")
        assert links(server) == [] and "mailbox" not in server.stderr
        assert_unknown(server, "/first-administrator/" + "A" * 43)
        server.stop()


def test_A05_without_a_terminal_there_is_no_link(make_server):
    server = make_server(admin=False)
    assert "administrator.missing" in server.wait_log("administrator.missing")
    assert "first-administrator" not in server.stderr and "is running." not in server.stderr
    assert send(server, "/first-administrator/" + "A" * 43).status_code == 404


def test_A05_the_token_stands_at_the_terminal_once_and_nowhere_else(make_server):
    server = make_server({"log.level": "debug"}, admin=False, terminal=True)
    link = wait_link(server)
    token = link.rsplit("/", 1)[1]
    assert server.get(link, headers=HTML).text.count(token) == 0
    send(server, link, form("no address"))
    made = send(server, link)
    assert made.status_code == 200 and token not in made.text
    send(server, link)
    server.wait(lambda: len(re.findall(r"http\.request.*route=/first-administrator/\{token\}", server.stderr)) >= 4, "four requests in the log")
    assert server.stderr.count(token) == 1
    assert token not in server.stdout_path.read_text()
    with server.db() as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() if not server.database else []:
            assert token not in str(db.execute(f"SELECT * FROM {table}").fetchall())
        assert db.execute("SELECT actor, result FROM audit WHERE event = 'user_added'").fetchall() == [("operator", "ok")]
    server.stop()
    for path in server.data_dir.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes(), path
