"""The operator's folder of mail templates, and their languages."""

import re

import pytest

from support import SmtpSink, unique_email


def test_F08_F18_templates_of_the_operator_stand_one_by_one_over_those_built_in(serve, tmp_path):
    folder = tmp_path / "confirmation"
    folder.mkdir()
    (folder / "subject.txt").write_bytes(b"\xef\xbb\xbfWelcome to {{service}}\n")
    with SmtpSink() as sink:
        server = serve(sink, mail__templates_dir=str(tmp_path))
        mail = sink.wait_for(server.signup().email)[0].mail
        assert mail.subject == "Welcome to localhost"
        assert "please confirm the address" in mail.text and "<html" in mail.html


def test_a_confirmation_mail_is_in_the_language_that_the_client_prefers_where_there_is_one(serve, tmp_path):
    german = tmp_path / "confirmation" / "de"
    german.mkdir(parents=True)
    (german / "subject.txt").write_text("Willkommen bei {{service}}")
    (german / "body.txt").write_text("Bis {{expires_at}}:\n\n{{confirm_url}}\n")
    with SmtpSink() as sink:
        server = serve(sink, mail__templates_dir=str(tmp_path), limits__enabled="false")

        def sign_up(languages: str):
            email = unique_email()
            body = {"email": email, "username": "somebody", "password": "correct-horse-battery"}
            assert server.post("/api/auth/signup", json=body, headers={"Accept-Language": languages}).status_code == 201
            return email, sink.wait_for(email)[0].mail

        email, mail = sign_up("de-AT,de;q=0.9,en;q=0.8")
        assert mail.subject == "Willkommen bei localhost"
        assert re.search(r"^Bis \d{4}-\d\d-\d\d \d\d:\d\d UTC:", mail.text)
        assert "Confirm e-mail address" in mail.html, "the file that is missing is the English one"
        server.post("/api/auth/request_email", json={"email": email}, headers={"Accept-Language": "en"})
        assert sink.wait_for(email, 2)[1].mail.subject == "Confirm your e-mail address for localhost"
        for languages in ("fr", "en;q=0.9, de;q=0.1", "../de", ""):
            assert sign_up(languages)[1].subject == "Confirm your e-mail address for localhost", languages


@pytest.mark.parametrize("file, text, says", [("body.txt", "no link", "has no {{confirm_url}}"),
                                              ("body.html", "{{confirm_url}} {{surname}}", "line 1"),
                                              ("subjet.txt", "x", "is not a template")])
def test_templates_that_would_not_do_refuse_the_start(make_server, tmp_path, file, text, says):
    (tmp_path / "confirmation").mkdir()
    (tmp_path / "confirmation" / file).write_text(text)
    server = make_server({"mail.templates_dir": str(tmp_path)}, start=False)
    said = server.cli_refused("serve")
    assert file in said and says in said, said
    assert not server.data_dir.exists(), "nothing was touched"
