"""L: strangers who guess a password, each from an address of its own, and the owner whom they must not keep out (F35, F47).

The servers believe this machine's `X-Forwarded-For`, so every address of the world can sign in."""

import itertools
import json
import re

import pytest

from support import Account, Server, assert_problem, at_once, unique_email
from support.server import ADMIN_EMAIL, ADMIN_PASSWORD
from support.size import size
from support.store_reading import shared_store

WRONG = "not-the-password"
HOME, WORK, HOTEL = "192.0.2.1", "2001:db8:7:1::5", "198.51.100.77"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def behind():
    with Server({"http.trusted_proxies": "127.0.0.1", "accounts.unconfirmed_ttl": "60d"}, limits=True) as server:
        yield server


@pytest.fixture
def owner(behind):
    """Somebody who has signed in at home."""
    account = behind.confirmed()
    account.login(headers=at(HOME))
    return account


def at(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def elsewhere() -> dict[str, str]:
    """Where nobody was before."""
    number = next(_numbers)
    return at(f"203.{number // 62500}.{number // 250 % 250}.{number % 250}")


def guess(account):
    return account.try_login(WRONG, headers=elsewhere())


def guess_until_closed(server, account) -> int:
    """As fast as the locks allow; how many were looked at."""
    looked_at = 0
    for _ in range(200):
        answer = guess(account)
        if answer.status_code == 401:
            looked_at += 1
            continue
        assert_problem(answer, 429, "too_many_attempts")
        if "new password" in answer.json()["detail"]:
            return looked_at
        server.clock.advance(int(answer.headers["Retry-After"]) + 1)
    raise AssertionError("it never came to an end")


def notices(account) -> list:
    return [mail for mail in account.server.mails(account.email) if "guessing" in mail.subject]


def assert_one_notice(account) -> None:
    account.server.mails_settled(account.email)
    assert len(notices(account)) == 1


def reset(account, password: str, **more) -> None:
    """A new password, by the link of a mail."""
    server = account.server
    assert server.post("/api/auth/password/forgotten", json={"email": account.email}, **more).status_code == 200
    mail, = server.wait(lambda: [mail for mail in server.mails(account.email) if "/password/new/" in mail.text],
                        "the mail with the link")
    token = re.search(r"/password/new/(\S+)", mail.text)[1]
    answer = server.post("/api/auth/password/reset", json={"token": token, "password": password}, **more)
    assert answer.status_code == 200, answer.text
    account.password = password


def test_L20_L04_F35_a_thousand_guesses_from_a_thousand_addresses_do_not_keep_the_owner_out(behind, owner):
    for number in range(1, 1001):
        guess(owner)
        if number in (9, 10, 11, 100, 1000):
            owner.login(headers=at(HOME))
            assert owner.me().status_code == 200


def test_L20_F35_an_account_that_is_closed_to_strangers_is_open_to_its_owner_and_mails_once(behind, owner):
    assert guess_until_closed(behind, owner) == 100
    assert_problem(owner.try_login(headers=at(HOTEL)), 429, "too_many_attempts"), "not even the right one"
    assert owner.try_login(headers=at(HOTEL)).headers["Retry-After"] == "3600"
    owner.login(headers=at(HOME))
    for _ in range(20):
        assert_problem(guess(owner), 429, "too_many_attempts")
    notice, = behind.wait(lambda: notices(owner), "the notice")
    assert "hundred wrong passwords" in notice.text and "network address 203." in notice.text
    assert "works only in networks" in notice.text and "works only in networks" in " ".join(notice.html.split())
    assert notice.text.count("http") == 1 and "/api/auth/not_me/" in notice.text, "a notice has one link"
    behind.clock.advance(40 * 86400)
    assert_problem(owner.try_login(headers=at(HOTEL)), 429, "too_many_attempts"), "time does not open it"
    owner.login(headers=at(HOME))
    assert_one_notice(owner)
    assert "outcome=unknown_devices" in behind.wait_log("sign_in.password_closed")


def test_L20_F35_recovery_lifts_it_where_the_owner_is_while_the_guessing_goes_on(behind, owner):
    guess_until_closed(behind, owner)
    reset(owner, "a-quite-new-password", headers=at(HOTEL))
    for _ in range(15):
        guess(owner)
    owner.login(headers=at(HOTEL))
    owner.login(headers=at(HOME))
    assert_problem(owner.try_login(headers=elsewhere()), 429, "too_many_attempts")


def test_L20_F35_the_last_administrator_gets_in(behind):
    """Who was made by the settings, and has signed in nowhere: by a new password, or by the operator."""
    admin = Account(behind, ADMIN_EMAIL, ADMIN_PASSWORD)
    guess_until_closed(behind, admin)
    assert_problem(admin.try_login(headers=at(HOME)), 429, "too_many_attempts")
    assert "is unlocked" in behind.cli_ok("user", "unlock", ADMIN_EMAIL)
    admin.login(headers=at(HOME))
    for _ in range(30):
        guess(admin)
    admin.login(headers=at(HOME))


def test_L22_each_known_network_has_a_count_of_its_own(behind, owner):
    owner.login(headers=at(WORK))
    colleague = at("2001:db8:7:1:ffff::9")
    for _ in range(10):
        assert_problem(owner.try_login(WRONG, headers=colleague), 401, "invalid_credentials")
    assert_problem(owner.try_login(headers=at(WORK)), 429, "too_many_attempts"), "one network of 64 bits"
    owner.login(headers=at(HOME))
    assert_problem(guess(owner), 401, "invalid_credentials")
    behind.clock.advance(61)
    owner.login(headers=at(WORK))


def test_L11_F35_of_many_at_once_one_is_the_hundredth(behind, owner):
    looked_at = 0
    while looked_at < 99:
        answer = guess(owner)
        looked_at += answer.status_code == 401
        if answer.status_code == 429:
            behind.clock.advance(int(answer.headers["Retry-After"]) + 1)
    behind.clock.advance(3601)
    answers = at_once(lambda: guess(owner).status_code, times=size(30, 200))
    assert answers.count(401) == 1 and set(answers) == {401, 429}
    behind.wait(lambda: notices(owner), "the notice")
    behind.restart()
    assert_problem(owner.try_login(headers=elsewhere()), 429, "too_many_attempts"), "a restart opens nothing"
    owner.login(headers=at(HOME))
    assert_one_notice(owner)


def test_L21_F47_who_mistypes_an_address_is_not_refused_for_others_who_did(behind):
    for number in range(30):
        assert_problem(Account(behind, f"no address {number}", "x").try_login(headers=elsewhere()), 401, "invalid_credentials")
    for _ in range(9):
        Account(behind, "no address 0", "x").try_login(headers=elsewhere())
    assert_problem(Account(behind, "no address 0", "x").try_login(headers=elsewhere()), 429, "too_many_attempts")
    assert_problem(Account(behind, "no address 1", "x").try_login(headers=elsewhere()), 401, "invalid_credentials")


def test_F35_user_show_tells_and_user_unlock_lifts(behind, owner):
    owner.login(headers=at(WORK))
    for _ in range(12):
        guess(owner)
    owner.login(headers=at(WORK))
    shown = behind.cli_ok("user", "show", owner.email)
    assert "10 wrong passwords in a row; locked until " in shown
    assert shown.count("last seen ") == 3, "where it was confirmed, at home, at work"
    state = json.loads(behind.cli_ok("user", "show", owner.email, "--json"))
    assert state["failed_sign_ins"] == 10 and state["locked_until"] and state["password_closed_at"] is None
    assert [device["failed_sign_ins"] for device in state["known_devices"]] == [0, 0, 0]
    # A block is another thing.
    behind.cli_ok("user", "block", owner.email)
    behind.cli_ok("user", "unblock", owner.email)
    assert_problem(owner.try_login(headers=elsewhere()), 429, "too_many_attempts")
    behind.cli_ok("user", "unlock", owner.email)
    owner.login(headers=at(HOTEL))
    guess_until_closed(behind, owner)
    assert "refused since " in behind.cli_ok("user", "show", owner.email)
    assert json.loads(behind.cli_ok("user", "show", owner.email, "--json"))["password_closed_at"]
    behind.cli_ok("user", "unlock", str(owner.id))
    state = json.loads(behind.cli_ok("user", "show", owner.email, "--json"))
    assert (state["failed_sign_ins"], state["locked_until"], state["password_closed_at"]) == (0, None, None)
    owner.login(headers=elsewhere())


def test_L01_an_address_of_nobody_is_closed_at_the_same_guess_with_the_same_bytes(behind, owner):
    pending = behind.signup()
    nobody = Account(behind, unique_email("nobody"), "whatever-it-is")
    accounts = [owner, pending, nobody]
    for number in range(105):
        answers = [guess(account) for account in accounts]
        waits = [int(answer.headers.pop("Retry-After", 0)) for answer in answers]
        shown = {(answer.status_code, json.dumps(answer.json() | {"request_id": ""})) for answer in answers}
        assert len(shown) == 1, (number, shown)
        assert max(waits) - min(waits) <= 1, (number, waits)
        assert answers[0].status_code == (401 if number < 100 else 429), number
        behind.clock.advance(3601)


@pytest.mark.skipif(bool(shared_store()), reason="a backup is of the embedded store")
def test_a_restore_forgets_no_device(make_server, tmp_path):
    server = make_server({"http.trusted_proxies": "127.0.0.1"}, limits=True)
    account = server.confirmed()
    account.login(headers=at(HOME))
    server.cli_ok("backup", str(tmp_path / "backup.db"))
    server.stop()
    server.cli_ok("restore", str(tmp_path / "backup.db"))
    server.start()
    for _ in range(11):
        guess(account)
    assert_problem(account.try_login(headers=at(HOTEL)), 429, "too_many_attempts")
    account.login(headers=at(HOME))
