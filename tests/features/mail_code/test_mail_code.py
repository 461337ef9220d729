"""POST /api/auth/login/code/request and /api/auth/login/code: signing in with a code that is mailed."""

import re

import pytest

from support import PASSWORD, assert_problem, at_once, nothing_changes, unique_email
from support.checks import assert_token_schema, error_fields
from support.tokens import claims_of

MESSAGE = "If an account has this address, a mail is on its way."
REQUEST, SIGN_IN = "/api/auth/login/code/request", "/api/auth/login/code"


def ask(server, email: str) -> str:
    """The handle that the answer carries."""
    response = server.post(REQUEST, json={"email": email})
    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {"message", "handle"} and answer["message"] == MESSAGE
    return answer["handle"]


def code_mails(account) -> list:
    return [mail for mail in account.server.mails(account.email) if mail.subject.startswith("Your code")]


def read_code(account, count: int = 1) -> str:
    """The code of the newest mail; it stands in the first line."""
    mail = account.server.wait(lambda: (mails := code_mails(account)) and len(mails) >= count and mails[-1], f"{count} code(s)")
    assert "http" not in mail.text
    return re.match(r"(\d{8}) is your code", mail.text)[1]


def sign_in(server, handle: str, code: str, **more):
    return server.post(SIGN_IN, json={"handle": handle, "code": code, **more})


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def methods_of(server, account) -> list[int]:
    """What the sessions of the account were opened with."""
    with server.db() as db:
        return sorted(row[0] for row in db.execute(f"SELECT methods FROM sessions WHERE user_id = {account.id}").fetchall())


@pytest.fixture
def asked(server):
    """An account whose owner has asked for a code, with handle and code."""
    account = server.user()
    account.handle = ask(server, account.email)
    account.code = read_code(account)
    return account


def test_L30_a_code_signs_in_once(server, asked):
    asked.tokens = assert_token_schema(sign_in(server, asked.handle, f"{asked.code[:4]} {asked.code[4:]}"))
    assert asked.me().json()["email"] == asked.email
    with nothing_changes(server):
        problem = assert_problem(sign_in(server, asked.handle, asked.code), 401, "invalid_code", "This code does not work")
    assert problem["error"] == "invalid_grant"
    assert asked.try_login(PASSWORD).status_code == 200


def test_L30_of_a_hundred_at_once_one_signs_in(server, asked):
    answers = at_once(lambda: sign_in(server, asked.handle, asked.code).status_code, times=100)
    assert sorted(answers) == [200] + [401] * 99
    assert len(methods_of(server, asked)) == 2, "the session from before, and the one of the code"


def test_L30_a_session_says_by_what_it_was_opened(server, asked):
    assert_token_schema(sign_in(server, asked.handle, asked.code))
    assert methods_of(server, asked) == [1, 2], "a password and a code"


def test_S13_C13_a_code_confirms_an_address_and_the_password_from_before_is_gone(server):
    account = server.signup()
    assert_problem(account.try_login(), 401, "email_not_confirmed")
    handle = ask(server, account.email)
    code = read_code(account)
    assert "removes its password" in code_mails(account)[-1].text
    account.tokens = assert_token_schema(sign_in(server, handle, code))
    assert account.me().json()["confirmed"] is True
    assert_problem(account.try_login(), 401, "invalid_credentials")
    entry, = [row for row in server.audit() if row["event"] == "email_confirmed" and row["target"] == claims_of(account.access)["sub"]]
    assert entry["detail"] == "by a code; the password from before was removed"


@pytest.mark.parametrize("email", ["nobody@example.com", "nobody@bücher.example"])
def test_L01_L34_an_unknown_address_is_answered_as_a_known_one_is(server, user, email):
    def comparable(response):
        body = response.json()
        handle = body.pop("handle")
        claims = claims_of(handle)
        headers = {name: value for name, value in response.headers.items() if name not in ("X-Request-Id", "Date")}
        return body, len(handle), set(claims), headers

    known = server.post(REQUEST, json={"email": user.email})
    with nothing_changes(server, besides=("state",)):
        unknown = server.post(REQUEST, json={"email": email})
    assert comparable(known) == comparable(unknown)
    known_refusal = sign_in(server, known.json()["handle"], "12345678")
    with nothing_changes(server, besides=("state",)):
        refusal = sign_in(server, unknown.json()["handle"], "12345678")
    for one in (known_refusal, refusal):
        assert_problem(one, 401, "invalid_code", "This code does not work")


@pytest.mark.parametrize("email", ["", "no address", "a@b", "a@b\r\n.example"])
def test_what_is_no_address_is_422(server, email):
    with nothing_changes(server):
        problem = assert_problem(server.post(REQUEST, json={"email": email}), 422)
    assert error_fields(problem) == {"body.email"}


@pytest.mark.parametrize("body, fields", [({}, {"body.handle", "body.code"}), ({"handle": "x"}, {"body.code"}), ({"code": "x"}, {"body.handle"})])
def test_handle_and_code_are_needed(server, body, fields):
    with nothing_changes(server):
        problem = assert_problem(server.post(SIGN_IN, json=body), 422, "validation_failed")
    assert error_fields(problem) == fields


def test_L35_a_code_survives_four_wrong_tries_and_not_five(server, asked):
    for _ in range(4):
        assert_problem(sign_in(server, asked.handle, wrong(asked.code)), 401, "invalid_code")
    assert sign_in(server, asked.handle, asked.code).status_code == 200

    other = server.user()
    handle = ask(server, other.email)
    code = read_code(other)
    for _ in range(5):
        assert_problem(sign_in(server, handle, wrong(code)), 401, "invalid_code")
    assert_problem(sign_in(server, handle, code), 401, "invalid_code")
    assert other.try_login().status_code == 200, "wrong codes shut no password"


def test_C04_L35_handles_and_codes_of_one_purpose_are_none_of_the_other(server, asked):
    reset_handle = server.post("/api/auth/password/forgotten", json={"email": asked.email}).json()["handle"]
    reset_mail = server.wait(lambda: [mail for mail in server.mails(asked.email) if "new password" in mail.subject], "a reset mail")[0]
    reset_code = re.match(r"(\d{8}) is your code", reset_mail.text)[1]
    for handle, code in ((reset_handle, reset_code), (asked.handle, reset_code), (reset_handle, asked.code)):
        assert_problem(sign_in(server, handle, code), 401, "invalid_code")
    reset = {"handle": asked.handle, "code": asked.code, "password": "another-horse-battery"}
    assert_problem(server.post("/api/auth/password/reset", json=reset), 400, "invalid_link")
    for token in (asked.access, asked.refresh, ask(server, unique_email("nobody"))):
        assert_problem(sign_in(server, token, asked.code), 401, "invalid_code")
        assert_problem(sign_in(server, asked.handle, asked.code, login_token=token), 401, "invalid_login_token")
    assert sign_in(server, asked.handle, asked.code).status_code == 200


def test_L17_a_blocked_account_gets_no_mail_and_a_code_from_before_does_not_work(server, asked):
    server.block(asked)
    with nothing_changes(server, besides=("state",)):
        ask(server, asked.email)
    assert_problem(sign_in(server, asked.handle, asked.code), 401, "invalid_code")
    server.block(asked, is_active=True)
    assert_problem(sign_in(server, asked.handle, asked.code), 401, "invalid_code")
    assert not methods_of(server, asked)


def test_a_code_ends_after_ten_minutes(make_server):
    server = make_server()
    account = server.user()
    handle = ask(server, account.email)
    code = read_code(account)
    server.clock.advance(601)
    assert_problem(sign_in(server, handle, code), 401, "invalid_code")


def test_RL10_one_address_gets_one_mail_a_minute_and_each_handle_goes_with_it(make_server):
    server = make_server({"limits.enabled": "true"})
    account = server.user()
    handles = [ask(server, account.email) for _ in range(4)]
    code = read_code(account)
    server.mails_settled(account.email)
    assert len(code_mails(account)) == 1
    assert sign_in(server, handles[-1], code).status_code == 200


def test_L33_where_it_is_off_the_routes_refuse(make_server):
    server = make_server({"accounts.mail_sign_in": "false"})
    account = server.user()
    with nothing_changes(server):
        assert_problem(server.post(REQUEST, json={"email": account.email}), 403, "forbidden",
                       "This service mails no codes for signing in")
        assert_problem(sign_in(server, "x", "12345678"), 403, "forbidden")


def test_neither_code_nor_handle_reaches_the_log_or_the_audit(server, asked):
    assert sign_in(server, asked.handle, asked.code).status_code == 200
    log = "\n".join(line for line in server.stderr.splitlines() if "mail.written" not in line)
    seen = log + str(server.audit())
    for secret in (asked.code, asked.handle):
        assert secret not in seen
