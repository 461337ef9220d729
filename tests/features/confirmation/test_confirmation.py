"""GET and POST /api/auth/confirmed_email/{token}, and the way out, /api/auth/rejected_email/{token}"""

import re

import pytest

from support import (PASSWORD, Server, assert_problem, at_once, exchange, nothing_changes, request_bytes,
                     unique_email)
from support.confirmation import BROWSER, answer, bad, confirmed, is_page, link, rejecting
from support.links import followed
from support.tokens import claims_of, flipped, header_of

CONFIRMED = (200, {"message": "Email confirmed"})
ALREADY = (200, {"message": "Your email is already confirmed"})
HOUR = 3600


@pytest.fixture
def account(server):
    return server.signup()


# A client that is no browser ----------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {"Accept": "*/*"}, {"Accept": None}, {"Accept": "application/json"}, {"Accept": ""}, {"Accept": "text/*"},
    {"Accept": "text/plain, */*;q=0.1"}, {"Accept": "text/html;q=0"}, {"Accept": "text/html, application/json"},
    {"Accept": "text/html;q=0.5, application/json"}, {"Accept": "application/json;q=0.9, text/html;q=0.8, */*"},
])
def test_a_get_that_does_not_prefer_html_confirms(server, account, headers):
    assert answer(server.get(link(account), headers=headers)) == CONFIRMED
    assert confirmed(account)


def test_a_post_confirms_too(server, account):
    assert answer(server.post(link(account))) == CONFIRMED
    assert confirmed(account)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_C01_a_used_link_says_already_confirmed_and_does_nothing(server, account, method):
    server.get(link(account))
    with nothing_changes(server):
        for _ in range(2):
            response = server.request(method, link(account))
            assert answer(response) == ALREADY
            assert "Set-Cookie" not in response.headers
        # Nor does it say so to who has only a part of it, or remove the account any more.
        bad(server.request(method, link(account)[:-1]))
        bad(server.post(rejecting(link(account))))
    assert confirmed(account)


def test_confirming_signs_nobody_in(server, account):
    response = server.get(link(account))
    assert "Set-Cookie" not in response.headers
    assert "access_token" not in response.text


def test_a_confirmed_user_is_shown_as_one(server, account):
    account.confirm()
    account.login()
    me = account.me().json()
    assert me["confirmed"] is True
    assert me["updated_at"] >= me["created_at"]


def test_parallel_confirmations_succeed_exactly_once(server, account):
    path = link(account)
    answers = at_once(lambda: server.get(path).json()["message"], times=16)
    assert sorted(answers) == sorted(["Email confirmed"] + ["Your email is already confirmed"] * 15)


# A browser, and scanners that imitate one ---------------------------------------------------------


@pytest.mark.parametrize("accept", [BROWSER["Accept"], "text/html", "TEXT/HTML", "text/html, */*",
                                    "application/json;q=0.5, text/html;q=0.6", "text/html;charset=utf-8",
                                    "*/*;q=0.1,text/html;level=1"])
def test_a_get_that_prefers_html_shows_a_page_and_consumes_nothing(server, account, accept):
    path = link(account)
    with nothing_changes(server):
        response = server.get(path, headers={"Accept": accept})
        assert response.status_code == 200
        assert is_page(response)
    assert not confirmed(account)


def test_the_page_has_a_button_for_each_answer_and_no_script(server):
    account = server.signup(username='<b>Eve</b> & "co"')
    path = link(account)
    page = server.get(path, headers=BROWSER).text
    assert "<script" not in page.lower() and "javascript:" not in page.lower()
    assert not re.search(r"\son\w+\s*=", page)
    assert not re.search(r"(src|href|action)\s*=\s*[\"']?(https?:)?//", page), "nothing from a third party"
    assert "&lt;b&gt;Eve&lt;/b&gt; &amp; " in page and "<b>Eve" not in page
    forms = re.findall(r"<form\b[^>]*>", page)
    assert len(forms) == 2 and all(re.search(r'method="?post', form, re.I) for form in forms)
    assert any('action="../../../api/auth/rejected_email/' in form for form in forms), "whatever path a proxy serves us under"


def test_what_the_gate_refuses_is_a_page_for_people(server, account):
    path = link(account)
    with nothing_changes(server):
        page = server.request("PUT", path, headers=BROWSER)
        assert page.status_code == 405 and is_page(page)
        assert page.headers["X-Request-Id"] in page.text
        assert_problem(server.request("PUT", path), 405)


@pytest.mark.parametrize("written", ["{folder}/{token}", "{folder}/{token}/", "{folder}/{token}//", "{folder}//{token}",
                                     "/{folder}///{token}/?utm_source=mail"])
@pytest.mark.parametrize("prefix", ["", "/konto/auth"], ids=["at the root", "under a path that a proxy takes off"])
def test_F24_the_pages_buttons_lead_to_their_routes_however_the_link_was_written(server, account, prefix, written):
    """A mail program puts a slash behind the link, a person two into it: the browser goes from what it has opened."""
    folder, token = link(account).rsplit("/", 1)
    opened = written.format(folder=folder, token=token)
    page = server.get(opened, headers=BROWSER)
    assert page.status_code == 200 and is_page(page)
    action, = re.findall(r'<form method="post" action="([^"]*)"', page.text)
    there = followed(prefix + opened, action)
    assert there.startswith(prefix + "/")
    assert_problem(account.try_login(), 401, "email_not_confirmed")
    response = server.post(there.removeprefix(prefix), headers=BROWSER)
    assert response.status_code == 200 and "removed" in response.text.lower(), there
    assert_problem(account.try_login(), 401, "invalid_credentials")


def test_the_page_has_a_strict_policy(server, account):
    csp = server.get(link(account), headers=BROWSER).headers["Content-Security-Policy"]
    policy = {part.split()[0]: part.split()[1:] for part in csp.split(";") if part.strip()}
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert policy.get("base-uri") == ["'none'"]
    assert "script-src" not in policy or policy["script-src"] == ["'none'"]


def test_the_button_confirms_and_answers_with_a_page(server, account):
    response = server.post(link(account), headers={**BROWSER, "Content-Type": "application/x-www-form-urlencoded"})
    assert response.status_code == 200
    assert is_page(response)
    assert confirmed(account)


def test_a_page_for_a_used_link_says_so(server, account):
    server.get(link(account))
    for method in ("GET", "POST"):
        response = server.request(method, link(account), headers=BROWSER)
        assert response.status_code == 200 and is_page(response)
        assert "already confirmed" in response.text.lower()
        assert "<form" not in response.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ["confirmed_email", "rejected_email"])
def test_a_bad_token_is_400_as_a_page_too(server, method, name):
    with nothing_changes(server):
        response = server.request(method, f"/api/auth/{name}/%3Cscript%3Ebad", headers=BROWSER)
    assert response.status_code == 400
    assert is_page(response)
    assert "<script" not in response.text


def test_head_never_consumes(server, account):
    with nothing_changes(server):
        for headers in ({}, BROWSER):
            response = server.request("HEAD", link(account), headers=headers)
            assert response.status_code in (200, 405)
            assert response.content == b""
    assert not confirmed(account)


# The token ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["x", "a.b.c", "e30.e30.e30", "null", "%20", "%F0%9F%A6%8A", "x" * 4000, "%ff"])
def test_garbage_is_400(server, token):
    with nothing_changes(server):
        for method in ("GET", "POST"):
            assert_problem(server.request(method, f"/api/auth/confirmed_email/{token}"), 400)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_400(server, account, part):
    token = flipped(link(account).rsplit("/", 1)[1], part)
    with nothing_changes(server):
        bad(server.get(f"/api/auth/confirmed_email/{token}"))
        bad(server.post(f"/api/auth/rejected_email/{token}"))
    assert not confirmed(account)


def test_no_other_token_is_accepted_here(server, user):
    with nothing_changes(server):
        bad(server.get(f"/api/auth/confirmed_email/{user.access}"))
        bad(server.get(f"/api/auth/confirmed_email/{user.refresh}"))


def test_the_token_is_a_jwt_under_a_key_of_its_own(server, account):
    token = link(account).rsplit("/", 1)[1]
    header = header_of(token)
    assert (header["alg"], header["typ"]) == ("HS256", "ec+jwt")
    claims = claims_of(token)
    assert {"exp"} <= set(claims)
    keys = server.get("/.well-known/jwks.json", cacheable=True).json()["keys"]
    assert header.get("kid") not in {key["kid"] for key in keys}


def test_the_link_is_made_from_the_public_url_and_not_from_the_host_header(make_server):
    server = make_server({"public_url": "https://login.example.com/base"})
    email = unique_email()
    body = f'{{"email":"{email}","username":"new_user","password":"{PASSWORD}"}}'.encode()
    response, _ = exchange(server, request_bytes("POST", "/api/auth/signup", {
        "Content-Type": "application/json", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher",
        "Forwarded": "host=evil.example"}, body, host="evil.example"))
    assert response.status == 201
    mail = server.wait_mail(email)[0]
    assert mail.confirmation_link.startswith("https://login.example.com/base/api/auth/confirmed_email/")
    assert b"evil.example" not in mail.data


# Time ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clocked():
    with Server(limits=True) as server:
        yield server


def test_a_link_is_good_for_a_day(clocked):
    early, late = clocked.signup(), clocked.signup()
    paths = [link(early), link(late)]
    clocked.clock.advance(24 * HOUR - 120)
    assert answer(clocked.get(paths[0])) == CONFIRMED
    clocked.clock.advance(240)
    bad(clocked.get(paths[1]))
    bad(clocked.post(paths[1]))
    bad(clocked.get(paths[0])), "already confirmed is said to unexpired links only"
    assert not confirmed(late)


def test_an_older_link_stays_good_when_a_newer_one_is_asked_for(clocked):
    account = clocked.signup()
    first = link(account)
    clocked.clock.advance(61)
    assert clocked.post("/api/auth/request_email", json={"email": account.email}).status_code == 200
    second = clocked.wait_mail(account.email, 2)[-1].confirmation_path
    assert first != second
    assert answer(clocked.get(first)) == CONFIRMED
    assert answer(clocked.get(second)) == ALREADY


def test_an_account_that_is_never_confirmed_is_gone_after_three_days(clocked):
    account = clocked.signup()
    clocked.wait_mail(account.email, 1)  # a mail that is overtaken by the clock would be put aside
    clocked.clock.advance(71 * HOUR)
    clocked.post("/api/auth/request_email", json={"email": account.email})
    fresh = clocked.wait_mail(account.email, 2)[-1].confirmation_path
    clocked.clock.advance(2 * HOUR)

    def again():
        response = clocked.post("/api/auth/signup", json={
            "email": account.email, "username": "the owner", "password": "quite-another-password"})
        assert response.status_code in (201, 409)
        return response.status_code == 201

    clocked.wait(again, "the unconfirmed account to go", 60)
    bad(clocked.get(fresh)), "the link was of the account that is gone"


def test_a_confirmed_account_stays(clocked):
    account = clocked.confirmed()
    clocked.clock.advance(73 * HOUR)
    clocked.signup()
    account.login()


def test_the_lifetime_of_links_and_of_unconfirmed_accounts_are_settings(make_server):
    server = make_server({"accounts.confirmation_ttl": "1h", "accounts.unconfirmed_ttl": "2h"})
    account = server.signup()
    path = link(account)
    server.clock.advance(HOUR + 120)
    bad(server.get(path))
    server.clock.advance(HOUR)
    server.wait(lambda: server.post("/api/auth/signup", json={
        "email": account.email, "username": "the owner", "password": PASSWORD}).status_code == 201,
        "the unconfirmed account to go", 60)


# Confirmation switched off ------------------------------------------------------------------------


def test_without_confirmation_sign_up_answers_with_tokens(make_server):
    server = make_server({"accounts.confirmation": "off"})
    email = unique_email()
    response = server.post("/api/auth/signup", json={"email": email, "username": "new_user", "password": PASSWORD})
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    both = response.json()
    assert {"id", "email", "role", "access_token", "refresh_token", "token_type", "expires_in"} <= set(both)
    assert (both["token_type"], both["expires_in"]) == ("bearer", 900)
    assert server.get("/api/users/me", bearer=both["access_token"]).json()["email"] == email
    assert server.get("/api/auth/refresh_token", bearer=both["refresh_token"]).status_code == 200
    again = server.post("/api/auth/login", data={"username": email, "password": PASSWORD})
    assert again.status_code == 200


def test_C80_C82_without_confirmation_confirmed_is_true_once_somebody_has_proved_to_read_the_address(make_server):
    server = make_server({"accounts.confirmation": "off"})
    account = server.user()
    assert account.user["confirmed"] is False and account.me().json()["confirmed"] is False
    asked = server.post("/api/auth/request_email", json={"email": account.email})
    assert asked.json() == {"message": "Check your email for confirmation."}
    confirmed = server.post(server.wait_mail(account.email)[0].confirmation_link.removeprefix(server.public_url))
    assert confirmed.json() == {"message": "Email confirmed"}
    assert account.me().json()["confirmed"] is True, "the session stays"
    asked = server.post("/api/auth/request_email", json={"email": account.email})
    assert asked.json() == {"message": "Your email is already confirmed"}
