"""The pages in a headless Chromium, as people use them: with and without scripts, with passkeys, and with axe-core
looking on."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from support import PASSWORD
from support.pages import FORM_COOKIE, STEP_COOKIE, Visitor
from support.chromium import CHROMIUM, DRIVER, complaints, open_chromium, send, set_screen, text_of, wait_for_next

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed; ./test installs it"),
    pytest.mark.skipif(not DRIVER, reason="Debian's chromium-driver is not installed; ./test installs it"),
]


@pytest.fixture
def browser(server, tmp_path):
    driver = open_chromium(tmp_path / "chromium", authenticator=True)
    driver.base = f"http://localhost:{server.port}"
    driver.get_log("browser")
    yield driver
    blocked = [entry["message"] for entry in driver.get_log("browser")
               if "Content Security Policy" in entry["message"] and "favicon" not in entry["message"]]
    driver.quit()
    assert blocked == [], "no page may try what its own policy forbids"


def sign_in(browser, account):
    browser.get(browser.base + "/sign-in")
    send(browser, username=account.email, password=PASSWORD)


def path(browser) -> str:
    return browser.current_url.removeprefix(browser.base)


def press(browser, selector: str):
    body = browser.find_element(By.TAG_NAME, "body")
    browser.find_element(By.CSS_SELECTOR, selector).click()
    wait_for_next(browser, body)


def test_a_person_signs_in_and_out(server, browser):
    sign_in(browser, server.user(username="Ada Lovelace"))
    assert path(browser) == "/account" and "Hello, Ada Lovelace" in text_of(browser)
    send(browser, "sign-out")
    assert path(browser) == "/sign-in?note=signed_out" and "You are signed out." in text_of(browser)


def test_everything_but_passkeys_works_without_a_script(server, tmp_path):
    browser = open_chromium(tmp_path / "chromium", script=False)
    browser.base = f"http://localhost:{server.port}"
    try:
        sign_in(browser, server.user())
        browser.get(browser.base + "/account/profile")
        send(browser, username="Grace Hopper")
        assert "Saved." in text_of(browser)
        browser.get(browser.base + "/account/passkeys/new")
        assert "Passkeys need JavaScript" in text_of(browser)
        send(browser, "sign-out")
        shown = [button.text for button in browser.find_elements(By.TAG_NAME, "button") if button.is_displayed()]
        assert shown == ["Sign in"], "what needs a script is hidden"
    finally:
        browser.quit()


def test_a_wrong_password_takes_the_focus_to_what_is_wrong(server, browser):
    browser.get(browser.base + "/sign-in")
    send(browser, username="nobody@example.com", password="wrong-password-1")
    focused = browser.switch_to.active_element
    assert focused.get_attribute("role") == "alert" and "is wrong" in focused.text
    focused.find_element(By.TAG_NAME, "a").click()
    assert browser.switch_to.active_element.get_attribute("id") == "email"


def test_the_password_can_be_seen(server, browser):
    browser.get(browser.base + "/sign-in")
    field = browser.find_element(By.ID, "current-password")
    button = browser.find_element(By.CSS_SELECTOR, "button[data-shows]")
    button.click()
    assert (field.get_attribute("type"), button.text, button.get_attribute("aria-pressed")) == ("text", "Hide", "true")
    button.click()
    assert (field.get_attribute("type"), button.text) == ("password", "Show")


def test_a_passkey_is_made_and_signs_in(server, browser):
    account = server.user()
    sign_in(browser, account)
    browser.get(browser.base + "/account/passkeys/new")
    browser.find_element(By.ID, "passkey-name").send_keys("Work laptop")
    press(browser, "form[data-passkey] button")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#codes code")) == 10, text_of(browser)
    browser.get(browser.base + "/account/security")
    assert "Work laptop" in text_of(browser)
    send(browser, "sign-out")
    WebDriverWait(browser, 60).until(lambda now: path(now) == "/account" or now.find_elements(By.CSS_SELECTOR, "form[data-passkey]:not([hidden])"))
    # The browser may offer the passkey by itself, and take it.
    if path(browser) != "/account":
        button = browser.find_element(By.CSS_SELECTOR, "form[data-passkey] button")
        browser.execute_script("arguments[0].click()", button)
        WebDriverWait(browser, 60).until(lambda now: path(now) == "/account")
    assert "Hello" in text_of(browser)


def test_a_passkey_proves_once_more_who_is_there(make_server, tmp_path):
    server = make_server()
    browser = open_chromium(tmp_path / "chromium", authenticator=True)
    browser.base = f"http://localhost:{server.port}"
    try:
        sign_in(browser, server.user())
        browser.get(browser.base + "/account/passkeys/new")
        press(browser, "form[data-passkey] button")
        server.clock.advance(601)
        browser.get(browser.base + "/account/email")
        assert path(browser) == "/sudo?to=/account/email" and not browser.find_elements(By.NAME, "password")
        press(browser, "form[data-passkey] button")
        WebDriverWait(browser, 60).until(lambda now: path(now) == "/account/email")
    finally:
        browser.quit()


def test_a_passkey_is_the_second_factor(server, browser):
    account = server.user()
    sign_in(browser, account)
    browser.get(browser.base + "/account/passkeys/new")
    press(browser, "form[data-passkey] button")
    browser.delete_all_cookies()
    # The first step elsewhere: the sign-in page would offer the passkey by itself.
    visitor = Visitor(server)
    visitor.sign_in(account)
    for name in (FORM_COOKIE, STEP_COOKIE):
        browser.add_cookie({"name": name, "value": visitor.cookie(name), "path": "/", "secure": True, "sameSite": "Lax"})
    browser.get(browser.base + "/sign-in/factor")
    press(browser, "form[data-passkey] button")
    WebDriverWait(browser, 60).until(lambda now: path(now) == "/account")


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width, dark", [(320, False), (1200, True)])
def test_axe_finds_nothing_and_nothing_sticks_out(server, browser, width, dark, language):
    account = server.user(username="Ada")
    set_screen(browser, width, dark=dark)
    for where in ("/sign-in", "/sign-up", "/sign-in/code", "/password/forgotten"):
        browser.get(f"{browser.base}{where}?lang={language}")
        assert complaints(browser) == [], where
    send(browser, email="no address")
    assert complaints(browser) == []
    sign_in(browser, account)
    for where in ("/account", "/account/security", "/account/sessions", "/account/activity", "/account/profile", "/account/password",
                  "/account/totp", "/account/email", "/account/delete", "/sudo"):
        browser.get(browser.base + where)
        assert complaints(browser) == [], where
        wide, shown = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= shown == width, where


def test_moments_are_told_in_the_readers_own_time(server, browser):
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    sign_in(browser, server.user())
    browser.get(browser.base + "/account/sessions")
    moment = browser.find_element(By.TAG_NAME, "time")
    assert "UTC" in moment.get_attribute("title") and "UTC" not in moment.text and moment.text
