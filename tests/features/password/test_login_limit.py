"""The limit on failed sign-ins, with limits on and a clock that the tests move."""

import pytest

from support import Account, Server, assert_problem, assert_token_schema, at_once, unique_email

FAILURES = 10


@pytest.fixture(scope="module")
def limited():
    with Server(limits=True) as server:
        yield server


@pytest.fixture
def account(limited):
    return limited.user()


def fail(account, times=FAILURES):
    for _ in range(times):
        assert_problem(account.try_login("not-the-password"), 401, "invalid_credentials")


def refused_for(response) -> int:
    assert_problem(response, 429, "too_many_attempts")
    return int(response.headers["Retry-After"])


def test_after_ten_failures_in_a_row_even_the_right_password_is_429(account):
    fail(account)
    assert 1 <= refused_for(account.try_login()) <= 60
    assert 1 <= refused_for(account.try_login("not-the-password")) <= 60


def test_the_lock_opens_after_a_minute(limited, account):
    fail(account)
    refused_for(account.try_login())
    limited.clock.advance(61)
    assert_token_schema(account.try_login())


def test_each_further_failure_doubles_the_lock_up_to_an_hour(limited, account):
    fail(account)
    lock = 60
    for _ in range(8):
        assert lock - 30 <= refused_for(account.try_login()) <= lock
        limited.clock.advance(lock + 1)
        fail(account, 1)
        lock = min(lock * 2, 3600)
    assert 3570 <= refused_for(account.try_login()) <= 3600


def test_a_right_password_starts_the_count_anew(account):
    fail(account, FAILURES - 1)
    account.login()
    fail(account, FAILURES - 1)
    account.login()


def test_spellings_of_one_address_share_one_count(limited, account):
    spelled = [account.email.upper(), f" {account.email}", account.email.replace("example", "Example")]
    for number in range(FAILURES):
        fail(Account(limited, spelled[number % 3], ""), 1)
    refused_for(account.try_login())


def test_an_unknown_address_is_refused_in_the_same_way(limited):
    nobody = Account(limited, unique_email("nobody"), "whatever-it-is")
    fail(nobody)
    assert 1 <= refused_for(nobody.try_login()) <= 60


def test_a_lock_is_of_one_account_only(limited, account):
    other = limited.user()
    fail(account)
    refused_for(account.try_login())
    other.login()


def test_live_sessions_outlive_a_lock(account):
    fail(account)
    refused_for(account.try_login())
    assert account.me().status_code == 200
    account.rotate()


def test_parallel_guesses_do_not_pass_the_limit(account):
    fail(account, FAILURES - 3)
    answers = at_once(lambda: account.try_login("not-the-password").status_code, times=30)
    assert sorted(set(answers)) == [401, 429]
    assert answers.count(401) == 3


def test_the_count_survives_a_restart(limited, account):
    fail(account)
    limited.restart()
    refused_for(account.try_login())


def test_a_refusal_by_limit_makes_no_session(account):
    fail(account)
    before = len(account.sessions())
    refused_for(account.try_login())
    assert len(account.sessions()) == before


def test_with_limits_off_nobody_is_locked(server, user):
    fail(user, FAILURES + 3)
    user.login()
