"""Debian's Chromium without a window, driven by Selenium."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
AXE = Path(__file__).parents[2] / "build/test-node/node_modules/axe-core/axe.min.js"


def open_chromium(folder: Path, *, script: bool = True, authenticator: bool = False) -> webdriver.Chrome:
    """A browser of its own, with its profile in the folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-proxy-server",
                     "--disable-background-networking", "--hide-scrollbars", "--lang=en", f"--user-data-dir={folder}"):
        options.add_argument(argument)
    preferences = {"intl.accept_languages": "en"}
    if not script:
        preferences["profile.managed_default_content_settings.javascript"] = 2
    options.add_experimental_option("prefs", preferences)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    if authenticator:
        driver.add_virtual_authenticator(VirtualAuthenticatorOptions(
            protocol="ctap2", transport="internal", has_resident_key=True, has_user_verification=True, is_user_verified=True))
    return driver


def set_screen(driver, width: int, *, dark: bool = False) -> None:
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                           {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})


def send(driver, action: str = "", **values: str) -> None:
    """Fills in the form that is sent to that address and presses its button; waits for the next page."""
    forms = [form for form in driver.find_elements(By.CSS_SELECTOR, "form[method=post]")
             if (form.get_dom_attribute("action") or "").endswith(action) and (action or not form.get_dom_attribute("action"))]
    form = forms[0]
    for name, value in values.items():
        field = form.find_element(By.NAME, name)
        field.clear()
        field.send_keys(value)
    body = driver.find_element(By.TAG_NAME, "body")
    form.find_element(By.CSS_SELECTOR, "button:not([type=button])").click()
    wait_for_next(driver, body)


def wait_for_next(driver, body) -> None:
    WebDriverWait(driver, 60).until(lambda now: now.find_element(By.TAG_NAME, "body") != body)


def text_of(driver) -> str:
    return driver.find_element(By.TAG_NAME, "body").text


def complaints(driver) -> list[str]:
    """What axe-core finds wrong with the page."""
    driver.execute_script(AXE.read_text())
    found = json.loads(driver.execute_async_script("""
        const done = arguments[0];
        axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
          .then(result => done(JSON.stringify(result.violations.map(
            found => [found.id, found.nodes.map(node => node.html + " " + node.failureSummary)]))));"""))
    return [f"{rule}: {nodes}" for rule, nodes in found]
