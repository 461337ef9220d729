"""Z26–Z28: mail servers that are down, slow or die in the middle."""

import time

import pytest

from support import PASSWORD, SmtpSink, assert_problem, unique_email
from support.tokens import claims_of

MAIL = {"mail.tls": "off", "mail.from": "no-reply@latchkey.example"}


def comparable(response):
    headers = {name: value for name, value in response.headers.items() if name not
               in ("X-Request-Id", "Date", "Content-Length")}
    return response.status_code, sorted(response.json()), headers


def test_Z26_answers_do_not_tell_whether_mail_can_be_sent(make_server):
    with SmtpSink() as gone:
        url = gone.url
    with SmtpSink() as sink:
        up, down = make_server({"mail.smtp_url": sink.url} | MAIL), make_server({"mail.smtp_url": url} | MAIL)
        answers = []
        for server in (up, down):
            email = unique_email()
            body = {"email": email, "username": "new_user", "password": PASSWORD}
            answers.append([comparable(response) for response in (
                server.post("/api/auth/signup", json=body), server.post("/api/auth/signup", json=body),
                server.post("/api/auth/request_email", json={"email": email}),
                server.post("/api/auth/request_email", json={"email": unique_email("nobody")}),
                server.post("/api/auth/login", data={"username": email, "password": PASSWORD}))])
        assert answers[0] == answers[1]
        assert down.get("/readyz").status_code == 200


def test_Z26_mail_follows_once_the_server_of_it_is_back(make_server):
    with SmtpSink() as sink:
        sink.faults.refuse = True
        server = make_server({"mail.smtp_url": sink.url} | MAIL)
        accounts = [server.signup() for _ in range(5)]
        sink.wait_connections(1)
        sink.faults.refuse = False
        for _ in range(40):
            server.clock.advance(600)
            if all(sink.to(account.email) for account in accounts):
                break
            time.sleep(0.1)
        for account in accounts:
            link = sink.wait_for(account.email)[0].mail.confirmation_path
            assert server.get(link).json() == {"message": "Email confirmed"}
            account.login()


def test_Z27_D11_a_mail_that_waits_does_not_wait_for_a_clock_that_was_set_back(make_server):
    with SmtpSink() as sink:
        sink.faults.refuse = True
        server = make_server({"mail.smtp_url": sink.url} | MAIL)
        account = server.signup()
        sink.wait_connections(1)
        server.wait_log(r"mail\.retry")
        server.clock.set_wrong_by(-3 * 3600)
        sink.faults.refuse = False
        sink.wait_for(account.email)


def test_Z27_tries_grow_rarer_while_a_mail_is_put_off(make_server):
    with SmtpSink() as sink:
        sink.faults.mail_from = "451 4.3.0 later"
        server = make_server({"mail.smtp_url": sink.url} | MAIL)
        server.signup()
        sink.wait_connections(1)
        for _ in range(24):
            server.clock.advance(1800)
            time.sleep(0.3)
        assert 2 <= sink.connections <= 40, "some tries in twelve hours, and no storm"


@pytest.mark.parametrize("fault", ["silent", "tarpit", "endless_banner"])
def test_Z27_Z44_a_hanging_mail_server_does_not_hold_the_end(make_server, fault):
    with SmtpSink() as sink:
        setattr(sink.faults, fault, 5 if fault == "tarpit" else True)
        server = make_server({"mail.smtp_url": sink.url} | MAIL)
        account = server.signup()
        sink.wait_connections(1)
        assert_problem(account.try_login(), 401, "email_not_confirmed")
        server.stop()
        sink.faults.endless_banner = False
        setattr(sink.faults, fault, 0 if fault == "tarpit" else False)
        sink.faults.released.set()
        server.start()
        for _ in range(40):
            server.clock.advance(600)
            if sink.to(account.email):
                break
            time.sleep(0.1)
        sink.wait_for(account.email)


def test_Z28_a_mail_that_was_taken_without_an_answer_comes_again_with_the_same_link(make_server):
    with SmtpSink() as sink:
        sink.faults.drop_after_data = True
        server = make_server({"mail.smtp_url": sink.url} | MAIL)
        account = server.signup()
        sink.wait_for(account.email, 1)
        sink.faults.drop_after_data = False
        for _ in range(40):
            server.clock.advance(300)
            if len(sink.to(account.email)) >= 2:
                break
            time.sleep(0.1)
        deliveries = sink.wait_for(account.email, 2)
        claims = [delivery.mail.confirmation_token for delivery in deliveries[:2]]
        assert server.get("/api/auth/confirmed_email/" + claims[0]).json() == {"message": "Email confirmed"}
        assert server.get("/api/auth/confirmed_email/"
                          + claims[1]).json() == {"message": "Your email is already confirmed"}
        ids = [claims_of(token).get("jti", claims_of(token)) for token in claims]
        assert ids[0] == ids[1], "the same link, whichever mail is opened"
