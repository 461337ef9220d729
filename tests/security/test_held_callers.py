"""C60: a session that ends between the check of a request and its write changes nothing, on any route. The test stops each
request where it waits for the row of its account, ends the session, and lets the request go on.

A new route that a signed-in caller changes something with belongs into WRITES."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator

import psycopg
import pyotp
import pytest

from support import Account, Server, assert_problem, unique_email
from support.authenticator import Passkeys
from support.factors import App, begin
from support.postgres import Database
from support.routes import list_routes
from support.state import changes


@pytest.fixture(scope="module")
def served(postgres) -> Iterator[Server]:
    """PostgreSQL: there a test sees that a request waits."""
    database = Database(postgres)
    try:
        with Server(database.settings()) as server:
            yield server
    finally:
        database.remove()


# What has expired, since the clock is moved for new codes, is removed at some time.
SWEPT = ("spent", "mail_codes")


class Caller:
    """A signed-in account with everything that can be changed, and the request that is about to change it."""

    def __init__(self, server: Server):
        self.server = server
        self.account: Account = server.user()
        self.app = App(self.account)
        self.passkeys = Passkeys(self.account)
        self.authenticator = self.passkeys.register()

    def send(self, method: str, path: str, body: dict | None = None, account: Account | None = None) -> Callable:
        bearer = (account or self.account).access
        more = {} if body is None else {"json": body}
        return lambda: self.server.request(method, path, bearer=bearer, **more)

    def passkey_path(self) -> str:
        return "/api/users/me/passkeys/" + self.passkeys.list()[0]["id"]

    def new_passkey(self) -> dict:
        return {"credential": self.passkeys.new().create(self.passkeys.options().json())}

    def new_app(self) -> dict:
        begun = begin(self.account)
        step = int(self.server.clock.now() // 30)
        return {"enrolment": begun["enrolment"], "code": pyotp.TOTP(begun["secret"]).generate_otp(step)}

    def change_of_address(self) -> dict:
        new = unique_email("new")
        asked = self.server.post("/api/users/me/email", json={"email": new}, bearer=self.account.access)
        assert asked.status_code == 200, asked.text
        mail = self.server.wait_mail(new)[-1]
        return {"handle": asked.json()["handle"], "code": re.search(r"\d{8}", mail.text)[0]}

    def other_session(self) -> str:
        tokens = dict(self.account.tokens)
        self.app.login()
        other, self.account.tokens = self.account.tokens, tokens
        assert other != tokens
        sessions = self.account.sessions()
        return next(session["id"] for session in sessions if not session["current"])


ME = "/api/users/me"
WRITES: dict[tuple[str, str], Callable[[Caller], Callable]] = {
    ("PATCH", ME): lambda c: c.send("PATCH", ME, {"username": "thief", "language": "de"}),
    ("DELETE", ME): lambda c: c.send("DELETE", ME, {"email": c.account.email}),
    ("GET", f"{ME}/export"): lambda c: c.send("GET", f"{ME}/export"),
    ("PUT", f"{ME}/password"): lambda c: c.send("PUT", f"{ME}/password", {"password": "a much better password"}),
    ("DELETE", f"{ME}/password"): lambda c: c.send("DELETE", f"{ME}/password"),
    ("POST", f"{ME}/email"): lambda c: c.send("POST", f"{ME}/email", {"email": unique_email("new")}),
    ("POST", f"{ME}/email/confirm"): lambda c: c.send("POST", f"{ME}/email/confirm", c.change_of_address()),
    ("PUT", f"{ME}/totp"): lambda c: c.send("PUT", f"{ME}/totp", c.new_app()),
    ("DELETE", f"{ME}/totp"): lambda c: c.send("DELETE", f"{ME}/totp"),
    ("POST", f"{ME}/recovery_codes"): lambda c: c.send("POST", f"{ME}/recovery_codes"),
    ("POST", f"{ME}/passkeys"): lambda c: c.send("POST", f"{ME}/passkeys", c.new_passkey()),
    ("PATCH", f"{ME}/passkeys/{{id}}"): lambda c: c.send("PATCH", c.passkey_path(), {"name": "thief's"}),
    ("DELETE", f"{ME}/passkeys/{{id}}"): lambda c: c.send("DELETE", c.passkey_path()),
    ("DELETE", "/api/auth/sessions/{id}"): lambda c: c.send("DELETE", f"/api/auth/sessions/{c.other_session()}"),
    ("POST", "/api/auth/logout_all"): lambda c: c.send("POST", "/api/auth/logout_all"),
    ("POST", "/api/auth/sudo"): lambda c: c.send("POST", "/api/auth/sudo", {"totp": c.app.code()}),
    ("POST", "/api/auth/block_user/{user_id}"): lambda c: c.send(
        "POST", f"/api/auth/block_user/{c.server.user().id}", {"is_active": False}, administrator(c)),
    ("DELETE", "/api/admin/users/{user_id}/factors/{kind}"): lambda c: c.send(
        "DELETE", f"/api/admin/users/{Caller(c.server).account.id}/factors/all", account=administrator(c)),
}
# They write nothing.
READS = {("POST", f"{ME}/totp"), ("POST", f"{ME}/passkeys/options"), ("POST", "/api/auth/sudo/passkey/options")}
ROUTES = {(route.method, route.pattern) for route in list_routes() if route.credential == "accessToken"}
# A try is counted before anybody looks at the code.
COUNTED = {("POST", f"{ME}/email/confirm"): ("users", "mail_codes"), ("POST", "/api/auth/sudo"): ("users",)}


def administrator(caller: Caller) -> Account:
    """From now on the caller is one, and has signed in as one."""
    caller.server.cli_ok("user", "set-role", caller.account.email, "admin")
    caller.app.login()
    return caller.account


def test_every_route_that_changes_something_is_among_them():
    assert {route for route in ROUTES if route[0] not in ("GET", "HEAD")} <= WRITES.keys() | READS


@contextlib.contextmanager
def row_held(server: Server, account: Account) -> Iterator[psycopg.Connection]:
    """Whoever wants the row of the account waits until the block ends."""
    with psycopg.connect(str(server.settings["database_url"])) as connection:
        connection.execute("UPDATE users SET security_version = security_version WHERE id = %s", (account.id,))
        yield connection


def somebody_waits(server: Server) -> bool:
    with server.db() as db:
        return db.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                          "wait_event_type = 'Lock'").fetchone()[0] > 0


@pytest.mark.parametrize("route", sorted(WRITES.keys() & ROUTES), ids=" ".join)
def test_C60_a_session_that_ends_meanwhile_changes_nothing(served, route):
    caller = Caller(served)
    send = WRITES[route](caller)
    before = served.snapshot()
    answers = []
    with row_held(served, caller.account) as holder:
        thread = threading.Thread(target=lambda: answers.append(send()))
        thread.start()
        served.wait(lambda: somebody_waits(served) or answers, "the request to come to its write")
        assert not answers, f"it did not wait for the row of its account: {answers[0].text}"
        holder.execute("DELETE FROM sessions WHERE user_id = %s", (caller.account.id,))
    thread.join()
    assert_problem(answers[0], 401, "invalid_token")
    allowed = ("sessions", "audit", *COUNTED.get(route, ()))
    found = {table: rows for table, rows in changes(before, served.snapshot()).items() if table not in allowed
             and not (table in SWEPT and all(sign == "-" for sign, _ in rows))}
    assert not found, found


@pytest.mark.parametrize("route", sorted(WRITES.keys() & ROUTES), ids=" ".join)
def test_C60_and_one_that_lives_does(served, route):
    """Otherwise the test above would show nothing."""
    answer = WRITES[route](Caller(served))()
    assert answer.status_code in (200, 201, 204), answer.text
