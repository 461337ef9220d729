"""RL14: what strangers can make grow has a bound in bytes, and docs/operations.md states it."""

import os
import re
from pathlib import Path

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from support import PASSWORD, Account, Server, assert_problem, unique_email
from support.authenticator import Passkeys
from support.factors import App, begin, confirm, login_token, try_recovery

PAGE = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text()
HOUR = 3600
# The defaults that the table is reckoned with, by setting.
DEFAULTS = {"unconfirmed_accounts": 2000, "mails": 5000, "audit_refusals": 2000}


def stated(what: str) -> tuple[int, int]:
    """Rows and bytes that the page allows."""
    row = re.search(rf"^\| {re.escape(what)} \| ([^|]+) \|", PAGE, re.M)[1]
    rows, size = re.match(r"([\d.,]+)( million)? rows, ([\d.]+ [MG]B)", row).group(0).split(" rows, ")
    number = float(rows.removesuffix(" million").replace(",", "")) * (1e6 if rows.endswith("million") else 1)
    value, unit = size.split()
    return int(number), int(float(value) * {"MB": 1e6, "GB": 1e9}[unit])


def file_size(server) -> int:
    server.stop()
    size = (server.data_dir / "latchkey.db").stat().st_size
    server.start()
    return size


def long_email() -> str:
    return unique_email("a-rather-long-name-as-people-have-them")


def bytes_of(server, table: str) -> int:
    """What a table takes in the file, with its indexes."""
    with server.db() as db:
        names = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE tbl_name = ?", (table,))]
        size, = db.execute(f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({','.join('?' * len(names))})", names).fetchone()
        return size


def change_address(account) -> None:
    """Leaves the end of an undo behind, with two long addresses."""
    email = long_email()
    asked = account.server.post("/api/users/me/email", bearer=account.access, json={"email": email})
    assert asked.status_code == 200, asked.text
    link = re.search(r"(/api/auth/email_change/\S+)", account.server.wait_mail(email)[-1].text)[1]
    assert account.server.post(link).status_code == 200
    account.email = email


def stated_each(what: str) -> tuple[int, int]:
    """Rows and bytes that the page allows for one account (or client)."""
    row = re.search(rf"^\| {re.escape(what)} \| ([\d,]+) rows?, ([\d.]+) ([KMG]B) for each", PAGE, re.M)
    assert row, what
    return int(row[1].replace(",", "")), int(float(row[2]) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[row[3]])


@pytest.mark.embedded
def test_RL14_what_accounts_make_grow_is_no_larger_than_the_table_says(make_server):
    """Sessions, devices and mailed codes have a number of rows for each account that the next one pushes out or waits for."""
    server = make_server({"limits.enabled": "true", "limits.mail_interval": "1s", "http.trusted_proxies": "127.0.0.1"})
    accounts = [server.user() for _ in range(3)]
    sessions, devices, codes = [stated_each(what) for what in ("sessions", "devices", "tries of mailed codes")]
    for account in accounts:
        for number in range(devices[0] + 5):
            account.login(headers={"X-Forwarded-For": f"198.51.{account.id % 256}.{number}", "User-Agent": "x" * 300})
        for _ in range(sessions[0] + 5 - devices[0]):
            account.login(headers={"X-Forwarded-For": f"198.51.{account.id % 256}.1", "User-Agent": "x" * 300})
    for _ in range(codes[0] + 3):
        server.clock.advance(3600)  # five an hour, ten a day
        for account in accounts:
            assert server.post("/api/auth/password/forgotten", json={"email": account.email}).status_code == 200
    with server.db() as db:
        counts = {table: [count for count, in db.execute(f"SELECT count(*) FROM {table} WHERE user_id <> 1 GROUP BY user_id")]
                  for table in ("sessions", "devices", "mail_codes")}
    assert counts["sessions"] == [sessions[0]] * 3
    assert counts["devices"] == [devices[0]] * 3
    assert 3 * 5 <= sum(counts["mail_codes"]) <= codes[0] * 3
    for table, (rows, size) in zip(counts, (sessions, devices, codes)):
        # A table that has just grown has pages that are half full.
        assert bytes_of(server, table) / sum(counts[table]) <= 2 * size / rows, table


def test_RL14_what_does_not_succeed_spends_no_id_and_makes_no_code(server):
    account = server.user()
    with server.db() as db:
        before = [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("spent", "mail_codes")]
    for _ in range(20):
        server.post("/api/auth/password/reset", json={"token": account.refresh, "password": PASSWORD + "-other"})
        server.post("/api/auth/password/forgotten", json={"email": unique_email("nobody")})
        server.post("/api/auth/confirmed_email/" + account.refresh, headers={"Accept": "application/json"})
        account.try_login("not-the-password")
    with server.db() as db:
        assert before == [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("spent", "mail_codes")]


@pytest.mark.embedded
def test_RL14_what_factors_make_grow_is_no_larger_than_the_table_says(make_server):
    """Each account has as many factors as it may, with the longest credential ids and names, and a further one is refused."""
    server = make_server()
    accounts = [server.user() for _ in range(3)]
    kinds = {"totp": "authenticator apps", "recovery_codes": "recovery codes", "passkeys": "passkeys", "scheduled": "what is scheduled"}
    allowed = {table: stated_each(what) for table, what in kinds.items()}
    key = rsa.generate_private_key(65537, 2048)
    for account in accounts:
        app = App(account)
        app.login()
        keys = Passkeys(account)
        for number in range(allowed["passkeys"][0]):
            passkey = keys.new("ES256")
            passkey.algorithm, passkey.key, passkey.id = "RS256", key, os.urandom(1023)
            keys.register(passkey, name="x" * 64)
            if number == 0:
                keys.sign_in(passkey)
        assert_problem(keys.options(), 409, "too_many_passkeys")
        begun = begin(account)  # another app takes the place of the first
        assert confirm(account, begun["enrolment"], pyotp.TOTP(begun["secret"]).at(int(server.clock.now()))).status_code == 200
        assert server.post("/api/users/me/recovery_codes", bearer=account.access).status_code == 200
        change_address(account)
        keys.sign_in(passkey)
        assert server.delete("/api/users/me", bearer=account.access, json={"email": account.email}).status_code == 200
    with server.db() as db:
        counts = {table: [count for count, in db.execute(f"SELECT count(*) FROM {table} GROUP BY user_id")] for table in kinds}
    assert counts == {"totp": [1] * 3, "recovery_codes": [10] * 3, "passkeys": [20] * 3, "scheduled": [2] * 3}
    for table, (rows, size) in allowed.items():
        assert max(counts[table]) <= rows
        # A page of 4 KB is the least that a table and each of its indexes take, however few its rows are.
        assert (bytes_of(server, table) - 3 * 4096) / sum(counts[table]) <= 2 * size / rows, table


@pytest.mark.embedded
def test_RL14_a_change_of_a_factor_is_no_larger_in_the_audit_than_the_table_says(make_server):
    server = make_server()
    account = server.user()
    app = App(account)
    app.login()
    rows, size = stated_each("changes of factors in the audit, and their notices")

    def entries() -> tuple[int, int]:
        with server.db() as db:
            return db.execute("SELECT count(*) FROM audit").fetchone()[0], bytes_of(server, "audit")

    before, changes = entries(), 200
    for _ in range(changes):
        assert server.post("/api/users/me/recovery_codes", bearer=account.access).status_code == 200
    after = entries()
    assert after[0] - before[0] == changes
    assert (after[1] - before[1]) / changes <= size / rows
    assert re.search(r"`limits.account_changes` \| `1000/10m`", server.cli_ok("config", "--reference"))
    assert rows >= 1000 * 6 * 24 * 400
    with server.db() as db:
        server.wait(lambda: db.execute("SELECT count(*) FROM mails").fetchone() == (0,), "the notices to be sent", timeout=120)


@pytest.mark.embedded
def test_RL14_spent_ids_are_no_larger_than_the_table_says(make_server):
    """A sign-in with a factor spends its token; a wrong recovery code, which only who has proved a password can send, spends one of five."""
    server = make_server()
    account = server.user()
    app = App(account)
    rows, size = stated_each("spent ids")

    def spent() -> int:
        with server.db() as db:
            return db.execute("SELECT count(*) FROM spent").fetchone()[0]

    sign_ins, before = 20, spent()
    for _ in range(sign_ins):
        app.login()
    assert spent() - before <= sign_ins
    before, tries = spent(), 8
    token = login_token(account)
    answers = [try_recovery(server, token, "aaaa-aaaa-aaaa-aaaa").json()["code"] for _ in range(tries)]
    assert answers.count("invalid_code") == 5 and spent() - before == 5
    for _ in range(60):
        for _ in range(5):
            try_recovery(server, token, "aaaa-aaaa-aaaa-aaaa")
        token = login_token(account)
    assert (bytes_of(server, "spent") - 2 * 4096) / spent() <= 2 * size / rows
    # Of one client, in the ten minutes that an id is kept: a bucket that was full, and what comes back meanwhile.
    assert rows >= 2 * (1000 + 1000) + 1000 + 1000


@pytest.mark.embedded
def test_RL14_a_sign_in_is_no_larger_in_the_audit_than_the_table_says(make_server):
    """An entry for each, and one for the session that it ends where the account has as many as it may have."""
    server = make_server({"limits.enabled": "true", "limits.sessions": 10})
    account = server.user()
    rows, size = stated_each("sign-ins in the audit")

    def entries() -> tuple[int, int]:
        with server.db() as db:
            return db.execute("SELECT count(*) FROM audit").fetchone()[0], bytes_of(server, "audit")

    before, sign_ins = entries(), 110
    for _ in range(sign_ins):
        account.login()
    after = entries()
    assert 2 * sign_ins - 10 <= after[0] - before[0] <= 2 * sign_ins
    assert (after[1] - before[1]) / (after[0] - before[0]) <= size / rows
    printed = server.cli_ok("config", "--reference")
    assert re.search(r"`limits.sign_in` \| `1000/10m`", printed) and re.search(r"`limits.sessions` \| `100`", printed)
    assert rows >= 2 * 1000 * 6 * 24 * 400


@pytest.mark.embedded
def test_RL14_F36_a_row_that_strangers_cause_is_no_larger_than_the_table_says(make_server):
    """Unconfirmed accounts with their mails (which wait, as the mail server is silent), their entries in the audit, and refusals: each measured
    by how much the file grows."""
    server = make_server({"mail.smtp_url": "smtp://127.0.0.1:9", "mail.tls": "off", "mail.from": "a@example.com"})
    known = server.cli_ok("user", "add", "--email", "k@example.com", "--username", "known", "--confirmed", "--password-stdin",
                          input=PASSWORD)
    assert known
    empty = file_size(server)
    count = 300
    for _ in range(count):
        response = server.post("/api/auth/signup", json={"email": long_email(), "username": "a name of usual length",
                                                         "password": PASSWORD})
        assert response.status_code == 201
    signed_up = file_size(server)
    victim = Account(server, "k@example.com", PASSWORD)
    for _ in range(count):
        assert_problem(victim.try_login("not-the-password"), 401)
    refused = file_size(server)

    accounts, accounts_size = stated("accounts that nobody confirmed")
    mails, mails_size = stated("mails that wait or were put aside")
    entries, entries_size = stated("their sign-ups in the audit")
    refusals, refusals_size = stated("refusals in the audit")
    allowed = accounts_size / accounts + mails_size / mails + entries_size / entries
    assert (signed_up - empty) / count <= allowed
    assert (refused - signed_up) / count <= refusals_size / refusals


def test_RL14_F36_the_table_is_reckoned_with_the_defaults(server):
    """A bucket of N that fills in an hour gives N at once and N an hour."""
    printed = server.cli_ok("config", "--reference")
    for name, count in DEFAULTS.items():
        assert f"`limits.{name}`" in printed and f"`{count}/1h`" in printed
    days = 400
    assert stated("accounts that nobody confirmed")[0] >= DEFAULTS["unconfirmed_accounts"] * (72 + 1)
    assert stated("mails that wait or were put aside")[0] >= DEFAULTS["mails"] * (72 + 24 + 1)
    assert stated("their sign-ups in the audit")[0] >= DEFAULTS["unconfirmed_accounts"] * (days * 24)
    assert stated("refusals in the audit")[0] >= DEFAULTS["audit_refusals"] * (days * 24)


def test_RL14_the_log_raises_an_alarm_once_when_a_budget_is_spent(make_server):
    server = make_server({"limits.unconfirmed_accounts": "3/1h", "management_listen": "127.0.0.1:0"}, limits=True)
    for _ in range(3):
        server.signup()
    for _ in range(5):
        refused = server.post("/api/auth/signup", json={"email": unique_email(), "username": "more", "password": PASSWORD})
        assert_problem(refused, 429, "too_many_requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 20 * 60
    line = server.wait_log("limits.budget_spent")
    assert "WARN" in line and "budget=unconfirmed_accounts" in line
    assert server.stderr.count("limits.budget_spent") == 1
    assert server.metric('latchkey_budgets_spent_total{budget="unconfirmed_accounts"}') == 5
    server.clock.advance(HOUR)
    server.signup()


def test_RL14_F36_what_a_user_asks_of_administrators_does_not_fill_the_audit(make_server):
    server = make_server(limits=True)
    account = server.user()
    for _ in range(40):
        assert_problem(server.post("/api/auth/block_user/1", bearer=account.access, json={"is_active": False}), 403, "forbidden")
    entries = [entry for entry in server.audit() if entry["result"] == "forbidden"]
    assert 1 <= len(entries) <= 2
    assert len({entry["detail"] for entry in entries}) == 1
    server.clock.advance(HOUR)
    server.post("/api/auth/block_user/1", bearer=account.login()["access_token"], json={"is_active": False})
    assert len([entry for entry in server.audit() if entry["result"] == "forbidden"]) > len(entries)
