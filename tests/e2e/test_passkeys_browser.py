"""Passkeys in a real browser: Chromium and its virtual authenticator on a bare page, which is no page of the server's."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import threading

import pytest
from selenium import webdriver
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from support import assert_problem
from support.authenticator import Passkeys, login, login_options
from support.factors import assert_step

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed; ./test installs it"),
    pytest.mark.skipif(not DRIVER, reason="Debian's chromium-driver is not installed; ./test installs it"),
]

PAGE = "<!doctype html><title>A page</title><form><input autocomplete='username webauthn'></form>"
CREATE = """
const [options, done] = arguments;
const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
navigator.credentials.create({publicKey}).then(made => done(JSON.stringify(made)), why => done(String(why)));
"""
GET = """
const [options, mediation, done] = arguments;
const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
navigator.credentials.get({publicKey, mediation}).then(given => done(JSON.stringify(given)), why => done(String(why)));
"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def page():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_port}"
        site.shutdown()


@pytest.fixture
def browser(tmp_path, page):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server",
                     "--disable-background-networking", f"--user-data-dir={tmp_path / 'chromium'}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    driver.add_virtual_authenticator(VirtualAuthenticatorOptions(
        protocol="ctap2", transport="internal", has_resident_key=True, has_user_verification=True, is_user_verified=True))
    driver.get(page)
    yield driver
    driver.quit()


@pytest.fixture
def mine(make_server, page) -> Passkeys:
    return Passkeys(make_server({"passkeys.origins": page}).user())


def answered(browser, script: str, *arguments) -> dict:
    said = browser.execute_async_script(script, *arguments)
    assert said.startswith("{"), said
    return json.loads(said)


def test_a_browser_registers_and_signs_in(mine, browser):
    create, get = functools.partial(answered, browser, CREATE), functools.partial(answered, browser, GET)
    made = create(mine.options().json())
    added = mine.add(made, "Chromium")
    assert added.status_code == 201, added.text
    assert added.json()["passkey"]["transports"] == ["internal"]

    # As the first proof, asked for by a button and by the form.
    for mediation in ("optional", "conditional"):
        tokens = login(mine.server, get(login_options(mine.server), mediation))
        assert tokens.status_code == 200, f"{mediation}: {tokens.text}"
    # As the second factor of a password.
    asked = assert_step(mine.account.try_login())
    options = login_options(mine.server, asked["login_token"])
    tokens = login(mine.server, get(options, "optional"), asked["login_token"])
    assert tokens.status_code == 200, tokens.text
    mine.account.tokens = tokens.json()

    # Not a second one on the same authenticator.
    said = browser.execute_async_script(CREATE, mine.options().json())
    assert "InvalidStateError" in said, said
    removed = mine.server.delete(f"/api/users/me/passkeys/{made['id']}", bearer=mine.account.access)
    assert removed.status_code == 204
    assert_problem(login(mine.server, get(login_options(mine.server), "optional")), 401, "invalid_passkey")


def test_a_page_of_another_origin_gets_nowhere(make_server, browser):
    mine = Passkeys(make_server().user())
    assert_problem(mine.add(answered(browser, CREATE, mine.options().json())), 401, "invalid_passkey")
    assert mine.list() == []
