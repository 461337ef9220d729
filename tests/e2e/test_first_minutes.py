"""The first five minutes of somebody who has started the server at a terminal, in a headless Chromium and by its pages alone: no mail server,
no command line."""

from __future__ import annotations

import re
import shutil
import time

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed; ./test installs it"),
    pytest.mark.skipif(not DRIVER, reason="Debian's chromium-driver is not installed; ./test installs it"),
]

EMAIL, PASSWORD = "ada@example.com", "a rather quiet sentence"
# What the issue promises to a newcomer, in seconds.
PASSKEY_WITHIN = 120


@pytest.fixture
def newcomer(make_server):
    server = make_server(admin=False, terminal=True)
    server.wait_log("Latchkey .* is running")
    return server


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server",
                     "--disable-background-networking", "--lang=en", "--window-size=900,900", f"--user-data-dir={tmp_path / 'chromium'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    driver.set_page_load_timeout(60)
    driver.add_virtual_authenticator(VirtualAuthenticatorOptions(
        protocol="ctap2", transport="internal", has_resident_key=True, has_user_verification=True, is_user_verified=True))
    yield driver
    complaints = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]]
    driver.quit()
    assert not [message for message in complaints if "favicon" not in message]


def shown_links(server) -> dict[str, str]:
    """The addresses of the block at the terminal, by what stands before them."""
    block = server.stderr[server.stderr.rindex("is running."):]
    named = dict(re.findall(r"^    ([A-Z][\w ]+?)   +(http://\S+)", block, re.M))
    return named | {"first administrator": re.search(r"^    (http://\S+/first-administrator/\S+)$", block, re.M)[1]}


def wait_for(browser, find):
    return WebDriverWait(browser, 60).until(lambda driver: find())


def leave(browser, act):
    """Does what leads to another page, and waits for that."""
    body = browser.find_element(By.TAG_NAME, "body")
    act()
    WebDriverWait(browser, 60).until(lambda driver: driver.find_element(By.TAG_NAME, "body") != body)


def press(browser, button: str = "button.main"):
    leave(browser, browser.find_element(By.CSS_SELECTOR, button).click)


def follow(browser, text: str):
    leave(browser, browser.find_element(By.LINK_TEXT, text).click)


def fill(browser, **fields: str):
    for name, value in fields.items():
        browser.find_element(By.NAME, name).send_keys(value)


def heading(browser) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


def open_newest_mail(browser, mailbox: str, recipient: str):
    """Opens the mailbox again and again, as people do, until a mail to the recipient is there."""
    def first_mail():
        browser.get(mailbox)
        found = browser.find_elements(By.XPATH, f"//li[contains(., '{recipient}')]/a")
        return found and found[0]

    leave(browser, wait_for(browser, first_mail).click)


def test_F60_F62_a_newcomer_has_a_passkey_within_two_minutes(newcomer, browser):
    began = time.monotonic()
    shown = shown_links(newcomer)
    browser.get(shown["Start here"])
    assert browser.current_url.endswith("/welcome")
    follow(browser, "Create an account")
    fill(browser, email=EMAIL, username="Ada", password=PASSWORD)
    press(browser)
    open_newest_mail(browser, shown["Mailbox"], EMAIL)
    follow(browser, browser.find_element(By.CSS_SELECTOR, ".letter a[href*=confirmed_email]").text)
    press(browser)
    assert "confirmed" in browser.find_element(By.TAG_NAME, "main").text.lower()
    browser.get(shown["Start here"])
    assert browser.current_url.endswith("/sign-in"), "there is an account now"
    fill(browser, username=EMAIL, password=PASSWORD)
    press(browser)
    assert "/account" in browser.current_url
    browser.get(newcomer.public_url + "/account/passkeys/new")
    make = wait_for(browser, lambda: [button for button in browser.find_elements(By.CSS_SELECTOR, "form[data-passkey] button.main")
                                      if button.is_displayed()])[0]
    leave(browser, make.click)
    with newcomer.db() as db:
        assert db.execute("SELECT count(*) FROM passkeys").fetchone() == (1,)
    assert time.monotonic() - began < PASSKEY_WITHIN


def test_F62_the_link_of_the_terminal_makes_the_administrator(newcomer, browser):
    shown = shown_links(newcomer)
    browser.get(shown["first administrator"])
    fill(browser, email="no address", username="Keeper", password=PASSWORD)
    press(browser)
    assert browser.find_element(By.CSS_SELECTOR, "[role=alert]").is_displayed()
    assert browser.find_element(By.NAME, "username").get_attribute("value") == "Keeper"
    assert browser.find_element(By.NAME, "password").get_attribute("value") == ""
    address = browser.find_element(By.NAME, "email")
    address.clear()
    fill(browser, email="keeper@example.com", password=PASSWORD)
    press(browser)
    assert "administrator" in heading(browser).lower()
    with newcomer.db() as db:
        assert db.execute("SELECT email FROM users WHERE role = 'admin'").fetchall() == [("keeper@example.com",)]
    browser.get(shown["first administrator"])
    assert not browser.find_elements(By.TAG_NAME, "form"), "the link is used up"
    follow(browser, "Where to begin")
    assert "no administrator" not in browser.find_element(By.TAG_NAME, "main").text


def test_the_html_part_of_a_mail_runs_nothing_and_its_link_works(newcomer, browser):
    account = newcomer.signup(EMAIL)
    open_newest_mail(browser, shown_links(newcomer)["Mailbox"], EMAIL)
    follow(browser, "See its HTML part")
    assert browser.current_url.endswith("/html")
    assert browser.execute_script("return self.origin") == "null", "a sandbox has no origin"
    leave(browser, browser.find_element(By.CSS_SELECTOR, "a[href*=confirmed_email]").click)
    press(browser)
    account.login()


@pytest.mark.parametrize("width", [320, 900])
def test_the_pages_of_newcomers_fit_the_screen(newcomer, browser, width):
    account = newcomer.signup(EMAIL)
    name = newcomer.wait_mail(account.email)[-1].name.removesuffix(".eml")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False})
    link = shown_links(newcomer)["first administrator"]
    for page in ("/welcome", "/mailbox", f"/mailbox/{name}", link.removeprefix(newcomer.public_url)):
        browser.get(newcomer.public_url + page)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page
        assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1 and browser.title.startswith(heading(browser))
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
