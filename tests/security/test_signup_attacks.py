"""S: taking an address that is not yours, or making one address look like another."""

import unicodedata

import pytest

from probes import COUNTED, harmless
from support import PASSWORD, Account, Server, assert_problem, at_once, unique_email
from support.checks import error_fields

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def signup(server, email: str, **more):
    return server.post("/api/auth/signup", json={"email": email, "username": "new_user", "password": PASSWORD} | more)


def addresses(server) -> list[tuple]:
    with server.db() as db:
        return db.execute("SELECT email, email_key FROM users").fetchall()


# S02, S03, S04, M10 -------------------------------------------------------------------------------


LOOKALIKES = [("@", "\uff20"), ("k", "\u212a"), ("i", "\u0131"), ("i", "\u0130"), ("s", "\u017f"), ("a", "\u0430"),
              ("a", "\uff41"),
              ("e", "e\u0301"), ("e", "\u00e9"), ("m", "m\u200b"), ("m", "m\u200d"), ("m", "m\u00ad"), ("m", "\u202em"),
              ("m", "m\ufeff"), ("fi", "\ufb01")]


@pytest.mark.parametrize("plain, strange", LOOKALIKES, ids=[ascii(strange) for _, strange in LOOKALIKES])
def test_S03_a_lookalike_local_part_is_no_way_to_the_account(server, plain, strange):
    account = server.confirmed(unique_email("mika.sifikes"))
    local, domain = account.email.split("@")
    # Wherever it stands in the local part; for the at sign, in its place.
    lookalike = local + strange + domain if plain == "@" else local.replace(plain, strange, 1) + "@" + domain
    assert lookalike != account.email
    mails = len(server.mails(account.email))
    with harmless(server, besides=COUNTED):
        problem = assert_problem(signup(server, lookalike), 422, "validation_failed")
        assert error_fields(problem) == {"body.email"}
        response = server.post("/api/auth/request_email", json={"email": lookalike})
        assert response.status_code == 422 or "already" not in response.text
        response = server.post("/api/auth/login", data={"username": lookalike, "password": PASSWORD})
        assert response.status_code in (401, 422)
    assert len(server.mails_settled(account.email)) == mails
    account.login()


@pytest.mark.parametrize("spelled", [
    "bücher-{}.example.com", "BÜCHER-{}.EXAMPLE.COM", "bu\u0308cher-{}.example.com", "bücher-{}\uff0eexample\u3002com",
    "\uff42ücher-{}.example.com", "bücher-{}.example.com.", "b\u00adücher-{}.example.com",
    "bu\u0308cher-{}.eXample.com"], ids=ascii)
def test_S03_spellings_of_a_unicode_domain_never_make_a_second_account(server, spelled):
    stem = unique_email().split("@")[0].rsplit(".", 1)[1]
    local = unique_email("idn").split("@")[0]
    first = signup(server, f"{local}@bücher-{stem}.example.com")
    assert first.status_code == 201
    stored = first.json()["email"]
    assert stored.isascii() and "@xn--" in stored
    for domain in (spelled.format(stem), stored.split("@")[1], stored.split("@")[1].upper()):
        with harmless(server):
            response = signup(server, f"{local}@{domain}")
            assert response.status_code in (409, 422), (domain, response.text)
    mail, = server.wait_mail(stored)
    assert mail.to == stored


@pytest.mark.parametrize("domain", ["xn--.example.com", "xn--a.example.com", "xn--\u00fc.example.com",
                                    "xn--ls8h.example.com", "a\u200db.example.com",
                                    "☃.example.com", "-a.example.com", "a-.example.com", "a..example.com",
                                    ".example.com", "a_b.example.com",
                                    "ex ample.com", "example.com\u0000", "exa\u2024mple.com", "\u05d0a.example.com",
                                    "a" * 64 + ".example.com",
                                    "xn--nxasmq6b\u0301.example.com", "%65xample.com", "example.com/", "example.com:25",
                                    "user@example.com",
                                    "[127.0.0.1]", "[IPv6:::1]", "127.0.0.1", "1", "localhost", "com",
                                    "\u2100.example.com"], ids=ascii)
def test_S03_a_domain_that_is_none_is_422(server, domain):
    with harmless(server):
        assert_problem(signup(server, f"someone@{domain}"), 422, "validation_failed")


def test_S02_canonical_addresses_are_unique_whatever_was_tried(server):
    email = unique_email("Case.Folding")
    signup(server, email)
    for spelled in (email.upper(), email.lower(), email.swapcase(), f" {email}", f"{email}\t", f"\r\n{email}\n",
                    unicodedata.normalize("NFKC", email)):
        response = signup(server, spelled)
        assert response.status_code in (409, 422)
    keys = [key for _, key in addresses(server)]
    assert len(keys) == len(set(keys)) == len({key.lower() for key in keys})


# S05 ----------------------------------------------------------------------------------------------

SMUGGLED = ["a@b.example\r\nRCPT TO:<x@evil.example>", "a@b.example\nBcc: x@evil.example",
            "a@b.example\r\n.\r\nMAIL FROM:<x@evil.example>",
            '"a b"@example.com', '"a@b"@example.com', "a@b.example,c@evil.example", "a@b.example;c@evil.example",
            "<a@b.example>",
            "A <a@b.example>", "a@b.example (x)", "(x)a@b.example", "@evil.example:a@b.example", "a!b@c@example.com",
            "a@[127.0.0.1]", "a" * 65 + "@example.com", "a@" + ".".join(["b" * 60] * 5), ".a@example.com",
            "a.@example.com", "a..b@example.com",
            "a@b.example\u2028RCPT TO:<x@evil.example>", "a@b.example\x00", "a@b.example\x1b[2J", "a\\@example.com",
            "a b@example.com", "a@b.example>",
            "a@b.example SIZE=1", "a@", "@a", "a", "", "\t", "a@b@c.example", "mailto:a@b.example?bcc=x@evil.example"]


@pytest.mark.parametrize("email", SMUGGLED, ids=ascii)
def test_S05_an_address_that_smuggles_is_422(server, email):
    with harmless(server):
        for path, more in (("signup", {"username": "new_user", "password": PASSWORD}), ("request_email", {})):
            problem = assert_problem(server.post(f"/api/auth/{path}", json={"email": email} | more), 422,
                                     "validation_failed")
            assert error_fields(problem) == {"body.email"}


# S08, S09, S10 ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_password(_shared_server):
    password = "".join(chr(0x21 + (7 * index) % 90) for index in range(100))
    return _shared_server.confirmed(password=password)


@pytest.mark.parametrize("cut", [1, 8, 55, 56, 63, 64, 71, 72, 73, 99])
def test_S09_the_start_of_a_password_is_not_the_password(server, long_password, cut):
    with harmless(server, besides=COUNTED):
        assert_problem(long_password.try_login(long_password.password[:cut]), 401, "invalid_credentials")
        for text in (long_password.password[:cut] + "\x00" + long_password.password[cut:],
                     long_password.password[:cut] + "\x00"):
            assert long_password.try_login(text).status_code in (400, 401, 422)
    long_password.login()


@pytest.mark.parametrize("text", ["ÅngströmÄpfelÖlÜber", "ﷺ한국어비밀번호입니다", "e\u0301te\u0301 a\u0300 la plage",
                                  "\u1e9b\u0323 und noch mehr", "q\u0323\u0307 und noch mehr"], ids=ascii)
@pytest.mark.parametrize("given", ["NFC", "NFD"])
def test_S10_composed_and_decomposed_passwords_are_one(server, text, given):
    account = server.confirmed(password=unicodedata.normalize(given, text))
    for form in ("NFC", "NFD"):
        assert account.try_login(unicodedata.normalize(form, text)).status_code == 200
    assert_problem(account.try_login(unicodedata.normalize("NFKC", text) + "x"), 401)


def test_S10_compatibility_forms_stay_different_passwords(server):
    account = server.confirmed(password="\ufb01ne \u2460 wide \uff41\uff42\uff43")
    with harmless(server, besides=COUNTED):
        assert_problem(account.try_login(unicodedata.normalize("NFKC", account.password)), 401, "invalid_credentials")
    account.login()


# S11 ----------------------------------------------------------------------------------------------


def test_S11_a_hundred_parallel_sign_ups_make_one_account_and_one_mail(server):
    email = unique_email("Race")
    spelled = [email, email.upper(), f" {email} ", email.replace("example", "EXAMPLE")]
    answers = at_once(*[lambda text=text: signup(server, text).status_code for text in spelled], times=25)
    assert sorted(answers) == [201] + [409] * 99
    with server.db() as db:
        assert db.execute("SELECT count(*) FROM users WHERE email_key = ?", (email.lower(),)).fetchone() == (1,)
    with server.db() as db:
        stored, = db.execute("SELECT email FROM users WHERE email_key = ?", (email.lower(),)).fetchone()
    server.wait_mail(stored)
    assert len(server.mails_settled(stored)) == 1


def test_S11_parallel_sign_ups_of_one_unique_name_make_one_account(make_server):
    server = make_server({"accounts.unique_usernames": "true"})
    answers = at_once(lambda: signup(server, unique_email(), username="The Only One").status_code, times=30)
    assert sorted(answers) == [201] + [409] * 29


# S13, S14, S16 ------------------------------------------------------------------------------------


def test_S13_who_signed_up_first_with_a_foreign_address_keeps_nothing():
    """The attacker takes the victim's address; the victim says "this was not me" and signs up."""
    with Server() as server:
        attacker = server.signup(username="attacker", password="the-attackers-password")
        link = server.wait_mail(attacker.email)[0].confirmation_path
        assert_problem(attacker.try_login(), 401, "email_not_confirmed")
        assert server.post(link.replace("confirmed_email", "rejected_email")).status_code == 200
        victim = server.signup(attacker.email, password="the-victims-own-password")
        server.wait_mail(victim.email, 2)
        victim.confirm()
        victim.login()
        assert_problem(attacker.try_login(), 401, "invalid_credentials")
        with harmless(server):
            for path in (link, link.replace("confirmed_email", "rejected_email")):
                for method in ("GET", "POST"):
                    assert_problem(server.request(method, path), 400, "invalid_confirmation")
        assert victim.user["id"] != attacker.user["id"]
        assert victim.me().json()["username"] == "new_user"


def test_S13_an_account_that_nobody_confirmed_makes_room_for_the_owner(make_server):
    server = make_server({"accounts.unconfirmed_ttl": "2h", "accounts.confirmation_ttl": "24h"})
    attacker = server.signup(username="attacker", password="the-attackers-password")
    link = server.wait_mail(attacker.email)[0].confirmation_path
    server.clock.advance(2 * 3600 + 60)
    server.wait(lambda: signup(server, attacker.email, password="the-victims-own-password").status_code == 201,
                "the address to be free", 60)
    assert_problem(server.get(link), 400, "invalid_confirmation")
    victim = Account(server, attacker.email, "the-victims-own-password", {"id": 0})
    server.wait_mail(victim.email, 2)
    victim.confirm()
    victim.login()
    assert_problem(attacker.try_login(), 401, "invalid_credentials")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><b>bold</b>',
                                  "&lt;b&gt;", "admin\u202etxt.exe",
                                  "[click](https://evil.example)", "<a href=https://evil.example>Latchkey</a>",
                                  "</style><x>", "${7*7}", "\u0430dmin",
                                  "https://evil.example/now", "<!--", "-->", "'onmouseover='x"], ids=ascii)
def test_S14_M02_a_name_is_text_in_mail_and_page(server, name):
    email = unique_email()
    response = signup(server, email, username=name)
    if response.status_code == 422:
        assert not name.isascii()
        return
    mail, = server.wait_mail(email)
    page = server.get(mail.confirmation_path, headers=BROWSER).text
    for html in (mail.html, page):
        for mark in ("<script", "<img", "<b>bold", "<a href=https://evil", "</style><x>", "onmouseover='x"):
            assert mark not in html.lower()
        assert 'href="https://evil' not in html and "href='https://evil" not in html, "a name is never made a link"
    assert name.lower() not in mail.subject.lower() or name.isascii()
    assert_problem(server.get(mail.confirmation_path.rsplit("/", 1)[0] + "/x"), 400)


@pytest.mark.parametrize("name", ["esc\x1b[31mred", "bell\x07", "c1\x9b31m", "del\x7f", "nul\x00", "line\nbreak",
                                  "cr\rback", "n\x85el", "tab\there"], ids=ascii)
def test_S14_a_name_can_not_move_the_cursor_of_a_console(server, name):
    with harmless(server):
        assert_problem(signup(server, unique_email(), username=name), 422, "validation_failed")
    if "\x00" not in name:
        with harmless(server):
            server.cli_refused("user", "add", "--email", unique_email(), "--username", name, "--password-stdin",
                               input=PASSWORD)


REDIRECTS = ["//evil.example", "https:evil.example", "/\\evil.example", "/\\t//evil.example", "javascript:alert(1)",
             "https://good.com@evil.example", "https://evil.example"]


@pytest.mark.parametrize("value", REDIRECTS)
@pytest.mark.parametrize("name", ["redirect_to", "redirect_uri", "next", "return_to", "url", "continue"])
def test_S16_nothing_redirects(server, member, name, value):
    account = server.signup()
    link = server.wait_mail(account.email)[0].confirmation_path
    for method, path in (("GET", link), ("POST", link), ("GET", "/api/auth/confirmed_email/x"),
                         ("POST", "/api/auth/login"), ("GET", "/docs")):
        for headers in ({}, BROWSER):
            response = server.request(method, path, params={name: value}, headers=headers, cacheable=path == "/docs")
            assert not 300 <= response.status_code < 400
            assert "Location" not in response.headers and "Refresh" not in response.headers
            assert "evil.example" not in response.text
