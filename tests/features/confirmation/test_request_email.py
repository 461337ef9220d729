"""POST /api/auth/request_email"""

import pytest

from support import Server, assert_problem, at_once, nothing_changes, unique_email
from support.checks import error_fields

CHECK = (200, {"message": "Check your email for confirmation."})
ALREADY = (200, {"message": "Your email is already confirmed"})


@pytest.fixture(scope="module")
def limited():
    """Limits on; the clock is moved forward past the minute that a mail bars the next."""
    with Server(limits=True) as server:
        yield server


def ask(server, email):
    response = server.post("/api/auth/request_email", json={"email": email})
    return response.status_code, response.json()


def test_an_unconfirmed_address_is_sent_one_more_mail(limited):
    account = limited.signup()
    limited.wait_mail(account.email)
    limited.clock.advance(61)
    assert ask(limited, account.email) == CHECK
    mails = limited.mails_settled(account.email)
    assert len(mails) == 2
    assert limited.get(mails[1].confirmation_path).json() == {"message": "Email confirmed"}


def test_the_mail_of_the_sign_up_counts_against_the_minute(limited):
    account = limited.signup()
    assert ask(limited, account.email) == CHECK
    assert len(limited.mails_settled(account.email)) == 1


def test_more_than_one_mail_a_minute_is_not_sent_and_the_answer_stays(limited):
    account = limited.signup()
    limited.clock.advance(61)
    for _ in range(4):
        assert ask(limited, account.email) == CHECK
    assert len(limited.mails_settled(account.email)) == 2
    limited.clock.advance(61)
    assert ask(limited, account.email) == CHECK
    assert len(limited.mails_settled(account.email)) == 3


def test_RL10_one_address_gets_five_mails_an_hour_and_ten_a_day(make_server):
    """Beside that of the sign-up, whoever asks, and the answer stays the same."""
    server = make_server({"accounts.unconfirmed_ttl": "30d", "limits.mails_per_recipient": "off"}, limits=True)
    account, neighbour = server.signup(), server.signup()
    for hour in range(3):
        for _ in range(7):
            server.clock.advance(61)
            assert ask(server, account.email) == CHECK
        assert len(server.mails_settled(account.email)) == 1 + min(5 * (hour + 1), 10)
        server.clock.advance(3600)
    assert len(server.snapshot()["mail_codes"]) == 10, "what a stranger can make the store keep"
    assert ask(server, neighbour.email) == CHECK
    assert len(server.mails_settled(neighbour.email)) == 2
    server.clock.advance(24 * 3600)
    assert ask(server, account.email) == CHECK
    assert len(server.mails_settled(account.email)) == 12


def test_parallel_requests_send_one_mail(limited):
    account = limited.signup()
    limited.clock.advance(61)
    assert at_once(lambda: ask(limited, account.email), times=12) == [CHECK] * 12
    assert len(limited.mails_settled(account.email)) == 2


def test_the_interval_is_a_setting(make_server):
    server = make_server({"limits.mail_interval": "1h"}, limits=True)
    account = server.signup()
    server.clock.advance(59 * 60)
    ask(server, account.email)
    assert len(server.mails_settled(account.email)) == 1
    server.clock.advance(2 * 60)
    ask(server, account.email)
    assert len(server.mails_settled(account.email)) == 2


def test_with_limits_off_every_request_sends_a_mail(server):
    account = server.signup()
    for _ in range(2):
        assert ask(server, account.email) == CHECK
    assert len(server.mails_settled(account.email)) == 3


def test_the_address_is_folded_and_the_mail_goes_to_the_stored_one(server):
    account = server.signup(unique_email("Mixed.Case"))
    assert ask(server, f"  {account.email.upper()} ") == CHECK
    mails = server.mails_settled(account.email)
    assert len(mails) == 2
    assert all(mail.to == account.email for mail in mails)


def test_an_unknown_address_gets_the_same_answer_and_no_mail(server):
    email = unique_email("nobody")
    with nothing_changes(server):
        assert ask(server, email) == CHECK
    assert server.mails_settled(email) == []


def test_a_confirmed_address_is_told_so_and_gets_no_mail(server, user):
    with nothing_changes(server):
        assert ask(server, user.email) == ALREADY
    assert len(server.mails_settled(user.email)) == 1


def test_a_blocked_unconfirmed_account_gets_no_mail(server):
    account = server.signup()
    server.wait_mail(account.email)
    server.block(account)
    assert ask(server, account.email) == CHECK
    assert len(server.mails_settled(account.email)) == 1


@pytest.mark.parametrize("body", [{}, {"email": None}, {"email": 1}, {"email": ""}, {"email": "no address"},
                                  {"email": ["a@example.com"]}, {"mail": "a@example.com"},
                                  {"email": "a@example.com\r\nBcc: b@example.com"}])
def test_a_bad_address_is_422(server, body):
    with nothing_changes(server):
        problem = assert_problem(server.post("/api/auth/request_email", json=body), 422, "validation_failed")
    assert error_fields(problem) == {"body.email"}
