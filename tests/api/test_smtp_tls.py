"""Mail over SMTP with TLS: which certificates are taken, when mail goes in clear, and what the operator reads when it does not go."""

import re

import pytest

from support import SmtpSink


def trusting(sink: SmtpSink) -> str:
    """The sink's address by the name that its certificate bears."""
    return sink.url.replace("127.0.0.1", "localhost")

def test_starttls_is_used_with_a_good_certificate(serve, certificates):
    with SmtpSink(certificates.good) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="required")
        account = server.signup()
        delivery, = sink.wait_for(account.email)
        assert delivery.tls
        assert [command.split()[0] for command in sink.plain_commands] == ["EHLO", "STARTTLS"]


def test_implicit_tls_is_used_with_smtps(serve, certificates):
    with SmtpSink(certificates.good, implicit_tls=True) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="required")
        account = server.signup()
        delivery, = sink.wait_for(account.email)
        assert delivery.tls and sink.plain_commands == []


def assert_not_sent(server, sink, account, reason: str):
    """The mail stays in the outbox, nothing of it went out, and log and list say what is wrong with the mail server's
    TLS, without the mail's receiver or link in the log."""
    logged = server.wait_log(r"WARN mail\.retry .*tries=1\b")
    sink.wait_connections(1)
    listed, = [line for line in server.cli_ok("mail", "list").splitlines() if account.email in line]
    assert re.search(rf"(?i)\breason=\"tls: .*{reason}", logged), logged
    assert "waiting" in listed and re.search(rf"(?i)\btls: .*{reason}", listed), listed
    assert account.email not in logged and "confirmed_email" not in server.stderr
    assert sink.deliveries == [] and sink.auth_attempts == []
    assert not any(command.upper().startswith(("MAIL", "RCPT", "DATA", "AUTH")) for command in sink.plain_commands)


@pytest.mark.parametrize("certificate, reason", [("self_signed", "self.signed"),
                                                 ("wrong_name", "subject name|host ?name"), ("expired", "expired")])
@pytest.mark.parametrize("implicit", [False, True])
def test_M04_a_bad_certificate_is_refused_and_named(serve, certificates, certificate, reason, implicit):
    with SmtpSink(getattr(certificates, certificate), implicit_tls=implicit, login=("user", "smtp-password")) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="required", mail__smtp_user="user",
                       mail__smtp_password="smtp-password")
        assert_not_sent(server, sink, server.signup(), f"({reason})")


def test_M03_without_starttls_nothing_is_sent_where_tls_is_required(serve, certificates):
    with SmtpSink(certificates.good, login=("user", "smtp-password")) as sink:
        sink.faults.hide_starttls = True
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="required", mail__smtp_user="user",
                       mail__smtp_password="smtp-password")
        assert_not_sent(server, sink, server.signup(), "starttls")


def test_M03_tls_is_required_by_default(serve):
    with SmtpSink() as sink:
        server = serve(sink, mail__tls=None)
        assert_not_sent(server, sink, server.signup(), "starttls")


def test_M03_what_is_injected_behind_the_starttls_reply_is_refused(serve, certificates):
    with SmtpSink(certificates.good, login=("user", "smtp-password")) as sink:
        sink.faults.after_starttls = b"250-sink\r\n250 AUTH PLAIN\r\n235 2.7.0 welcome\r\n"
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="required", mail__smtp_user="user",
                       mail__smtp_password="smtp-password")
        assert_not_sent(server, sink, server.signup(), "")


def test_opportunistic_tls_sends_in_clear_only_where_none_is_offered(serve, certificates):
    with SmtpSink() as sink:
        server = serve(sink, mail__tls="opportunistic")
        account = server.signup()
        assert not sink.wait_for(account.email)[0].tls
    with SmtpSink(certificates.good) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="opportunistic")
        account = server.signup()
        assert sink.wait_for(account.email)[0].tls


@pytest.mark.parametrize("certificate", ["self_signed", "wrong_name", "expired"])
def test_F07_opportunistic_tls_takes_any_certificate(serve, certificates, certificate):
    with SmtpSink(getattr(certificates, certificate)) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="opportunistic")
        account = server.signup()
        assert sink.wait_for(account.email)[0].tls
        assert [command.split()[0] for command in sink.plain_commands] == ["EHLO", "STARTTLS"]


def test_F07_a_server_that_can_not_do_the_tls_that_it_offers_gets_the_mail_as_one_that_offers_none(serve, certificates):
    with SmtpSink(certificates.good) as sink:
        sink.faults.broken_tls = True
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="opportunistic")
        account = server.signup()
        assert not sink.wait_for(account.email)[0].tls
        assert len(sink.to(account.email)) == 1 and sink.connections == 2
        server.wait_log(r"INFO mail\.in_clear ")


@pytest.mark.parametrize("certificate, reason", [("self_signed", "self.signed"), ("wrong_name", "subject name|host ?name")])
def test_F07_implicit_tls_is_no_offer_and_is_verified_whatever_mail_tls_says(serve, certificates, certificate, reason):
    with SmtpSink(getattr(certificates, certificate), implicit_tls=True) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="opportunistic")
        assert_not_sent(server, sink, server.signup(), f"({reason})")


def assert_reason(server, account, reason: str):
    """Log and list give the operator that sentence."""
    logged = server.wait_log(r"WARN mail\.retry .*tries=1\b", 60)
    listed, = [line for line in server.cli_ok("mail", "list").splitlines() if account.email in line]
    assert re.search(reason, logged), logged
    assert re.search(reason, listed), listed


@pytest.mark.parametrize("mechanisms", ["CRAM-MD5", "XOAUTH2", "CRAM-MD5 XOAUTH2"])
def test_F23_a_server_that_signs_in_in_no_way_of_ours_is_named_with_its_ways(serve, certificates, mechanisms):
    with SmtpSink(certificates.good, login=("user", "smtp-password"), mechanisms=mechanisms) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="required", mail__smtp_user="user",
                       mail__smtp_password="smtp-password")
        account = server.signup()
        assert_reason(server, account, rf"offers only AUTH {mechanisms}, but Latchkey signs in with PLAIN or LOGIN")
        assert sink.auth_attempts == [] and sink.deliveries == []


def test_F23_a_port_that_speaks_tls_at_once_is_told_from_one_that_is_silent(serve, certificates):
    with SmtpSink(certificates.good, implicit_tls=True) as sink:
        server = serve(sink, mail__smtp_url=f"smtp://localhost:{sink.port}")
        assert_reason(server, server.signup(), r"connect: the server sent no greeting; .* must begin with smtps://")
        assert sink.deliveries == []


def test_F23_a_port_that_does_not_speak_tls_at_once_is_told_from_one_with_bad_tls(serve, certificates):
    with SmtpSink(certificates.good) as sink:
        server = serve(sink, mail__smtp_url=f"smtps://localhost:{sink.port}", mail__tls="required")
        assert_reason(server, server.signup(), r"the port does not speak TLS from the first byte, .* must begin with smtp://")
        assert sink.deliveries == []


def test_user_and_password_are_given_inside_tls(serve, certificates):
    with SmtpSink(certificates.good, login=("some.user", "smtp pass=wörd")) as sink:
        server = serve(sink, mail__smtp_url=trusting(sink), mail__tls="required", mail__smtp_user="some.user",
                       mail__smtp_password="smtp pass=wörd")
        account = server.signup()
        delivery, = sink.wait_for(account.email)
        assert delivery.auth == ("some.user", "smtp pass=wörd")
        assert all(tls for _, _, tls in sink.auth_attempts)
        assert "smtp pass" not in server.stderr
