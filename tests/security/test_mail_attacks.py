"""M and S05: what reaches a mail server, and what a mail server can do to us."""

import pytest

from probes import MIB, bounded_memory, harmless
from support import PASSWORD, Server, SmtpSink, assert_problem, binary_path, unique_email
from support.program import has_clock_to_move


@pytest.fixture(scope="module")
def mailing():
    with SmtpSink() as sink, Server({"mail.smtp_url": sink.url, "mail.tls": "off",
                                     "mail.from": "no-reply@latchkey.example"}) as server:
        yield server, sink


HOSTILE = ["a%evil.example", "a!b!c", "-oQ/tmp/x", "-f", "o'brien", "a+RCPT", "|id", "`id`", "$(id)", "a=b", "{{a}}",
           "*", "#", "?", "/etc/passwd", "~root", "_", "a^b"]


@pytest.mark.parametrize("local", HOSTILE)
def test_S05_M10_each_accepted_address_is_exactly_one_receiver(mailing, local):
    server, sink = mailing
    email = f"{local}@{unique_email().replace('@', '.')}"
    before = len(sink.commands)
    response = server.post("/api/auth/signup", json={"email": email, "username": "new_user", "password": PASSWORD})
    if response.status_code == 422:
        assert local == "/etc/passwd" or not local.replace("'", "").isalnum()
        return
    assert response.status_code == 201
    delivery = sink.wait_for(email)[0]
    assert delivery.recipients == [email] and delivery.sender == "no-reply@latchkey.example"
    assert delivery.mail.to == email
    commands = sink.commands[before:]
    assert [command.split(":")[0] for command in commands if ":" in command] == ["MAIL FROM", "RCPT TO"]
    assert all(command.split(" ")[0].split(":")[0] in ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT", "RSET", "NOOP")
               for command in commands), commands


@pytest.mark.parametrize("name", ["Eve\u2028.\u2029", "\u0085.", "=?utf-8?b?QmNjOiB4QGV2aWwuZXhhbXBsZQ==?=", "..",
                                  ". .", "From nobody", "x" * 46, "ü" * 46, "😀" * 12, "--=_boundary",
                                  "Content-Type: text/html", "\u202eelpmaxe", "<b>bold</b>", "{username}", "{{link}}",
                                  "%(link)s", "${link}", "$link", "\\", "=3D=0D=0A"], ids=ascii)
def test_M02_a_name_bends_neither_the_headers_nor_the_parts_of_a_mail(mailing, name):
    server, sink = mailing
    email = unique_email()
    response = server.post("/api/auth/signup", json={"email": email, "username": "Eve " + name, "password": PASSWORD})
    if response.status_code == 422:
        assert not name.isascii()
        return
    delivery = sink.wait_for(email)[0]
    mail = delivery.mail
    assert mail.message["Bcc"] is None and mail.message["Cc"] is None
    assert sorted(part.get_content_type() for part in mail.message.walk()) == ["multipart/alternative", "text/html",
                                                                               "text/plain"]
    # Spaces stand behind what would make a link of it (M12).
    assert "".join(f"Eve{name}".split()) in "".join(mail.text.split()) or not name.isascii()
    assert "<b>bold" not in mail.html
    assert mail.confirmation_link.startswith(server.public_url)
    assert all(len(line) <= 998 for line in delivery.data.split(b"\r\n"))
    assert b"\r" not in delivery.data.replace(b"\r\n", b"") and b"\n" not in delivery.data.replace(b"\r\n", b"")


def test_M11_no_mail_and_no_log_holds_a_password_or_a_hash(mailing):
    server, sink = mailing
    account = server.signup(password="a-password-for-the-mail-test")
    mail = sink.wait_for(account.email)[0].mail
    for text in (mail.text, mail.html, mail.data.decode(), server.stderr):
        assert account.password not in text and "$argon2" not in text
    assert mail.text.count("/confirmed_email/" + mail.confirmation_token) == 1
    # Nothing that tracks or loads.
    assert "<img" not in mail.html.lower() and "src=" not in mail.html.lower()


@pytest.mark.parametrize("fault, value", [("endless_banner", True), ("endless_reply", b"250-x\r\n" * 4000),
                                          ("endless_reply", b"250-" + b"x" * 65536),
                                          ("endless_reply", b"250-" + b"x" * 60_000 + b"\r\n")],
                         ids=["banner", "short lines", "one line", "long lines"])
def test_M05_a_mail_server_that_never_ends_its_answer_takes_no_memory_and_is_tried_again(make_server, fault, value):
    """The connection is given up, which the worker says; nobody waits for it; and the mail is sent later."""
    with SmtpSink() as sink:
        setattr(sink.faults, fault, value)
        server = make_server({"mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "no-reply@latchkey.example"})
        server.signup()  # what the first mail makes the libraries set up is not the answer's doing
        server.wait_log(r"WARN mail\.retry .*tries=1\b")
        flooded = sink.flooded
        with bounded_memory(server, 4 * MIB):
            account = server.signup()
            server.wait(lambda: server.stderr.count("WARN mail.retry") == 2, "the second mail to be put off")
            assert_problem(account.try_login(), 401, "email_not_confirmed")
        assert sink.flooded > flooded
        assert sink.flooded < 32 * MIB, "what the kernel's buffers hold, and not much more"
        line, = [line for line in server.cli_ok("mail", "list").splitlines() if account.email in line]
        assert "waiting" in line and len(line) < 1000
        setattr(sink.faults, fault, type(value)())
        if has_clock_to_move(binary_path()):
            server.clock.advance(15)
            server.restart()
        elif fault != "endless_banner":
            return  # the second try comes in ten seconds: once is enough to wait for
        delivery, = sink.wait_for(account.email)
        assert server.get(delivery.mail.confirmation_path).json() == {"message": "Email confirmed"}


def test_M10_a_mail_goes_to_the_stored_address_whatever_was_typed(mailing):
    server, sink = mailing
    account = server.signup(unique_email("Stored.Form"))
    sink.wait_for(account.email)
    count = len(sink.deliveries)
    spelled = [account.email.upper(), account.email.lower(), f" {account.email}\t",
               account.email.replace("example", "EXAMPLE")]
    for text in spelled:
        assert server.post("/api/auth/request_email", json={"email": text}).status_code == 200
    sink.wait_for(account.email, 1 + len(spelled))
    assert {tuple(delivery.recipients) for delivery in sink.deliveries[count:]} == {(account.email,)}


@pytest.mark.parametrize("path, more", [("/api/auth/request_email", {}), ("/api/auth/login", {"data": True})])
def test_M10_a_refusal_sends_no_mail(mailing, path, more):
    server, sink = mailing
    with harmless(server, besides=("users", "state")):
        for email in (unique_email("nobody"), "no address", ""):
            server.post(path, **({"data": {"username": email, "password": PASSWORD}} if more
                                 else {"json": {"email": email}}))
