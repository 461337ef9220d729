"""What the mails of a recovery carry, and the handles of who asks for one twice."""

import base64
import json
import re

from support import SmtpSink, assert_problem, unique_email

from test_recovery import NEW_PASSWORD, ask, mails_about, newest_mail, read_mail, reset


def claims_of(handle: str) -> dict:
    payload = handle.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_whoever_asks_again_within_a_minute_can_use_the_code_of_the_mail_that_was_sent(make_server):
    """A double click, or a retry after a lost answer."""
    server = make_server({"limits.enabled": "true"})
    account = server.user()
    ask(server, account.email)
    later = [ask(server, account.email) for _ in range(3)]
    _, code = read_mail(account)
    server.mails_settled(account.email)
    assert len(mails_about(account, "new password")) == 1
    assert reset(server, handle=later[-1], code=code).status_code == 200


def test_L01_handles_do_not_tell_whether_there_is_an_account(make_server):
    server = make_server({"limits.enabled": "true"})
    account, nobody = server.user(), unique_email("nobody")
    for email in (account.email, nobody):
        first, second = (claims_of(ask(server, email)) for _ in range(2))
        assert set(first) == set(second) == {"jti", "mid", "by", "iat", "exp"}
        assert first["jti"] != second["jti"] and first["mid"] != second["mid"]


def test_a_mail_that_comes_too_late_for_its_code_has_the_link_alone(make_server):
    with SmtpSink() as sink:
        server = make_server({"mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "latchkey@example.com"})
        account = server.signup()
        assert server.get(sink.wait_for(account.email)[-1].mail.confirmation_path).status_code == 200
        sink.faults.rcpt_to = "550 5.1.1 no such user"
        handle = ask(server, account.email)
        server.wait(lambda: "put aside" in server.cli_ok("mail", "list"), "the mail to be put aside")
        server.clock.advance(11 * 60)
        sink.faults.rcpt_to = None
        server.cli_ok("mail", "retry")
        text = sink.wait_for(account.email, 2)[-1].mail.text
        assert "code" not in text
        assert_problem(reset(server, handle=handle, code="12345678"), 400, "invalid_link")
        token = re.search(r"/password/new/(\S+)", text)[1]
        assert reset(server, token=token).status_code == 200


def test_both_mails_are_in_the_language_that_was_asked_in(make_server, tmp_path):
    for message, words in (("password_reset", "Neues Passwort: {{reset_url}}"), ("password_changed", "Geändert: {{created_at}} {{not_me_url}}")):
        (tmp_path / message / "de").mkdir(parents=True)
        (tmp_path / message / "de/subject.txt").write_text("Ihr Passwort")
        (tmp_path / message / "de/body.txt").write_text(words)
    server = make_server({"mail.templates_dir": str(tmp_path)})
    account = server.user()
    german = {"Accept-Language": "de-AT, en;q=0.5"}
    assert server.post("/api/auth/password/forgotten", json={"email": account.email}, headers=german).status_code == 200
    asked = newest_mail(account, "Ihr Passwort")
    token = re.search(r"Neues Passwort: \S+/password/new/(\S+)", asked.text)[1]
    done = server.post("/api/auth/password/reset", json={"token": token, "password": NEW_PASSWORD}, headers=german)
    assert done.status_code == 200
    notice = newest_mail(account, "Ihr Passwort", 2)
    assert re.search(r"Geändert: \d{4}-\d\d-\d\d \d\d:\d\d UTC", notice.text)


def test_a_notice_of_an_account_that_was_deleted_meanwhile_still_names_it(make_server):
    with SmtpSink() as sink:
        server = make_server({"mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "latchkey@example.com"})
        account = server.signup(username="Ada Lovelace")
        assert server.get(sink.wait_for(account.email)[-1].mail.confirmation_path).status_code == 200
        ask(server, account.email)
        token = re.search(r"/password/new/(\S+)", sink.wait_for(account.email, 2)[-1].mail.text)[1]
        sink.faults.rcpt_to = "450 4.2.1 try again later"
        assert reset(server, token=token).status_code == 200
        server.cli_ok("user", "delete", account.email)
        sink.faults.rcpt_to = None
        server.clock.advance(3600)
        assert "Hello Ada Lovelace," in sink.wait_for(account.email, 3)[-1].mail.text


def test_wrong_codes_leave_a_trace_in_the_audit_of_their_account(server):
    account = server.user()
    handle = ask(server, account.email)
    _, code = read_mail(account)
    assert_problem(reset(server, handle=handle, code=f"{(int(code) + 1) % 10**8:08}"), 400, "invalid_link")
    subject = [row["target"] for row in server.audit() if row["event"] == "password_reset_asked"][-1]
    entries = [row for row in server.audit() if row["event"] == "mail_code_tried" and row["target"] == subject]
    assert [row["result"] for row in entries] == ["invalid_link"]


def test_a_reset_without_any_proof_names_both_ways(server):
    problem = assert_problem(server.post("/api/auth/password/reset", json={"password": NEW_PASSWORD}), 422, "validation_failed")
    assert "handle and code" in json.dumps(problem) and "token" in json.dumps(problem)
