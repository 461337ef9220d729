#!/usr/bin/env python3
"""Pictures of every page, light and dark, narrow and wide, left-to-right and right-to-left, with and without errors:
`build/test-venv/bin/python tests/e2e/pictures.py FOLDER [PAGE…]`. axe-core looks at each, too; what it finds is printed,
and is why the command fails."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyotp  # noqa: E402

from support import PASSWORD, Server  # noqa: E402
from support.chromium import complaints, open_chromium, send, set_screen  # noqa: E402

SHAPES = [("light-1200", 1200, False, "en"), ("dark-1200", 1200, True, "en"), ("light-360", 360, False, "en"),
          ("dark-360", 360, True, "en"), ("rtl-1200", 1200, False, "ar"), ("rtl-360", 360, True, "ar"), ("de-360", 360, False, "de")]


class Pictures:
    def __init__(self, folder: Path, wanted: list[str]):
        self.folder, self.wanted = folder, wanted
        folder.mkdir(parents=True, exist_ok=True)
        self.wrong: list[str] = []

    def take(self, driver, name: str, path: str | None = None, act=None) -> None:
        """Of a page at an address, or of what an action makes of it."""
        if self.wanted and not any(name.startswith(part) for part in self.wanted):
            return
        for shape, width, dark, language in SHAPES:
            set_screen(driver, width, dark=dark)
            if path is not None:
                driver.get(driver.base + path + ("&" if "?" in path else "?") + "lang=" + language)
            if act is not None:
                act(driver)
            height = driver.execute_script("return document.documentElement.scrollHeight")
            wide = driver.execute_script("return document.documentElement.scrollWidth")
            if wide > width:
                self.wrong.append(f"{name}-{shape}: {wide} pixels wide")
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                   {"width": width, "height": max(700, height), "deviceScaleFactor": 1, "mobile": False})
            driver.save_screenshot(str(self.folder / f"{name}-{shape}.png"))
            self.wrong += [f"{name}-{shape}: {found}" for found in complaints(driver)]


def main() -> int:
    pictures = Pictures(Path(sys.argv[1]), sys.argv[2:])
    with tempfile.TemporaryDirectory() as temporary, Server({"public_url": "http://example.localhost"}) as server:
        driver = open_chromium(Path(temporary) / "profile", authenticator=True)
        driver.base = f"http://example.localhost:{server.port}"
        account = server.user(username="Ada Lovelace")
        shy = server.signup(username="Grace Hopper")
        wrong = dict(username="ada@example.com", password="wrong-password")
        pictures.take(driver, "sign-in", "/sign-in")
        pictures.take(driver, "sign-in-wrong", "/sign-in", lambda now: send(now, **wrong))
        pictures.take(driver, "sign-in-code", "/sign-in/code")
        pictures.take(driver, "sign-up", "/sign-up")
        pictures.take(driver, "sign-up-wrong", "/sign-up", lambda now: send(now, email="no address", username="x", password="short"))
        pictures.take(driver, "forgotten", "/password/forgotten")
        pictures.take(driver, "check-your-mail", "/check-your-mail")
        pictures.take(driver, "confirm", server.wait_mail(shy.email)[-1].confirmation_path)
        pictures.take(driver, "bad-link", "/password/new/x.y.z")
        driver.get(driver.base + "/sign-in/code")
        send(driver, email=account.email)
        pictures.take(driver, "sign-in-code-check", "/sign-in/code/check")
        driver.get(driver.base + "/sign-in?lang=en")
        send(driver, username=account.email, password=PASSWORD)
        pictures.take(driver, "account-new", "/account")
        pictures.take(driver, "security-new", "/account/security")
        pictures.take(driver, "totp", "/account/totp")
        driver.get(driver.base + "/account/totp?lang=en")
        secret = re.search(r'id="secret">([A-Z2-7 ]+)<', driver.page_source)[1].replace(" ", "")
        app = pyotp.TOTP(secret)
        send(driver, code=app.at(server.clock.now()))
        set_screen(driver, 1200)
        driver.save_screenshot(str(pictures.folder / "totp-enabled.png"))
        for name, path in [("account", "/account"), ("security", "/account/security"), ("sessions", "/account/sessions"),
                           ("activity", "/account/activity"), ("profile", "/account/profile"), ("password", "/account/password"),
                           ("email", "/account/email"), ("recovery-codes", "/account/recovery-codes"), ("totp-remove", "/account/totp/remove"),
                           ("delete", "/account/delete"), ("sudo", "/sudo"), ("sign-out", "/sign-out"), ("passkey-new", "/account/passkeys/new")]:
            pictures.take(driver, name, path)
        pictures.take(driver, "password-wrong", "/account/password", lambda now: send(now, current_password="", password="x"))
        driver.get(driver.base + "/account?lang=en")
        send(driver, "sign-out")
        send(driver, username=account.email, password=PASSWORD)
        pictures.take(driver, "factor", "/sign-in/factor")
        pictures.take(driver, "recovery-code", "/sign-in/recovery-code")
        driver.quit()
    print("\n".join(pictures.wrong), file=sys.stderr)
    print(f"{len(list(pictures.folder.glob('*.png')))} pictures in {pictures.folder}; {len(pictures.wrong)} things are wrong")
    return 1 if pictures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
