"""`latchkey user …`, while the server runs (it is asked over its socket) and without one."""

import json

import bcrypt
import pytest

from support import PASSWORD, Account, Server, assert_problem, assert_user, at_once, nothing_changes, unique_email


@pytest.fixture(scope="module", params=["running", "stopped"])
def served(request):
    """A server that runs, or one whose data only lies there. `both` brings it up for a check."""
    with Server() as server:
        server.admin()
        if request.param == "stopped":
            server.stop()
        yield server


@pytest.fixture
def up(served):
    """Calls a function with the server running, and leaves the server as it was."""
    def call(function):
        was_running = served.running
        if not was_running:
            served.start()
        try:
            return function()
        finally:
            if not was_running:
                served.stop()
    return call


def add(server, *more, email=None, username="by command", input=PASSWORD, how="--password-stdin"):
    email = email or unique_email()
    server.cli_ok("user", "add", "--email", email, "--username", username, how, *more, input=input)
    return Account(server, email, PASSWORD)


def test_a_confirmed_user_can_sign_in(served, up):
    account = add(served, "--confirmed", username="Frida")

    def check():
        account.login()
        assert_user(account.me().json(), email=account.email, username="Frida", role="user", confirmed=True,
                    is_active=True)
    up(check)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_line_end_after_the_password_is_not_part_of_it(server, end):
    account = add(server, "--confirmed", input=PASSWORD + end)
    account.login()


def test_an_unconfirmed_user_is_sent_a_mail(server):
    account = add(server)
    assert_problem(account.try_login(), 401, "email_not_confirmed")
    account.user = {}
    account.confirm()
    account.login()


@pytest.mark.parametrize("role", ["user", "moderator", "admin"])
def test_a_role_can_be_given(server, role):
    account = add(server, "--confirmed", "--role", role)
    account.login()
    assert account.me().json()["role"] == role


@pytest.mark.parametrize("arguments, input", [
    (("--email", "no address", "--username", "abc", "--password-stdin"), PASSWORD),
    (("--email", "a@example.com", "--username", "x", "--password-stdin"), PASSWORD),
    (("--email", "a@example.com", "--username", "abc", "--password-stdin"), "password123"),
    (("--email", "a@example.com", "--username", "abc", "--password-stdin"), "short"),
    (("--email", "a@example.com", "--username", "abc", "--password-stdin"), ""),
    (("--email", "a@example.com", "--username", "abc", "--password-stdin", "--role", "owner"), PASSWORD),
    (("--email", "a@example.com", "--username", "abc"), PASSWORD),
    (("--email", "a@example.com", "--password-stdin"), PASSWORD),
    (("--username", "abc", "--password-stdin"), PASSWORD),
    (("--email", "a@example.com", "--username", "abc", "--password-stdin", "--password-hash-stdin"), PASSWORD),
    (("--email", "a@example.com", "--username", "abc", "--password", PASSWORD), None),
    (("--email", "a@example.com", "--username", "abc", "--password-hash-stdin"), "not a hash"),
    (("--email", "a@example.com", "--username", "abc", "--password-hash-stdin"), "$2b$12$tooshort"),
])
def test_a_bad_user_is_refused(served, arguments, input):
    with nothing_changes(served):
        served.cli_refused("user", "add", *arguments, input=input)


def test_a_known_address_is_refused(served):
    account = add(served)
    with nothing_changes(served):
        said = served.cli_refused("user", "add", "--email", account.email.upper(), "--username", "abc",
                                  "--password-stdin", input=PASSWORD)
    assert "exist" in said.lower()


def test_list_and_show_tell_who_is_there_and_no_secret(served):
    account = add(served, "--confirmed", username="Shown Here")
    listed = served.cli_ok("user", "list")
    assert account.email in listed and "admin@example.com" in listed
    shown = served.cli_ok("user", "show", account.email)
    assert account.email in shown and "Shown Here" in shown
    for text in (listed, shown):
        assert "$argon2" not in text and PASSWORD not in text


@pytest.mark.parametrize("command", [("show",), ("block",), ("unblock",), ("unlock",), ("set-role", "moderator"), ("delete",)])
def test_an_unknown_user_is_refused(served, command):
    name, *more = command
    with nothing_changes(served):
        served.cli_refused("user", name, unique_email("nobody"), *more)


def test_block_and_unblock(served, up):
    account = add(served, "--confirmed")
    served.cli_ok("user", "block", account.email)
    up(lambda: assert_problem(account.try_login(), 403, "account_blocked"))
    served.cli_ok("user", "unblock", account.email)
    up(account.login)


def test_a_block_ends_live_sessions_at_once(server, user):
    server.cli_ok("user", "block", user.email)
    assert_problem(user.me(), 401, "invalid_token")
    assert_problem(user.try_refresh(), 401, "invalid_token")


def test_set_role_ends_live_sessions_at_once(server, user):
    server.cli_ok("user", "set-role", user.email, "moderator")
    assert_problem(user.me(), 401, "invalid_token")
    user.login()
    assert user.me().json()["role"] == "moderator"


def test_set_role_makes_and_unmakes_an_administrator(served, up):
    account = add(served, "--confirmed")
    for role in ("admin", "user"):
        served.cli_ok("user", "set-role", account.email, role)

        def check(role=role):
            account.login()
            assert account.me().json()["role"] == role
        up(check)


def test_an_unknown_role_is_refused(served):
    account = add(served)
    with nothing_changes(served):
        served.cli_refused("user", "set-role", account.email, "owner")


def test_delete_frees_the_address_and_ends_everything(server, user):
    server.cli_ok("user", "delete", user.email)
    assert_problem(user.me(), 401, "invalid_token")
    assert_problem(user.try_login(), 401, "invalid_credentials")
    again = server.user(user.email)
    assert again.id != user.id
    assert again.sessions() and len(again.sessions()) == 1


@pytest.mark.parametrize("command", [("block",), ("set-role", "user"), ("set-role", "moderator"), ("delete",)])
def test_the_last_administrator_is_kept(served, command):
    name, *more = command
    with nothing_changes(served):
        served.cli_refused("user", name, "admin@example.com", *more)


def test_two_commands_at_once_leave_one_administrator(make_server):
    server = make_server()
    second = server.second_admin()
    for _ in range(3):
        one, other = at_once(lambda: server.cli("user", "set-role", second.email, "user"),
                             lambda: server.cli("user", "block", "admin@example.com"))
        assert sorted([one.returncode == 0, other.returncode == 0]) == [False, True]
        server.cli("user", "unblock", "admin@example.com")
        server.cli("user", "set-role", second.email, "admin")


# Passwords from elsewhere -------------------------------------------------------------------------


def bcrypt_of(password: bytes, prefix: str) -> str:
    made = bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()
    return f"${prefix}${made.split('$', 2)[2]}"


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
def test_a_bcrypt_hash_verifies_and_is_replaced_at_the_first_sign_in(server, prefix):
    password = "from-the-python-service"
    hashed = bcrypt_of(password.encode(), prefix)
    account = add(server, "--confirmed", input=hashed, how="--password-hash-stdin")
    assert_problem(account.try_login("not-the-password"), 401, "invalid_credentials")
    assert hashed.encode() in stored_hashes(server)
    account.password = password
    account.login()
    assert hashed.encode() not in stored_hashes(server)
    account.login()
    assert_problem(account.try_login("not-the-password"), 401, "invalid_credentials")


def stored_hashes(server) -> bytes:
    return b"\n".join(str(value).encode() for rows in server.snapshot().values() for row in rows for value in row)


def test_a_bcrypt_hash_of_decomposed_text_verifies_with_the_bytes_that_were_hashed(server):
    decomposed, composed = "cafe\u0301-au-lait", "caf\u00e9-au-lait"
    raw = add(server, "--confirmed", input=bcrypt_of(decomposed.encode(), "2b"), how="--password-hash-stdin")
    assert raw.try_login(decomposed).status_code == 200
    normal = add(server, "--confirmed", input=bcrypt_of(composed.encode(), "2b"), how="--password-hash-stdin")
    assert normal.try_login(decomposed).status_code == 200


def test_a_short_or_weak_password_from_elsewhere_still_signs_in(server):
    account = add(server, "--confirmed", input=bcrypt_of(b"abc123", "2b"), how="--password-hash-stdin")
    assert account.try_login("abc123").status_code == 200
    assert account.try_login("abc123").status_code == 200


@pytest.mark.parametrize("hashed, why", [
    ("$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43, "more than 128 MiB of memory"),
    ("$argon2id$v=19$m=131072,t=33,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43, "more work than about two seconds"),
    ("$2b$16$X5kBqt5cC.4sGIDNw8hT9e4eCIf9RhmlvnBuYv17ZnANLSU4OBAZ6", "a bcrypt cost above 15"),
    ("$2b$03$X5kBqt5cC.4sGIDNw8hT9e4eCIf9RhmlvnBuYv17ZnANLSU4OBAZ6", "cost 04 to 15"),
    ("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "is neither bcrypt"),
])
def test_F33_a_hash_that_sign_in_would_not_verify_is_refused_with_the_reason(server, hashed, why):
    before = server.snapshot()
    refused = server.cli("user", "add", "--email", unique_email(), "--username", "brought along", "--confirmed",
                         "--password-hash-stdin", input=hashed)
    assert refused.returncode != 0 and why in refused.stderr, refused.stderr
    assert server.snapshot() == before


def test_F44_the_end_of_a_long_password_that_bcrypt_did_not_see_replaces_nothing(server):
    seen = "x" * 72
    account = add(server, "--confirmed", input=bcrypt_of(seen.encode(), "2b"), how="--password-hash-stdin")
    assert account.try_login(seen + " and an end").status_code == 200
    assert account.try_login(seen + " and another").status_code == 200
    assert account.try_login(seen).status_code == 200
    assert_problem(account.try_login(seen + " and an end"), 401, "invalid_credentials")


def test_an_argon2id_hash_with_other_parameters_is_renewed_at_sign_in(make_server):
    server = make_server()
    account = server.user()
    server.restart(password__argon2_memory_kib=128, password__argon2_passes=2)
    assert b"$m=64,t=1,p=1$" in stored_hashes(server)
    account.login()
    assert b"$m=128,t=2,p=1$" in stored_hashes(server)
    account.login()
    assert account.try_login("not-the-password").status_code == 401


def test_an_address_that_begins_with_a_dash_is_named_like_any_other(server):
    """Anybody may sign up with one."""
    account = server.user("-f." + unique_email())
    assert account.email in server.cli_ok("user", "show", account.email)
    server.cli_ok("user", "block", account.email)
    assert_problem(account.me(), 401, "invalid_token")


def add_with_id(server, id: object, email: str):
    return server.cli("user", "add", "--email", email, "--username", "brought along", "--confirmed", "--id", str(id),
                      "--password-stdin", input="correct-horse-battery")


def test_F87_an_account_keeps_the_id_that_it_had_elsewhere(make_server):
    server = make_server()
    email = unique_email()
    assert add_with_id(server, 70_001, email).returncode == 0
    assert json.loads(server.cli_ok("user", "show", email, "--json"))["id"] == 70_001
    # Ids that are given from now on come behind it.
    assert server.signup().id > 70_001
    assert add_with_id(server, 12, unique_email()).returncode == 0
    assert server.signup().id > 70_001


def test_F87_an_id_that_is_taken_or_none_is_refused(make_server):
    server = make_server()
    assert add_with_id(server, 900, unique_email()).returncode == 0
    with nothing_changes(server):
        taken = add_with_id(server, 900, unique_email())
        assert taken.returncode == 1 and "account with this id" in taken.stderr
        for wrong in ("0", "-5", "x", "1.5", "99999999999999999999", "a@example.com"):
            answer = add_with_id(server, wrong, unique_email())
            assert answer.returncode == 2 and "an id is a whole number" in answer.stderr, wrong
