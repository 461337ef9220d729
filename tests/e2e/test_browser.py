"""The pages, in a headless Chromium: what a person who clicks the link of the mail sees and can do."""

import shutil
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from support import assert_problem

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed; ./test installs it"),
    pytest.mark.skipif(not DRIVER, reason="Debian's chromium-driver is not installed; ./test installs it"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server",
                     "--disable-background-networking", "--window-size=800,600",
                     f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture(autouse=True)
def quiet_console(browser):
    """No page may try what its own policy forbids."""
    browser.get_log("browser")
    yield
    complaints = [entry["message"] for entry in browser.get_log("browser")
                  if "Content Security Policy" in entry["message"] and "favicon" not in entry["message"]]
    assert complaints == []


def buttons(browser):
    return browser.find_elements(By.CSS_SELECTOR, "form button, form input[type=submit]")


def press(browser, form_part: str) -> str:
    """Presses the button of the form whose address has the given part; answers the text of the next page."""
    form, = [form for form in browser.find_elements(By.TAG_NAME, "form")
             if form_part in (form.get_attribute("action") or browser.current_url)]
    body = browser.find_element(By.TAG_NAME, "body")
    form.find_element(By.CSS_SELECTOR, "button, input[type=submit]").click()
    WebDriverWait(browser, 60).until(lambda driver: driver.find_element(By.TAG_NAME, "body") != body)
    return browser.find_element(By.TAG_NAME, "body").text


def open_link(server, browser, account):
    browser.get(server.wait_mail(account.email)[-1].confirmation_link)


def test_opening_the_link_shows_who_it_is_for_and_confirms_nothing(server, browser):
    account = server.signup(username="Ada Lovelace")
    open_link(server, browser, account)
    assert browser.title
    assert "Ada Lovelace" in browser.find_element(By.TAG_NAME, "body").text
    assert len(buttons(browser)) == 2
    assert all(button.is_displayed() and button.text or button.get_attribute("value") for button in buttons(browser))
    assert_problem(account.try_login(), 401, "email_not_confirmed")


def test_pressing_the_button_confirms(server, browser):
    account = server.signup()
    open_link(server, browser, account)
    assert "confirmed" in press(browser, "confirmed_email").lower()
    account.login()
    open_link(server, browser, account)
    assert "already confirmed" in browser.find_element(By.TAG_NAME, "body").text.lower()
    assert buttons(browser) == []


def test_pressing_this_was_not_me_removes_the_account(server, browser):
    account = server.signup()
    open_link(server, browser, account)
    assert "removed" in press(browser, "rejected_email").lower()
    assert_problem(account.try_login(), 401, "invalid_credentials")


@pytest.mark.parametrize("behind", ["/", "//"])
@pytest.mark.parametrize("before", ["/", "//"])
def test_the_second_button_works_however_many_slashes_the_link_was_given(server, browser, before, behind):
    account = server.signup()
    start, token = server.wait_mail(account.email)[-1].confirmation_link.rsplit("/", 1)
    browser.get(start + before + token + behind)
    assert "removed" in press(browser, "rejected_email").lower()
    assert_problem(account.try_login(), 401, "invalid_credentials")


def test_the_second_link_of_the_mail_leads_to_the_way_out(server, browser):
    account = server.signup()
    link = server.wait_mail(account.email)[-1].confirmation_link.replace("/confirmed_email/", "/rejected_email/")
    browser.get(link)
    assert_problem(account.try_login(), 401, "email_not_confirmed")
    assert "removed" in press(browser, "rejected_email").lower()
    assert_problem(account.try_login(), 401, "invalid_credentials")


def test_a_bad_link_says_so(server, browser):
    browser.get(server.url + "/api/auth/confirmed_email/not.a.token")
    assert browser.find_element(By.TAG_NAME, "body").text.strip()
    assert buttons(browser) == []


def test_markup_in_a_user_name_is_text(server, browser):
    account = server.signup(username="<img src=x onerror=1>")
    open_link(server, browser, account)
    assert "<img src=x onerror=1>" in browser.find_element(By.TAG_NAME, "body").text
    assert browser.find_elements(By.TAG_NAME, "img") == []


def test_the_docs_can_be_read(server, browser):
    browser.get(server.url + "/docs")
    text = browser.find_element(By.TAG_NAME, "body").text
    assert "/api/auth/signup" in text and "/api/users/me" in text


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs//"])
def test_the_docs_lead_to_the_document_for_programs(server, browser, path):
    browser.get(server.url + path)
    link, = browser.find_elements(By.CSS_SELECTOR, "a[href$='openapi.json']")
    assert server.get(urlsplit(link.get_attribute("href")).path, cacheable=True).json()["openapi"]
