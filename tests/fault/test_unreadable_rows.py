"""F42 (Z62): a row that no program of ours has written is an error of its account, and of no other."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest

from support import Account, Server, assert_problem
from support.postgres import Database, Postgres


# What is wrong, as SQL, and what a sign-in and a look at the profile then answer.
DAMAGE = {
    "role": ("role = 'wizard'", 500, 500),
    "name that is not UTF-8": ("username = CAST(x'61ff62' AS TEXT)", 200, 500),
    "address that is not UTF-8": ("email = CAST(x'61c0802e40782e63' AS TEXT)", 200, 500),
    "name as a number of bytes": ("username = x'6162'", 200, 500),
    "name of 100,000 letters": (f"username = '{'x' * 100_000}'", 200, 500),
    "time before 1970": ("created_at = -5", 200, 500),
    "number with a fraction": ("created_at = 1.5", 200, 500),
    "hash": ("password_hash = '$argon2id$nonsense'", 401, 200),
    "hash that takes all memory": ("password_hash = '$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA'", 401, 200),
}


def harm(server: Server, account: Account, change: str) -> None:
    server.stop()
    with sqlite3.connect(server.data_dir / "latchkey.db") as db:
        assert db.execute(f"UPDATE users SET {change} WHERE id = ?", (account.id,)).rowcount == 1
    db.close()
    server.start()


@pytest.mark.embedded
@pytest.mark.parametrize("kind", DAMAGE)
def test_F42_Z62_an_unreadable_row_is_an_error_of_its_account_alone(make_server, kind):
    server = make_server({"management_listen": "127.0.0.1:0"})
    bad, good = server.user(), server.user()
    change, sign_in, profile = DAMAGE[kind]
    harm(server, bad, change)
    response = bad.try_login()
    assert response.status_code == sign_in, response.text
    response = bad.me()
    assert response.status_code == profile, response.text
    if profile == 500:
        assert_problem(response, 500, "internal")
        line = server.wait_log(r"http\.unreadable_row")
        assert f"user_id={bad.id}" in line and "doctor" in line
        assert server.metric("latchkey_unreadable_rows_total") >= 1
    # Nobody else notices, and what goes over all accounts goes on.
    good.login()
    assert good.me().status_code == 200
    listed = server.cli("user", "list")
    marked = "unreadable" in listed.stdout
    assert good.email in listed.stdout
    assert re.search(rf"^{bad.id}\s", listed.stdout, re.M), listed.stdout
    as_json = json.loads(server.cli("user", "list", "--json").stdout)
    assert {user["id"] for user in as_json} >= {bad.id, good.id}
    if profile == 500:
        assert marked and listed.returncode == 1 and "1 account" in listed.stderr
        assert [user["id"] for user in as_json if "unreadable" in user] == [bad.id]
    for running in (True, False):
        if not running:
            server.stop()
        done = server.cli("doctor")
        assert done.returncode == 1
        told = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
        assert len(told) == 1 and f"account {bad.id}:" in told[0], done.stdout
        assert server.cli("doctor", "--full").returncode == 1


@pytest.mark.embedded
def test_F42_doctor_names_rows_of_other_tables_by_account_and_key(make_server):
    server = make_server()
    account = server.user()
    server.stop()
    with sqlite3.connect(server.data_dir / "latchkey.db") as db:
        db.execute("UPDATE sessions SET user_agent = CAST(x'ff' AS TEXT) WHERE user_id = ?", (account.id,))
    db.close()
    said = server.cli("doctor", "--full").stdout
    assert re.search(rf"FAIL  rows: account {account.id}: row [0-9a-f]{{32}} of table sessions, column user_agent", said), said


@pytest.fixture
def server_there(database, make_server):
    return make_server(database.settings()), database


def test_F42_Z62_doctor_full_reads_every_row_of_a_postgresql(server_there):
    """More rows than a page of them has; three are no row of ours. Without `--full` nobody reads them."""
    server, database = server_there
    accounts = [server.user() for _ in range(3)]
    database.server.sql(f"""INSERT INTO users (subject, email, email_key, username, password_hash, role, confirmed, is_active,
                              failed_sign_ins, locked_until, mailed_at, created_at, updated_at)
                            SELECT decode(md5(n::text), 'hex'), n || '@bulk', n || '@bulk', 'bulk', u.password_hash, 'user', true, true,
                              0, 0, 0, 1, 1 FROM generate_series(1, 1200) n, users u WHERE u.id = {accounts[0].id};""", database.name)
    assert "FAIL" not in server.cli_ok("doctor", "--full")
    for account, change in zip(accounts, ("role = 'wizard'", "created_at = -5", "password_hash = '$argon2id$nonsense'")):
        database.server.sql(f"UPDATE users SET {change} WHERE id = {account.id};", database.name)
    database.server.sql(f"UPDATE sessions SET expires_at = -1 WHERE user_id = {accounts[0].id};", database.name)
    for running in (True, False):
        if not running:
            server.stop()
        assert "rows: not read" in server.cli_ok("doctor")
        done = server.cli("doctor", "--full")
        told = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
        assert done.returncode == 1 and len(told) == 4, done.stdout
        for account in accounts:
            assert f"rows: account {account.id}: column" in done.stdout
        assert re.search(rf"rows: account {accounts[0].id}: row [0-9a-f]{{32}} of table sessions, column expires_at", done.stdout)


def test_F42_Z60_doctor_full_tells_a_page_that_a_postgresql_can_not_read():
    with Postgres() as postgres:
        database = Database(postgres)
        with Server(database.settings()) as server:
            server.user()
            (name,), = postgres.sql("SELECT pg_relation_filepath('audit');", database.name)
            server.stop()
            postgres.stop()
            path = postgres.data / name
            path.write_bytes(b"\xff" * 64 + path.read_bytes()[64:])
            postgres.start()
            done = server.cli("doctor", "--full")
            assert done.returncode == 1
            assert re.search(r"FAIL  rows: .*audit", done.stdout), done.stdout
            server.cli_ok("doctor")
