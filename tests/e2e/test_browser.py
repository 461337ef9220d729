"""The pages, in a headless Chromium: what a person who clicks the link of the mail sees and can do."""

import json
import shutil

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


def set_width(browser, width: int):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                            {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False})


@pytest.mark.parametrize("path", ["/docs", "/api/auth/confirmed_email/not.a.token"])
def test_pages_fit_a_narrow_screen_and_have_their_style(server, browser, path):
    set_width(browser, 360)
    try:
        browser.get(server.url + path)
        WebDriverWait(browser, 30).until(lambda driver: path != "/docs" or driver.find_elements(By.TAG_NAME, "article"))
        wide, shown = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= shown == 360
        assert browser.execute_script("return getComputedStyle(document.body).display") == "flex"
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def open_docs(server, browser):
    browser.get(server.url + "/docs")
    WebDriverWait(browser, 30).until(lambda driver: driver.find_elements(By.TAG_NAME, "article"))


def article(browser, name: str):
    return browser.find_element(By.ID, name)


def try_it(browser, name: str, *values: str) -> str:
    """Opens "try it" of an operation, fills in its fields in order, sends; answers what came back."""
    operation = article(browser, name)
    operation.find_elements(By.TAG_NAME, "summary")[-1].click()
    fields = operation.find_elements(By.CSS_SELECTOR, "form input, form textarea")
    assert len(fields) == len(values)
    for field, value in zip(fields, values):
        field.clear()
        field.send_keys(value)
    operation.find_element(By.CSS_SELECTOR, "form button").click()
    result = operation.find_element(By.CSS_SELECTOR, "[role=status]")
    WebDriverWait(browser, 30).until(lambda _: result.is_displayed())
    return result.text


def test_the_docs_show_every_operation_with_its_answers_codes_and_a_curl_line(server, browser):
    open_docs(server, browser)
    document = server.get("/openapi.json", cacheable=True).json()
    operations = [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]
    assert len(browser.find_elements(By.TAG_NAME, "article")) == len(operations)
    for path, method, operation in operations:
        text = article(browser, operation["operationId"]).text
        assert path in text and f"curl -X {method.upper()} '{server.url}" in text
        for status, answer in operation["responses"].items():
            assert status in text and all(code in text for code in answer.get("x-codes", {}))
    assert "user@example.com" in article(browser, "post_api_auth_request_email").text


def test_a_sign_in_that_is_tried_in_the_docs_opens_the_guarded_routes(server, browser):
    account = server.user()
    open_docs(server, browser)
    assert try_it(browser, "get_api_users_me").startswith("401")
    fields = json.dumps({"username": account.email, "password": account.password})
    assert try_it(browser, "post_api_auth_login", fields).startswith("200")
    token = browser.find_element(By.ID, "accessToken").get_attribute("value")
    assert token.count(".") == 2
    me = article(browser, "get_api_users_me")
    me.find_element(By.CSS_SELECTOR, "form button").click()
    result = me.find_element(By.CSS_SELECTOR, "[role=status]")
    WebDriverWait(browser, 30).until(lambda _: result.text.startswith("200"))
    assert account.email in result.text
    assert browser.execute_script("return [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    browser.refresh()
    WebDriverWait(browser, 30).until(lambda driver: driver.find_elements(By.TAG_NAME, "article"))
    assert browser.find_element(By.ID, "accessToken").get_attribute("value") == ""


def test_the_docs_send_what_stands_in_the_fields(server, browser):
    open_docs(server, browser)
    assert try_it(browser, "post_api_auth_request_email", "{").startswith("400")
    body = article(browser, "post_api_auth_request_email").find_element(By.TAG_NAME, "textarea")
    body.clear()
    body.send_keys('{"email": "it\'s"}')
    assert """--data '{"email": "it'\\''s"}'""" in article(browser, "post_api_auth_request_email").text
    assert "/assets/a%2Fb.css" in article_after(browser, "get_assets_file", "a/b.css")


def article_after(browser, name: str, value: str) -> str:
    try_it(browser, name, value)
    return article(browser, name).text


def test_without_a_script_the_docs_say_where_the_description_is(server, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(server.url + "/docs")
        browser.find_element(By.LINK_TEXT, "openapi.json").click()
        WebDriverWait(browser, 30).until(lambda driver: driver.current_url.endswith("/openapi.json"))
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
