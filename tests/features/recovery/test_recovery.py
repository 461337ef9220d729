"""POST /api/auth/password/forgotten and /api/auth/password/reset: the way back for whoever forgot a password."""

import re
from datetime import UTC, datetime

import pytest

from support import PASSWORD, assert_problem, at_once, nothing_changes, unique_email
from support.checks import error_fields

NEW_PASSWORD = "another-horse-battery"
MESSAGE = "If an account has this address, a mail is on its way."


def ask(server, email: str) -> str:
    """The handle that the answer carries."""
    response = server.post("/api/auth/password/forgotten", json={"email": email})
    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {"message", "handle"} and answer["message"] == MESSAGE
    return answer["handle"]


def mails_about(account, subject: str) -> list:
    return [mail for mail in account.server.mails(account.email) if subject in mail.subject]


def newest_mail(account, subject: str, count: int = 1):
    """Waits until so many mails with that subject have come, and answers the last one."""
    return account.server.wait(lambda: (mails := mails_about(account, subject)) and len(mails) >= count and mails[-1],
                               f"{count} mail(s) about a {subject}")


def read_mail(account, count: int = 1) -> tuple[str, str]:
    """Token and code of the newest reset mail."""
    text = newest_mail(account, "new password", count).text
    token = re.search(r"/password/new/(\S+)", text)[1]
    code = re.match(r"(\d{8}) is your code", text)[1]
    return token, code


def reset(server, password: str = NEW_PASSWORD, **means):
    return server.post("/api/auth/password/reset", json={**means, "password": password})


@pytest.fixture
def asked(server):
    """A signed-in account whose owner has asked for a mail, with handle, token and code."""
    account = server.user()
    account.handle = ask(server, account.email)
    account.token, account.code = read_mail(account)
    return account


def means_of(account, means: str) -> dict:
    return {"token": account.token} if means == "link" else {"handle": account.handle, "code": account.code}


both = pytest.mark.parametrize("means", ["link", "code"])


@both
def test_a_new_password_replaces_the_old_one_and_ends_all_sessions(server, asked, means):
    response = reset(server, **means_of(asked, means))
    assert (response.status_code, response.json()) == (200, {"message": "Password changed"})
    assert_problem(asked.try_login(PASSWORD), 401, "invalid_credentials")
    assert_problem(asked.me(), 401, "invalid_token")
    assert_problem(asked.try_refresh(), 401, "invalid_token")
    assert asked.try_login(NEW_PASSWORD).status_code == 200


@both
def test_the_owner_is_told(server, asked, means):
    assert reset(server, **means_of(asked, means)).status_code == 200
    notice = newest_mail(asked, "was changed")
    assert "127.0.0.1" in notice.text
    assert "a Python program" in notice.text or "an unknown client" in notice.text
    assert re.findall(r"/(?:api|password)/\S+/", notice.text) == ["/api/auth/not_me/"], "no other link"


@both
def test_link_and_code_work_once_between_them(server, asked, means):
    assert reset(server, **means_of(asked, means)).status_code == 200
    with nothing_changes(server):
        for again in ("link", "code"):
            assert_problem(reset(server, "yet-another-horse", **means_of(asked, again)), 400, "invalid_link",
                           "This link or code does not work")


def test_of_many_at_once_one_sets_the_password(server, asked):
    answers = at_once(lambda: reset(server, token=asked.token).status_code, times=8)
    assert sorted(answers) == [200] + [400] * 7


def test_an_older_link_dies_when_a_newer_one_is_used(make_server):
    patient = make_server({"limits.mail_interval": "1s"})
    account = patient.user()
    tokens = []
    for count in (1, 2):
        ask(patient, account.email)
        tokens.append(read_mail(account, count)[0])
        patient.clock.advance(2)
    assert tokens[0] != tokens[1]
    assert reset(patient, token=tokens[1]).status_code == 200
    assert_problem(reset(patient, "yet-another-horse", token=tokens[0]), 400, "invalid_link")


@pytest.mark.parametrize("email", ["nobody@example.com", "nobody@bücher.example"])
def test_an_unknown_address_is_answered_as_a_known_one_is(server, user, email):
    def comparable(response):
        body = response.json()
        handle = body.pop("handle")
        headers = {name: value for name, value in response.headers.items() if name not in ("X-Request-Id", "Date")}
        return body, len(handle), headers

    known = server.post("/api/auth/password/forgotten", json={"email": user.email})
    with nothing_changes(server, besides=("state",)):
        unknown = server.post("/api/auth/password/forgotten", json={"email": email})
    assert comparable(known) == comparable(unknown)


def test_the_handle_of_an_unknown_address_opens_nothing(server):
    handle = ask(server, unique_email())
    assert_problem(reset(server, handle=handle, code="12345678"), 400, "invalid_link")


@pytest.mark.parametrize("email", ["", "no address", "a@b", "a@b\r\n.example"])
def test_what_is_no_address_is_422(server, email):
    with nothing_changes(server):
        problem = assert_problem(server.post("/api/auth/password/forgotten", json={"email": email}), 422)
    assert error_fields(problem) == {"body.email"}
    assert problem["detail"].startswith("email: ")


@both
@pytest.mark.parametrize("password", ["short7!", "password123", "x" * 257])
def test_a_bad_password_is_422_and_spends_nothing(server, asked, means, password):
    with nothing_changes(server):
        problem = assert_problem(reset(server, password, **means_of(asked, means)), 422, "validation_failed")
    assert error_fields(problem) == {"body.password"}
    assert reset(server, **means_of(asked, means)).status_code == 200


def test_the_account_s_own_address_is_an_easy_password(server, asked):
    assert_problem(reset(server, asked.email, token=asked.token), 422, "validation_failed")


@pytest.mark.parametrize("body, fields", [
    ({}, {"body.password"}),
    ({"password": NEW_PASSWORD}, {"body.token"}),
    ({"password": NEW_PASSWORD, "handle": "x"}, {"body.code"}),
    ({"password": NEW_PASSWORD, "code": "12345678"}, {"body.handle"}),
    ({"password": NEW_PASSWORD, "token": "x", "code": "12345678", "handle": "y"}, {"body.token"}),
])
def test_link_or_code_must_be_whole_and_one_of_them(server, body, fields):
    with nothing_changes(server):
        problem = assert_problem(server.post("/api/auth/password/reset", json=body), 422, "validation_failed")
    assert error_fields(problem) == fields


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "a" * 5000])
def test_a_token_that_we_did_not_make_is_400(server, token):
    with nothing_changes(server):
        assert_problem(reset(server, token=token), 400, "invalid_link")


def test_C04_tokens_of_other_kinds_are_no_links(server, asked):
    account = server.signup()
    for token in (asked.access, asked.refresh, asked.handle, server.wait_mail(account.email)[-1].confirmation_token):
        assert_problem(reset(server, token=token), 400, "invalid_link")
    confirm = server.get(f"/api/auth/confirmed_email/{asked.token}")
    assert_problem(confirm, 400, "invalid_confirmation")
    assert_problem(server.get("/api/users/me", bearer=asked.token), 401, "invalid_token")


def test_a_code_survives_four_wrong_tries_and_not_five(server, asked):
    wrong = "00000000" if asked.code != "00000000" else "11111111"
    for _ in range(4):
        assert_problem(reset(server, handle=asked.handle, code=wrong), 400, "invalid_link")
    spaced = f"{asked.code[:4]} {asked.code[4:]}"
    assert reset(server, handle=asked.handle, code=spaced).status_code == 200

    other = server.user()
    other.handle = ask(server, other.email)
    _, code = read_mail(other)
    wrong = "00000000" if code != "00000000" else "11111111"
    for _ in range(5):
        assert_problem(reset(server, handle=other.handle, code=wrong), 400, "invalid_link")
    assert_problem(reset(server, handle=other.handle, code=code), 400, "invalid_link")


def test_a_right_code_needs_the_handle_that_belongs_to_it(server, asked):
    other = ask(server, unique_email())
    assert_problem(reset(server, handle=other, code=asked.code), 400, "invalid_link")


def test_a_code_lives_ten_minutes_and_a_link_thirty(make_server):
    server = make_server()
    account = server.user()
    handle = ask(server, account.email)
    token, code = read_mail(account)
    server.clock.advance(601)
    assert_problem(reset(server, handle=handle, code=code), 400, "invalid_link")
    server.clock.advance(1100)
    assert server.get(f"/password/new/{token}").status_code == 200
    server.clock.advance(200)
    assert_problem(reset(server, token=token), 400, "invalid_link")


def test_a_blocked_account_gets_no_mail_and_a_link_from_before_does_not_work(server, asked):
    server.block(asked)
    with nothing_changes(server):
        ask(server, asked.email)
        assert_problem(reset(server, token=asked.token), 400, "invalid_link")
        assert_problem(reset(server, handle=asked.handle, code=asked.code), 400, "invalid_link")
    server.block(asked, is_active=True)
    assert_problem(reset(server, token=asked.token), 400, "invalid_link")
    assert asked.try_login(PASSWORD).status_code == 200


def test_C13_whoever_proves_an_unconfirmed_address_has_confirmed_it(server):
    account = server.signup()
    ask(server, account.email)
    token, _ = read_mail(account)
    assert reset(server, token=token).status_code == 200
    account.password = NEW_PASSWORD
    account.login()
    assert account.me().json()["confirmed"] is True


def test_one_address_gets_one_mail_a_minute(make_server):
    server = make_server({"limits.enabled": "true"})
    account = server.user()
    for _ in range(5):
        ask(server, account.email)
    newest_mail(account, "new password")
    server.mails_settled(account.email)
    assert len(mails_about(account, "new password")) == 1


def test_RL10_one_address_gets_five_mails_an_hour_and_ten_a_day(make_server):
    """Whoever asks, and the answer stays the same."""
    server = make_server({"limits.enabled": "true", "limits.mails_per_recipient": "off"})
    account, neighbour = server.user(), server.user()
    for hour in range(3):
        for _ in range(7):
            ask(server, account.email)
            server.clock.advance(61)
        expected = min(5 * (hour + 1), 10)
        newest_mail(account, "new password", expected)
        server.mails_settled(account.email)
        assert len(mails_about(account, "new password")) == expected
        server.clock.advance(3600)
    assert len(server.snapshot()["mail_codes"]) == 10, "what a stranger can make the store keep"
    ask(server, neighbour.email)
    newest_mail(neighbour, "new password")


def test_requests_for_addresses_without_an_account_leave_no_row(server):
    before = {name: len(rows) for name, rows in server.snapshot().items()}
    for _ in range(20):
        handle = ask(server, unique_email("nobody"))
        assert_problem(reset(server, handle=handle, code="12345678"), 400, "invalid_link")
    assert {name: len(rows) for name, rows in server.snapshot().items()} == before


def test_the_mail_says_until_when_the_code_works(make_server):
    """As `accounts.code_ttl` has it."""
    server = make_server({"accounts.code_ttl": "37m", "accounts.reset_ttl": "3h"})
    account = server.user()
    asked_at = server.clock.now()
    handle = ask(server, account.email)
    mail = newest_mail(account, "new password")
    said = re.search(r"until (\d+ \w+ \d{4}, \d\d:\d\d) UTC\.\s+Or type the code where you asked for it, until (.*) UTC\.", mail.text)
    link_ends, code_ends = (datetime.strptime(moment, "%d %B %Y, %H:%M").replace(tzinfo=UTC).timestamp()
                            for moment in said.groups())
    assert abs(code_ends - (asked_at + 37 * 60)) < 120 and abs(link_ends - (asked_at + 3 * 3600)) < 120
    server.clock.advance(36 * 60)
    _, code = read_mail(account)
    assert reset(server, handle=handle, code=code).status_code == 200


def test_RL20_after_a_hundred_wrong_codes_mail_has_no_code_and_its_link_is_the_way(make_server):
    """Over all mails of the account; the log and the audit say so."""
    server = make_server()
    account = server.user()
    for count in range(1, 21):
        handle = ask(server, account.email)
        _, code = read_mail(account, count)
        for _ in range(5):
            wrong = f"{(int(code) + 1) % 10**8:08}"
            assert_problem(reset(server, handle=handle, code=wrong), 400, "invalid_link")
        assert_problem(reset(server, handle=handle, code=code), 400, "invalid_link")
    server.wait_log(r"mail_codes\.shut")
    assert [row["result"] for row in server.audit() if row["event"] == "mail_codes"] == ["shut"]
    ask(server, account.email)
    mail = newest_mail(account, "new password", 21)
    assert "code" not in mail.text and "code" not in mail.html
    token = re.search(r"/password/new/(\S+)", mail.text)[1]
    assert reset(server, token=token).status_code == 200
    handle = ask(server, account.email)
    _, code = read_mail(account, 22)
    assert reset(server, "yet-another-password", handle=handle, code=code).status_code == 200


def test_the_first_handle_stays_good_when_a_stranger_asks_again(make_server):
    server = make_server({"limits.enabled": "true"})
    account = server.user()
    handle = ask(server, account.email)
    _, code = read_mail(account)
    server.clock.advance(61)
    ask(server, account.email)
    assert reset(server, handle=handle, code=code).status_code == 200


def test_neither_link_nor_code_nor_handle_reaches_the_log_or_the_audit(server, asked):
    assert reset(server, token=asked.token).status_code == 200
    # The newcomer, who has no mail server, finds the link in the log on purpose.
    log = "\n".join(line for line in server.stderr.splitlines() if "mail.written" not in line)
    seen = log + str(server.audit())
    for secret in (asked.token, asked.code, asked.handle, NEW_PASSWORD):
        assert secret not in seen
