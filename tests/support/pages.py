"""A person at a browser without scripts: keeps cookies, sends forms as they stand in the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import requests

from .accounts import PASSWORD, Account

COOKIE, FORM_COOKIE, STEP_COOKIE = "__Host-latchkey", "__Host-latchkey-form", "__Host-latchkey-step"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms: list[dict] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self._form: dict | None = None

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.targets.append(values.get("href", ""))
        if tag == "form":
            self._form = {"action": values.get("action", ""), "method": values.get("method", "get"), "fields": {},
                          "passkey": "data-passkey" in values, "options": values.get("data-options")}
            self.forms.append(self._form)
        if tag in ("input", "select") and self._form is not None and "name" in values:
            ticked = values.get("type") != "checkbox" or "checked" in values
            self._form["fields"][values["name"]] = values.get("value", "") if ticked else None

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None


class Page:
    """An answer, and what stands in it."""

    def __init__(self, response: requests.Response):
        self.response = response
        self.status = response.status_code
        self.text = response.text
        reader = _Reader()
        reader.feed(response.text)
        self.forms, self.ids, self.targets = reader.forms, reader.ids, reader.targets

    @property
    def location(self) -> str:
        return self.response.headers.get("Location", "")

    @property
    def title(self) -> str:
        return re.search(r"<title>(.*?)</title>", self.text)[1]

    def form(self, action: str = "") -> dict:
        """The form that is sent to an address that ends so; the first that is sent to the page itself."""
        found = [form for form in self.forms if form["action"].endswith(action) and (action or not form["action"])]
        assert found, f"no form for {action!r} in {self.forms}"
        return found[0]


class Visitor:
    """`path` is where the person is. Redirects are followed one by one, so that tests see each."""

    def __init__(self, server, **headers: str):
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.headers = {"Accept": HTML, "Accept-Language": "en", "Sec-Fetch-Site": "same-origin", **headers}
        self.path = "/"
        self.page: Page | None = None

    def request(self, method: str, path: str, **more) -> Page:
        headers = {**self.headers, **more.pop("headers", {})}
        # requests sends no `Secure` cookie to http://127.0.0.1; browsers do.
        headers.setdefault("Cookie", "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.session.cookies) or None)
        headers = {name: value for name, value in headers.items() if value is not None}
        response = self.session.request(method, self.server.url + path, headers=headers, allow_redirects=False, timeout=60,
                                        **more)
        self.path = path
        self.page = Page(response)
        return self.page

    def get(self, path: str, **more) -> Page:
        return self.request("GET", path, **more)

    def where(self, location: str) -> str:
        return requests.compat.urljoin(self.server.url + self.path, location).removeprefix(self.server.url)

    def follow(self) -> Page:
        while self.page.status == 303:
            self.get(self.where(self.page.location))
        return self.page

    def send(self, action: str = "", *, follow: bool = True, headers: dict | None = None, **values: str) -> Page:
        """Fills in a form of the page and sends it; a value of None leaves the field out."""
        form = self.page.form(action)
        fields = {name: value for name, value in {**form["fields"], **values}.items() if value is not None}
        page = self.request("POST", self.where(form["action"] or self.path), data=fields, headers=headers or {})
        return self.follow() if follow else page

    def cookie(self, name: str) -> str | None:
        return self.session.cookies.get(name)

    def sign_in(self, account: Account, password: str = PASSWORD, path: str = "/sign-in") -> Page:
        self.get(path)
        return self.send(username=account.email, password=password)
