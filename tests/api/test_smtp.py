"""Mail over SMTP, to a sink that can misbehave."""

import contextlib
import json

import pytest

from support import SmtpSink, assert_problem, unique_email
from support.former_mail import queue_as_a_former_program
from support.mail import Mail

HOUR = 3600
IN_CLEAR = {"mail.tls": "off", "mail.from": "no-reply@latchkey.example"}


def nudge(server, condition, what, *, step=600, times=30, patient=False):
    """Moves the clock on until the condition holds: retries wait for their time. The server looks at the
    clock now and then, and at once when it starts: so it is started anew, unless `patient` is set."""
    for _ in range(times):
        with contextlib.suppress(AssertionError):
            return server.wait(condition, what, 10 if patient else 1)
        server.clock.advance(step)
        if not patient:
            server.restart()
    raise AssertionError(f"waited {times * step} s of the server's time for {what}:\n{server.stderr[-3000:]}")


def test_a_mail_arrives_once_with_both_parts_and_sane_headers(serve):
    with SmtpSink() as sink:
        server = serve(sink)
        account = server.signup(username="Zoë Ångström")
        delivery, = sink.wait_for(account.email)
        assert (delivery.sender, delivery.recipients) == ("no-reply@latchkey.example", [account.email])
        mail = delivery.mail
        assert mail.to == account.email
        assert mail.message["From"].addresses[0].addr_spec == "no-reply@latchkey.example"
        for header in ("Subject", "Date", "Message-ID", "MIME-Version"):
            assert mail.message[header], header
        assert "Zoë Ångström" in mail.text and "Zoë Ångström" in mail.html
        assert all(len(line) <= 998 for line in delivery.data.split(b"\r\n"))
        assert b"\n" not in delivery.data.replace(b"\r\n", b"")
        assert server.get(mail.confirmation_path).json() == {"message": "Email confirmed"}
        assert server.mail_files() == set(), "with SMTP nothing is written to files"
        link = mail.confirmation_link
    assert link not in server.stderr and link.rsplit("/", 1)[1] not in server.stderr


def test_many_mails_arrive_each_to_its_own_receiver(serve):
    with SmtpSink() as sink:
        server = serve(sink)
        accounts = [server.signup() for _ in range(20)]
        for account in accounts:
            delivery, = sink.wait_for(account.email)
            assert delivery.recipients == [account.email]


@pytest.mark.parametrize("username", ["Eve\u2028Bcc: x@example.com", "=?utf-8?q?Eve?=", "{{token}} ${x} %s", "<a href=x>Eve</a>",
                                      ".", "\u202eevE"])
def test_a_user_name_can_not_bend_the_mail(serve, username):
    with SmtpSink() as sink:
        server = serve(sink)
        email = unique_email()
        response = server.post("/api/auth/signup", json={
            "email": email, "username": username, "password": "correct-horse-battery"})
        if response.status_code == 422:
            return
        delivery, = sink.wait_for(email)
        assert delivery.recipients == [email]
        assert delivery.mail.message["Bcc"] is None
        assert "<a href=x>" not in delivery.mail.html
        assert delivery.mail.confirmation_link


# Faults -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, value", [("refuse", True), ("greeting", "421 later"), ("greeting", "554 go away"),
                                          ("mail_from", "451 4.3.0 later"), ("rcpt_to", "450 4.2.1 busy"),
                                          ("data", "452 4.3.1 full"), ("drop_after_data", True)])
def test_a_mail_that_was_not_taken_is_sent_again_later(serve, fault, value):
    with SmtpSink() as sink:
        usual = getattr(sink.faults, fault)
        setattr(sink.faults, fault, value)
        server = serve(sink)
        account = server.signup()
        sink.wait_connections(1)
        before = len(sink.to(account.email))
        setattr(sink.faults, fault, usual)
        nudge(server, lambda: len(sink.to(account.email)) > before, "the second try", patient=fault == "data")
        links = {delivery.mail.confirmation_path for delivery in sink.to(account.email)}
        assert server.get(links.pop()).json() == {"message": "Email confirmed"}


@pytest.mark.parametrize("fault", ["silent", "tarpit", "endless_banner"])
def test_a_slow_server_never_holds_a_request(serve, fault):
    with SmtpSink() as sink:
        setattr(sink.faults, fault, 0.5 if fault == "tarpit" else True)
        server = serve(sink)
        account = server.signup()
        sink.wait_connections(1)
        assert_problem(account.try_login(), 401, "email_not_confirmed")
        assert server.signup().user["confirmed"] is False
        assert server.get("/readyz").status_code == 200
        sink.faults.endless_banner = False


def test_F53_M13_a_recipient_that_is_answered_late_delays_nobody_else(serve):
    with SmtpSink() as sink:
        slow = unique_email()
        sink.faults.slow_recipients[slow] = 60
        server = serve(sink)
        server.signup(email=slow)
        sink.wait_until(lambda: any(slow in command for command in sink.commands), "its mail to be on its way")
        # Its second mail takes no second connection.
        assert server.post("/api/auth/request_email", json={"email": slow}).status_code == 200
        others = [server.signup() for _ in range(8)]
        for other in others:
            sink.wait_for(other.email, timeout=30)
        assert sink.to(slow) == [] and sum(slow in command for command in sink.commands) == 1
        assert sink.connections <= 4
        sink.faults.released.set()
        links = {delivery.mail.confirmation_path for delivery in sink.wait_for(slow, 2)}
        assert len(links) == 2 and all(len(sink.to(other.email)) == 1 for other in others)


def test_F53_M13_mail_goes_over_no_more_connections_than_the_setting_says(serve):
    with SmtpSink() as sink:
        sink.faults.silent = True
        server = serve(sink, mail__connections=2)
        accounts = [server.signup() for _ in range(5)]
        sink.wait_connections(2)
        sink.faults.silent = False
        assert sink.connections == 2
        sink.faults.released.set()
        nudge(server, lambda: all(sink.to(account.email) for account in accounts), "all mails")
        for account in accounts:
            assert len({delivery.mail.confirmation_path for delivery in sink.to(account.email)}) == 1


def test_mail_that_comes_back_goes_to_the_envelope_sender(serve):
    with SmtpSink() as sink:
        server = serve(sink, mail__envelope_from="bounces@mail.latchkey.example")
        delivery, = sink.wait_for(server.signup().email)
        assert delivery.sender == "bounces@mail.latchkey.example"
        assert delivery.mail.message["From"].addresses[0].addr_spec == "no-reply@latchkey.example"
        assert any(command == "EHLO mail.latchkey.example" for command in sink.commands)


def test_a_server_that_is_down_holds_no_request_and_the_mail_follows(make_server):
    with SmtpSink() as unused:
        url = unused.url
    server = make_server({"mail.smtp_url": url} | IN_CLEAR)
    account = server.signup()
    assert account.email in server.cli_ok("mail", "list")
    with SmtpSink() as sink:
        server.restart(mail__smtp_url=sink.url)
        nudge(server, lambda: sink.to(account.email), "the mail to follow")


def test_M07_a_mail_is_sent_after_kill_9(make_server):
    with SmtpSink() as sink:
        sink.faults.silent = True
        server = make_server({"mail.smtp_url": sink.url} | IN_CLEAR)
        account = server.signup()
        server.kill()
        assert sink.deliveries == []
        sink.faults.silent = False
        sink.faults.released.set()
        server.start()
        nudge(server, lambda: sink.to(account.email), "the mail")
        links = {delivery.mail.confirmation_path for delivery in sink.to(account.email)}
        assert len(links) == 1, "however often it comes"
        assert server.get(links.pop()).json() == {"message": "Email confirmed"}


def test_after_its_last_try_a_mail_is_put_aside_until_it_is_retried(serve):
    with SmtpSink() as sink:
        sink.faults.rcpt_to = "450 4.2.1 busy"
        server = serve(sink, accounts__unconfirmed_ttl="240h", accounts__confirmation_ttl="200h")
        account = server.signup()
        sink.wait_connections(1)

        def put_aside():
            listed = server.cli_ok("mail", "list")
            assert account.email in listed
            return "put aside" in listed

        for _ in range(30):
            if put_aside():
                break
            tries = sink.connections
            server.clock.advance(8 * HOUR)
            server.restart()
            server.wait(lambda: sink.connections > tries or put_aside(), "the next try")
        assert put_aside()
        sink.faults.rcpt_to = None
        before = sink.connections
        server.clock.advance(2 * HOUR)
        server.restart()
        other = server.signup()
        sink.wait_for(other.email)
        assert sink.connections > before and sink.to(account.email) == []
        server.cli_ok("mail", "retry")
        sink.wait_for(account.email)


@pytest.mark.parametrize("command", ["block", "delete"])
def test_the_mail_of_a_user_who_is_blocked_or_deleted_is_dropped(serve, command):
    with SmtpSink() as sink:
        sink.faults.mail_from = "451 4.3.0 later"
        server = serve(sink)
        account = server.signup()
        sink.wait_connections(1)
        server.cli_ok("user", command, account.email)
        assert account.email not in server.cli_ok("mail", "list")
        sink.faults.mail_from = None
        for _ in range(4):
            server.clock.advance(HOUR)
            sink.wait_for(server.signup().email)
        assert sink.to(account.email) == []


def test_a_line_that_starts_with_a_dot_survives(serve):
    with SmtpSink() as sink:
        server = serve(sink)
        account = server.signup(username="...dots")
        assert "... dots" in Mail(sink.wait_for(account.email)[0].data).text


# What waits ---------------------------------------------------------------------------------------


def test_mail_of_a_program_of_the_version_before_is_sent_listed_and_retried(serve):
    with SmtpSink() as sink:
        sink.faults.rcpt_to = "550 5.1.1 no such user"
        server = serve(sink)
        account = server.signup()
        server.wait(lambda: "put aside" in server.cli_ok("mail", "list"), "the mail to be put aside")
        queue_as_a_former_program(server, account)
        server.wait(lambda: server.cli_ok("mail", "list").count("put aside") == 2, "both to be put aside")
        listed = json.loads(server.cli_ok("mail", "list", "--json"))
        assert [(mail["email"], mail["message"], mail["user_id"]) for mail in listed] == 2 * [
            (account.email, "confirmation", account.id)]
        table = server.cli_ok("mail", "list")
        assert table.split("\n")[0].split()[:4] == ["ID", "USER", "RECIPIENT", "MESSAGE"]
        assert "outbox: 2 put aside" in (diagnosed := server.cli("doctor")).stdout, diagnosed
        sink.faults.rcpt_to = None
        former = [mail["id"] for mail in listed][1]
        assert "1 mail will" in server.cli_ok("mail", "retry", former)
        sink.wait_for(account.email)
        assert "1 mail will" in server.cli_ok("mail", "retry")
        first, second = sink.wait_for(account.email, 2)
        assert first.mail.confirmation_path != second.mail.confirmation_path
        assert server.get(first.mail.confirmation_path).json() == {"message": "Email confirmed"}
        server.wait(lambda: account.email not in server.cli_ok("mail", "list"), "both to be gone")


def test_what_was_confirmed_meanwhile_is_not_sent_from_either_table(serve):
    with SmtpSink() as sink:
        sink.faults.mail_from = "451 4.3.0 later"
        server = serve(sink)
        account = server.signup()
        sink.wait_connections(1)
        queue_as_a_former_program(server, account)
        sink.wait_until(lambda: sum(command.startswith("MAIL") for command in sink.commands) >= 2, "another try")
        sink.faults.mail_from = None
        other = server.signup()
        sink.wait_for(other.email)
        nudge(server, lambda: len(sink.to(account.email)) == 2, "both")
        server.get(sink.to(account.email)[0].mail.confirmation_path)
        server.wait(lambda: account.email not in server.cli_ok("mail", "list"), "both to be gone")
