"""/sign-in and what leads to it and away from it: complete without a script."""

import re
from urllib.parse import quote

import pytest

from support import PASSWORD, nothing_changes, unique_email
from support.factors import App
from support.pages import COOKIE, FORM_COOKIE, STEP_COOKIE, Visitor


@pytest.fixture
def visitor(server):
    return Visitor(server)


@pytest.fixture
def account(server):
    return server.user(username="Ada Lovelace")


def test_the_root_leads_to_the_sign_in_and_to_the_account(visitor, account):
    assert visitor.get("/").location == "./sign-in"
    page = visitor.sign_in(account)
    assert visitor.path == "/account" and "Ada Lovelace" in page.text
    assert visitor.get("/").location == "./account"
    assert visitor.get("/sign-in").location == "./account"


def test_W05_L12_signing_in_opens_a_session_that_a_cookie_holds(server, visitor, account):
    visitor.get("/sign-in")
    before = visitor.cookie(FORM_COOKIE)
    page = visitor.send(username=account.email, password=PASSWORD, follow=False)
    assert (page.status, page.location) == (303, "./account")
    cookies = page.response.raw.headers.getlist("Set-Cookie")
    session, = [cookie for cookie in cookies if cookie.startswith(COOKIE + "=")]
    for attribute in ("; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age="):
        assert attribute in session
    assert "Domain" not in session
    assert visitor.cookie(FORM_COOKIE) not in (None, before), "L12: a new form cookie"
    assert not re.search(r"eyJ", "".join(cookies)), "no token of any kind"
    with server.db() as db:
        rows = db.execute("SELECT is_browser FROM sessions").fetchall()
    assert True in {bool(row[0]) for row in rows}


def test_the_session_stands_in_the_lists_and_can_be_ended(visitor, account):
    visitor.sign_in(account)
    sessions = account.sessions()
    assert len(sessions) == 2
    page = visitor.get("/account/sessions")
    assert page.text.count('class="item"') == 2 and "this one" in page.text
    ended = visitor.send("/end")
    assert "The session is ended" in ended.text and len(visitor.page.forms) == 1
    assert account.me().status_code == 401


def test_all_other_sessions_end_at_once(visitor, account):
    account.login()
    visitor.sign_in(account)
    visitor.get("/account/sessions")
    page = visitor.send("account/sessions")
    assert "signed out everywhere else" in page.text
    assert account.me().status_code == 401 and visitor.get("/account").status == 200


@pytest.mark.parametrize("wrong", ["address", "password"])
def test_a_wrong_sign_in_brings_the_form_back(server, visitor, account, wrong):
    visitor.get("/sign-in")
    email = unique_email() if wrong == "address" else account.email
    with nothing_changes(server, besides=("users", "devices")):
        page = visitor.send(username=email, password="wrong-password-1")
    assert page.status == 401 and page.title.startswith("Error: Sign in")
    assert 'role="alert" tabindex="-1" autofocus' in page.text
    assert page.text.index('role="alert"') < page.text.index("<h1>")
    assert '<a href="#email">' in page.text and 'aria-invalid="true"' in page.text
    assert f'value="{email}"' in page.text and "wrong-password-1" not in page.text
    assert visitor.cookie(COOKIE) is None
    assert visitor.send(username=account.email, password=PASSWORD).status == 200, "the same form once more"


def test_the_form_has_what_password_managers_need(visitor):
    text = visitor.get("/sign-in").text
    assert re.search(r'<input id="email" name="username" type="email" autocomplete="username webauthn"', text)
    assert re.search(r'<input id="current-password" name="password" type="password" autocomplete="current-password"', text)
    assert text.count('type="password"') == 1 and "maxlength" not in text and "placeholder" not in text


def test_the_way_leads_back_to_the_page_that_was_wanted(visitor, account):
    page = visitor.get("/account/security")
    assert page.location == "../sign-in?to=/account/security"
    visitor.follow()
    visitor.send(username=account.email, password=PASSWORD)
    assert visitor.path == "/account/security"


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "account", "/" + "a" * 300,
                                "javascript:alert(1)", "/account?x=1", "/%2F%2Fevil.example"])
def test_W23_no_link_leads_elsewhere(visitor, account, to):
    visitor.sign_in(account, path="/sign-in?to=" + quote(to, safe="%"))
    assert visitor.path == "/account"


def test_signing_out_ends_the_session(server, visitor, account):
    visitor.sign_in(account)
    page = visitor.send("sign-out", follow=False)
    assert page.location == "./sign-in?note=signed_out"
    assert page.response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "You are signed out" in visitor.follow().text
    assert visitor.cookie(COOKIE) is None
    assert visitor.get("/account").location.startswith("./sign-in")


def test_a_cookie_of_an_ended_session_opens_nothing(server, visitor, account):
    visitor.sign_in(account)
    kept = visitor.cookie(COOKIE)
    visitor.send("sign-out")
    visitor.session.cookies.set(COOKIE, kept, domain="127.0.0.1", path="/", secure=True)
    assert visitor.get("/account").location == "./sign-in?to=/account"


def test_blocking_the_account_ends_it_at_once(server, visitor, account):
    visitor.sign_in(account)
    server.block(account)
    assert visitor.get("/account").location == "./sign-in?to=/account"
    assert visitor.sign_in(account).status == 403


def test_a_second_factor_is_one_more_page(server, make_server):
    server = make_server()
    account = server.user()
    app = App(account)
    visitor = Visitor(server)
    page = visitor.sign_in(account)
    assert visitor.path == "/sign-in/factor" and visitor.cookie(COOKIE) is None
    assert 'autocomplete="one-time-code" inputmode="numeric"' in page.text
    assert visitor.send(code="000000").status == 401
    assert visitor.cookie(COOKIE) is None
    visitor.send(code=app.code())
    assert visitor.path == "/account" and visitor.cookie(STEP_COOKIE) is None


def test_a_recovery_code_does_instead(make_server):
    server = make_server()
    account = server.user()
    app = App(account)
    visitor = Visitor(server)
    visitor.sign_in(account)
    visitor.get("/sign-in/recovery-code")
    assert visitor.send(code="0000-0000-0000-0000").status == 401
    visitor.send(code=app.recovery_codes[0].upper())
    assert visitor.path == "/account"


def test_W24_the_login_token_of_a_browser_is_worth_nothing_elsewhere(make_server):
    server = make_server()
    account = server.user()
    app = App(account)
    visitor, thief = Visitor(server), Visitor(server)
    visitor.sign_in(account)
    token = visitor.cookie(STEP_COOKIE)
    thief.get("/sign-in")
    thief.session.cookies.set(STEP_COOKIE, token, domain="127.0.0.1", path="/", secure=True)
    assert thief.get("/sign-in/factor").location == "../sign-in"
    stolen = token.removeprefix("login~")
    response = server.post("/api/auth/login/totp", json={"login_token": stolen, "code": app.code()})
    assert response.json()["code"] == "invalid_login_token"


def test_a_code_by_mail(server, visitor, account):
    visitor.get("/sign-in/code")
    page = visitor.send(email=account.email)
    assert visitor.path == "/sign-in/code/check" and account.email in page.text
    mail = server.wait(lambda: next((mail for mail in server.mails(account.email) if "code" in mail.subject.lower()), None), "the code")
    code = re.search(r"\b(\d{8})\b", mail.text)[1]
    assert visitor.send(code="00000000").status == 401
    visitor.send(code=f"{code[:4]} {code[4:]}")
    assert visitor.path == "/account"


def test_a_code_for_an_unknown_address_says_the_same(visitor, account):
    other = unique_email()
    texts = []
    for email in (account.email, other):
        visitor.get("/sign-in/code")
        page = visitor.send(email=email)
        texts.append(re.sub(r'form_token" value="[^"]*"', "", page.text.replace(email, "X")))
    assert texts[0] == texts[1]


def test_signing_up_and_confirming(server, visitor):
    email = unique_email()
    visitor.get("/sign-up")
    page = visitor.send(email=email, username="Grace Hopper", password=PASSWORD)
    assert visitor.path == "/check-your-mail" and email in page.text
    server.wait_mail(email)
    link = server.mails(email)[-1].confirmation_path
    visitor.get(link)
    assert "Confirm your e-mail address" in visitor.page.text
    visitor.send()
    visitor.get("/sign-in")
    visitor.send(username=email, password=PASSWORD)
    assert visitor.path == "/account" and "Grace Hopper" in visitor.page.text


def test_wrong_fields_of_a_sign_up_are_named_at_once(server, visitor):
    visitor.get("/sign-up")
    with nothing_changes(server):
        page = visitor.send(email="no address", username="x", password="short")
    assert page.status == 422 and page.text.count('aria-invalid="true"') == 3
    for sentence in ("This is no e-mail address", "The name needs at least 3 characters", "The password needs at least 8 characters"):
        assert page.text.count(sentence) == 2, "in the summary and at the field"
    assert 'value="no address"' in page.text and "short" not in re.findall(r'value="([^"]*)"', page.text)


def test_a_taken_address_stands_at_its_field(visitor, account):
    visitor.get("/sign-up")
    page = visitor.send(email=account.email, username="somebody", password=PASSWORD)
    assert page.status == 409 and page.text.count("An account with this address exists already") == 2


def test_where_sign_up_is_closed_no_page_leads_there(make_server):
    visitor = Visitor(make_server({"accounts.sign_up": "off"}))
    assert "./sign-up" not in visitor.get("/sign-in").targets
    assert visitor.get("/sign-up").status == 403


def test_forgotten_passwords_are_replaced_by_mail(server, visitor, account):
    visitor.get("/password/forgotten")
    page = visitor.send(email=account.email)
    assert page.status == 200 and "on its way" in page.text
    mail = server.wait(lambda: next((mail for mail in server.mails(account.email) if "new password" in mail.subject), None), "the mail")
    path = re.search(r"(/password/new/\S+)", mail.text)[1]
    page = visitor.get(path)
    assert f'value="{account.email}"' in page.text
    assert "has been changed" in visitor.send(password="another-horse-battery").text
    visitor.get("/sign-in")
    visitor.send(username=account.email, password="another-horse-battery")
    assert visitor.path == "/account"
