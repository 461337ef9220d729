"""What an owner does at /account without a script."""

import re

import pyotp
import pytest

from support import PASSWORD, nothing_changes, unique_email
from support.factors import App
from support.pages import Visitor


@pytest.fixture
def moved(make_server):
    """A server whose clock a test may move."""
    return make_server()


@pytest.fixture
def account(server):
    return server.user(username="Ada Lovelace")


@pytest.fixture
def owner(server, account):
    visitor = Visitor(server)
    visitor.sign_in(account)
    return visitor


def test_the_overview_says_what_is_missing(owner):
    page = owner.get("/account")
    assert "Hello, <bdi>Ada Lovelace</bdi>" in page.text
    assert "Only your password protects this account." in page.text
    assert page.text.count('aria-current="page"') == 1


def test_every_link_of_every_page_leads_somewhere(owner):
    seen, waiting = set(), ["/account"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        page = owner.get(path)
        assert page.status == 200 or (page.status == 303 and path in ("/sign-in", "/")), path
        if page.status == 200 and "text/html" in page.response.headers["Content-Type"]:
            waiting += [owner.where(target) for target in page.targets if not target.startswith(("#", "?"))]
    assert {"/account/security", "/account/sessions", "/account/activity", "/account/profile", "/account/password", "/account/email",
            "/account/totp", "/account/data", "/account/delete"} <= seen


def test_an_authenticator_app_is_set_up_with_picture_or_text(moved):
    account = moved.user()
    owner = Visitor(moved)
    owner.sign_in(account)
    page = owner.get("/account/totp")
    assert re.search(r'<svg viewBox="0 0 (\d+) \1" role="img"', page.text) and re.search(r'<path d="M4 4.5h7', page.text)
    secret = re.search(r'<code dir="ltr" id="secret">([A-Z2-7 ]+)</code>', page.text)[1]
    assert all(len(group) == 4 for group in secret.split())
    app = pyotp.TOTP(secret.replace(" ", ""))
    good = app.at(moved.clock.now())
    wrong = next(code for code in ("000000", "111111", "222222") if code != good)
    with nothing_changes(moved):
        page = owner.send(code=wrong)
    assert page.status == 401 and secret in page.text, "the same secret once more"
    page = owner.send(code=good)
    codes = re.findall(r"<li><code>([0-9a-z-]{19})</code></li>", page.text)
    assert len(codes) == 10 and page.response.headers["Cache-Control"] == "no-store"
    assert "Codes left: <bdi>10</bdi>" in owner.get("/account/security").text
    other = Visitor(moved)
    other.sign_in(account)
    assert other.path == "/sign-in/factor"


def test_new_recovery_codes_end_the_old_ones(moved):
    account = moved.user()
    app = App(account)
    owner = Visitor(moved)
    owner.sign_in(account)
    owner.send(code=app.code())
    owner.get("/account/recovery-codes")
    page = owner.send()
    codes = re.findall(r"<li><code>(\S+)</code></li>", page.text)
    assert len(codes) == 10 and not set(codes) & set(app.recovery_codes)
    owner.get("/account/totp/remove")
    page = owner.send()
    assert "The authenticator app is removed" in page.text and "Codes left" not in page.text


def test_what_is_guarded_asks_for_a_proof_and_comes_back(moved):
    account = moved.user()
    owner = Visitor(moved)
    owner.sign_in(account)
    moved.clock.advance(601)
    for path in ("/account/totp", "/account/email", "/account/data", "/account/delete", "/account/recovery-codes"):
        assert owner.get(path).location.endswith("sudo?to=" + path)
    owner.get("/account/email")
    owner.follow()
    assert owner.send(password="wrong-password-1").status == 401 and "The password is wrong" in owner.page.text
    page = owner.send(password=PASSWORD)
    assert owner.path == "/account/email" and page.status == 200


def test_the_proof_is_a_factor_where_there_is_one(moved):
    account = moved.user()
    app = App(account)
    owner = Visitor(moved)
    owner.sign_in(account)
    owner.send(code=app.code())
    moved.clock.advance(601)
    owner.get("/account/totp")
    page = owner.follow()
    assert 'name="password"' not in page.text and 'name="totp"' in page.text and 'name="recovery_code"' in page.text
    owner.send(totp=app.code(), recovery_code=None)
    assert owner.path == "/account/totp"


def test_a_guarded_form_that_comes_late_changes_nothing(moved):
    account = moved.user()
    owner = Visitor(moved)
    owner.sign_in(account)
    owner.get("/account/delete")
    moved.clock.advance(601)
    with nothing_changes(moved, besides=("sessions",)):
        page = owner.send(email=account.email, follow=False)
    assert page.location.endswith("sudo?to=/account/delete")


def test_the_password_is_changed_with_the_current_one(server, account, owner):
    page = owner.get("/account/password")
    assert f'value="{account.email}" readonly' in page.text and page.text.count('type="password"') == 2
    with nothing_changes(server, besides=("users", "devices")):
        page = owner.send(current_password="wrong-password-1", password="another-horse-battery")
    assert page.status == 401 and '<a href="#current-password">The password is wrong</a>' in page.text
    page = owner.send(current_password=PASSWORD, password="short")
    assert page.status == 422 and '<a href="#new-password">' in page.text
    page = owner.send(current_password=PASSWORD, password="another-horse-battery")
    assert "Your password is changed" in page.text
    assert account.me().status_code == 401, "the others are signed out"
    assert account.try_login("another-horse-battery").status_code == 200




def test_the_name_is_changed_and_markup_is_text(owner):
    owner.get("/account/profile")
    page = owner.send(username="<b>Ada</b>")
    assert "Saved." in page.text and "&lt;b&gt;Ada&lt;/b&gt;" in page.text and "<b>Ada" not in page.text


def test_a_new_address_is_confirmed_by_mail(server, account, owner):
    owner.get("/account/email")
    new = unique_email("new")
    page = owner.send(email=new)
    assert "on its way" in page.text and new in page.text
    mail = server.wait_mail(new)[-1]
    path = re.search(r"https?://[^/]+(/\S+email_change\S+)", mail.text)
    assert path, mail.text
    assert owner.get("/account").text.count(account.email) == 1, "nothing has changed yet"


def test_the_activity_is_told_in_words(owner):
    page = owner.get("/account/activity")
    assert "Sign-in" in page.text and "sign_in" not in page.text and "127.0.0.1" in page.text


def test_the_data_is_a_file(owner):
    response = owner.get("/account/data").response
    assert response.headers["Content-Disposition"] == 'attachment; filename="account.json"'
    assert response.json()["format"] == "latchkey-account"


def test_the_account_is_deleted_and_kept(server, account, owner):
    owner.get("/account/delete")
    page = owner.send(email="other@example.com")
    assert page.status == 422 and "This is not the address of the account" in page.text
    page = owner.send(email=account.email)
    assert "will be deleted" in page.text
    assert owner.get("/account").status == 303
    page = owner.sign_in(account)
    assert owner.path == "/sign-in/keep-account"
    owner.send()
    assert owner.path == "/account"


def test_a_session_in_use_stays_alive_with_few_writes(moved):
    account = moved.user()
    owner = Visitor(moved)
    owner.sign_in(account)

    def used_at():
        with moved.db() as db:
            return db.execute("SELECT max(rotated_at) FROM sessions WHERE is_browser").fetchall()[0][0]

    first = used_at()
    moved.clock.advance(240)
    owner.get("/account")
    assert used_at() == first
    moved.clock.advance(61)
    owner.get("/account")
    assert used_at() > first
    moved.clock.advance(7 * 86400 + 1)
    assert owner.get("/account").location == "./sign-in?to=/account"


def test_sent_twice_is_done_once(server, account, owner):
    owner.get("/account/sessions")
    form = owner.page.form("/end")
    path = owner.where(form["action"])
    for _ in range(2):
        page = owner.request("POST", path, data=form["fields"])
        assert page.location.endswith("account/sessions?note=session_ended")


def test_password_managers_find_their_way(server, owner):
    assert owner.get("/.well-known/change-password").location == "../account/password"
    answer = server.get("/.well-known/passkey-endpoints").json()
    root = f"http://localhost:{server.port}"
    assert answer == {"enroll": root + "/account/passkeys/new", "manage": root + "/account/security"}
    assert server.get("/.well-known/nothing").status_code == 404
