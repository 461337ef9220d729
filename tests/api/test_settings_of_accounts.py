"""Settings on accounts: the administrator whom they make, names, domains, passwords."""

import re

import pytest

from support import PASSWORD, Server, assert_problem, nothing_changes, unique_email
from support.checks import error_fields


def test_the_administrator_is_made_confirmed_and_only_once(make_server):
    server = make_server()
    me = server.admin().me().json()
    assert (me["role"], me["confirmed"], me["email"]) == ("admin", True, "admin@example.com")
    assert server.mails(me["email"]) == []
    server.restart(admin__email="second@example.com")
    assert "second@example.com" not in server.cli_ok("user", "list")
    server.restart(admin__email="admin@example.com", admin__password="quite-another-password")
    assert server.admin().me().status_code == 200, "the password of the first start holds"


def test_an_existing_account_that_is_no_administrator_refuses_to_start(make_server, refusal):
    server = make_server(admin=False)
    account = server.user()
    server.stop()
    server.settings |= {"admin.email": account.email, "admin.password": "the-keeper-of-keys"}
    assert "user set-role" in refusal(keep=server)
    server.settings |= {"admin.email": None, "admin.password": None}
    server.start()
    assert account.me().json()["role"] == "user"


def test_a_weak_administrator_password_refuses_to_start(refusal):
    said = refusal({"admin.password": "password123"})
    assert "password" in said and "password123" not in said


def signup(server, **fields):
    return server.post("/api/auth/signup",
                       json={"email": unique_email(), "username": "new_user", "password": PASSWORD} | fields)


@pytest.fixture(scope="module")
def strict():
    with Server({"accounts.unique_usernames": "true", "accounts.domains_without_dot": "intranet,localhost",
                 "password.min_length": "12", "password.max_length": "64", "password.min_guesses_log10": "9",
                 "http.max_body_bytes": "4096"}) as server:
        yield server


def test_user_names_can_be_made_unique(strict):
    assert signup(strict, username="Only One").status_code == 201
    response = signup(strict, username="Only One")
    assert_problem(response, 409)
    assert response.json()["code"] != "account_exists"
    assert signup(strict, username="Another One").status_code == 201


def test_unique_user_names_refuse_a_start_that_names_both_accounts_that_share_one(make_server, refusal):
    server = make_server()
    for name in ("Shared Name", "shared name", "STRASSE", "Straße", "of one only"):
        server.signup(username=name)
    ids = {name: id for id, name in server_users(server)}
    server.stop()
    server.settings["accounts.unique_usernames"] = "true"
    before = server.snapshot()["users"]
    said = refusal(keep=server)
    words = re.search(r"[^\n]*accounts\.unique_usernames[^\n]*", said)[0]
    named = set(map(int, re.findall(r"(?<![\w.:-])\d+(?![\w.:-])", words)))
    assert {ids["Shared Name"], ids["shared name"]} <= named and ids["of one only"] not in named, words
    assert "@" not in words and "Shared" not in words
    # Nothing was renamed or removed; and with the two told apart it refuses for the next pair, then for none.
    assert [row[:3] for row in server.snapshot()["users"]] == [row[:3] for row in before]
    server.cli_ok("user", "delete", str(ids["shared name"]))
    said = refusal(keep=server)[len(said):]
    words = re.search(r"[^\n]*accounts\.unique_usernames[^\n]*", said)[0]
    assert {ids["STRASSE"], ids["Straße"]} <= set(map(int, re.findall(r"(?<![\w.:-])\d+(?![\w.:-])", words))), words
    server.cli_ok("user", "delete", str(ids["Straße"]))
    server.start()
    for taken in ("shared name", "strasse", "OF ONE ONLY", "administrator"):
        with nothing_changes(server):
            assert_problem(signup(server, username=taken), 409)
    assert signup(server, username="not taken").status_code == 201


def server_users(server) -> list[tuple]:
    with server.db() as db:
        return db.execute("SELECT id, username FROM users").fetchall()


def test_domains_without_a_dot_can_be_allowed_by_name(strict):
    local = unique_email().split("@")[0]
    assert signup(strict, email=f"{local}@intranet", username="on the intranet").status_code == 201
    problem = assert_problem(signup(strict, email=f"{local}@elsewhere", username="elsewhere"), 422)
    assert error_fields(problem) == {"body.email"}


def test_F20_the_sender_may_have_a_quoted_name_and_a_domain_without_a_dot(make_server):
    server = make_server({"mail.from": '"Firma, GmbH \\"& Töchter\\"" <noreply@intranet>', "accounts.domains_without_dot": "intranet"})
    account = server.signup(f"{unique_email().split('@')[0]}@intranet")
    sender, = server.wait_mail(account.email)[0].message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Firma, GmbH "& Töchter"', "noreply@intranet")
    account.confirm()


@pytest.mark.parametrize("password, status", [("kU7#wq9!zLp", 422), ("kU7#wq9!zLpX", 201), ("kU7#wq9!zLpX" * 6, 422),
                                              ("hellohellohello", 422)])
def test_the_password_policy_follows_the_settings(strict, password, status):
    assert signup(strict, username=unique_email()[:40], password=password).status_code == status


def test_the_body_limit_follows_the_setting(strict):
    assert_problem(signup(strict, extra="x" * 5000), 413)
