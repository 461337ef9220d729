"""GET /mailbox and what it leads to: the mails of a newcomer's server, for a browser on this machine alone."""

import html
import re
import shutil
import time

import pytest

from support import SmtpSink, nothing_changes, unique_email
from support.newcomers import FROM_ELSEWHERE, HTML, ask, assert_unknown

# Newer than those of other tests that share the server: the page shows the newest.
ID = "20991231T080000.000001Z-" + "0" * 32
MESSAGE = """To: {to}\r
Subject: {subject}\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="=_x"\r
\r
--=_x\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
{text}\r
\r
--=_x\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
{html}\r
\r
--=_x--\r
"""


def write_mail(server, name: str = ID, *, to="a@example.org", subject="Hello", text="text", part="<p>html</p>"):
    folder = server.data_dir / "mail"
    path = folder / f"{name}.eml"
    path.write_bytes(MESSAGE.format(to=to, subject=subject, text=text, html=part).encode(errors="surrogateescape"))
    return path


@pytest.fixture
def hostile_mail(server):
    made = []
    yield lambda **what: made.append(write_mail(server, **what)) or made[-1].stem
    for path in made:
        path.unlink(missing_ok=True)


def listed(server) -> list[tuple[str, str]]:
    """Id and subject of each mail that the page shows."""
    page = server.get("/mailbox", headers=HTML)
    assert page.status_code == 200
    return [(mail, html.unescape(subject))
            for mail, subject in re.findall(r'<a href="\./mailbox/([^"/]+)"><bdi>(.*?)</bdi></a>', page.text)]


def test_F60_the_mail_of_a_sign_up_is_there_and_its_link_confirms(server):
    account = server.signup()
    name = server.wait_mail(account.email)[-1].name.removesuffix(".eml")
    page = server.get("/mailbox", headers=HTML)
    assert page.status_code == 200 and account.email in page.text
    assert listed(server)[0][0] == name, "the newest comes first"
    with nothing_changes(server):
        mail = server.get(f"/mailbox/{name}", headers=HTML)
    assert mail.status_code == 200 and account.email in mail.text
    link, = set(re.findall(r'<a href="(http://localhost:\d+/api/auth/confirmed_email/[^"]+)"', mail.text))
    assert link == server.wait_mail(account.email)[-1].confirmation_link
    assert server.get(link.removeprefix(server.public_url)).status_code == 200
    account.login()


def test_the_pages_are_kept_by_nobody_and_framed_by_nobody(server):
    account = server.signup()
    name = server.wait_mail(account.email)[-1].name.removesuffix(".eml")
    for path in ("/mailbox", f"/mailbox/{name}"):
        page = server.get(path, headers=HTML)
        assert "script-src" not in page.headers["Content-Security-Policy"] and "<script" not in page.text
        assert server.request("HEAD", path).status_code == 200


def test_the_html_part_stands_in_an_answer_where_nothing_runs_and_nothing_is_loaded(server):
    account = server.signup()
    mail = server.wait_mail(account.email)[-1]
    answer = server.get(f"/mailbox/{mail.name.removesuffix('.eml')}/html", check=False)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.splitlines() == mail.html.splitlines()
    policy = [part.strip() for part in answer.headers["Content-Security-Policy"].split(";")]
    assert {"sandbox", "default-src 'none'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store" and "Cross-Origin-Opener-Policy" not in answer.headers


def test_H31_markup_in_a_mail_is_text(server, hostile_mail):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    name = hostile_mail(subject=evil, to=evil, text=f"{evil}\njavascript:alert(1) http://a.example/\"onclick=\"x {{{{title}}}}", part=evil)
    assert (name, evil) in listed(server)
    for path in ("/mailbox", f"/mailbox/{name}"):
        page = server.get(path, headers=HTML).text
        assert "<script" not in page and "<img" not in page and "onclick=\"" not in page and 'href="javascript' not in page
    assert "{{title}}" in page and '<a href="http://a.example/" rel="noreferrer"' in page


def test_H31_bytes_of_every_kind_make_a_page(server, hostile_mail):
    name = hostile_mail(subject="=?UTF-8?Q?=FF=00=0A=E2=80=AE?=", text="\x00\x1b[2J\u202e\udcff\tx\r\r\n" + "y" * 100_000)
    page = server.get(f"/mailbox/{name}", headers=HTML)
    assert page.status_code == 200
    assert not re.search("[\x00\x1b\u202e]", page.content.decode()), "what could forge or hide is shown as U+FFFD"


@pytest.mark.parametrize("name", ["latchkey.db", "..%2f..%2flatchkey.db", "%2e%2e%2flatchkey.db", ".eml", ID + ".eml", ID[:-1], ID + "%00",
                                  "20260131T080000.000001Z-" + "f" * 32, "x" * 3000, "<script>", "%ff"])
def test_H31_no_other_file_is_reached(server, name):
    for path in (f"/mailbox/{name}", f"/mailbox/{name}/html"):
        response = server.get(path, headers=HTML)
        assert response.status_code in (400, 404), path
        assert "script>" not in response.text


def test_H31_only_the_newest_are_read_however_many_there_are(make_server):
    server = make_server()
    paths = [write_mail(server, f"20260131T08{n // 60:02}{n % 60:02}.000001Z-{n:032x}", subject=f"mail {n}", text="x" * 5000) for n in range(500)]
    assert [subject for _, subject in listed(server)] == [f"mail {n}" for n in range(499, 449, -1)]
    for path in paths[450:]:
        path.unlink()
    assert len(listed(server)) == 50
    began = time.monotonic()
    for _ in range(20):
        server.get("/mailbox", headers=HTML)
    assert time.monotonic() - began < 20


def test_an_empty_a_missing_and_an_unreadable_folder_each_make_a_page(make_server):
    server = make_server(admin=False)
    folder = server.data_dir / "mail"
    assert "no mail yet" in server.get("/mailbox", headers=HTML).text
    write_mail(server)
    assert [name for name, _ in listed(server)] == [ID]
    shutil.rmtree(folder)
    missing = server.get("/mailbox", headers=HTML)
    assert missing.status_code == 200 and "cannot be read" in missing.text and 'role="alert"' in missing.text
    assert server.get(f"/mailbox/{ID}", headers=HTML).status_code == 404
    folder.write_text("no folder")
    assert "cannot be read" in server.get("/mailbox", headers=HTML).text
    folder.unlink()
    folder.mkdir()
    account = server.signup(unique_email())
    server.wait_mail(account.email)
    assert len(listed(server)) == 1


# Who may see it -----------------------------------------------------------------------------------


@pytest.fixture
def paths(server, hostile_mail):
    name = hostile_mail()
    return ["/mailbox", f"/mailbox/{name}", f"/mailbox/{name}/html"]


@pytest.mark.parametrize("host", ["localhost", "localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:1"])
def test_a_browser_on_this_machine_sees_it_by_each_of_its_names(server, paths, host):
    for path in paths:
        assert ask(server, "GET", path, {"Host": host}).status == 200, path


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_H30_to_everybody_else_it_is_a_path_that_nobody_knows(server, paths, headers):
    for path in paths:
        assert_unknown(server, path, headers)


def test_H30_nor_is_it_there_for_what_speaks_as_a_proxy(server, paths):
    for path in paths:
        assert_unknown(server, f"http://localhost:{server.port}{path}")


@pytest.mark.parametrize("settings", [
    {"public_url": "https://auth.example.com"}, {"public_url": "http://192.168.1.5:8080"}, {"listen": "0.0.0.0:0"}, {"mail.smtp_url": None},
], ids=str)
def test_H30_it_is_gone_with_each_of_the_settings_of_a_real_server(make_server, settings):
    with SmtpSink() as sink:
        if "mail.smtp_url" in settings:
            settings = {"mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "a@example.com"}
        server = make_server(settings)
        if not (server.data_dir / "mail").exists():
            (server.data_dir / "mail").mkdir()
        write_mail(server)
        for path in ("/mailbox", f"/mailbox/{ID}", f"/mailbox/{ID}/html"):
            assert_unknown(server, path)
        server.stop()


def test_it_is_there_where_the_public_url_names_this_machine(make_server):
    server = make_server({"public_url": "http://localhost:9999"})
    write_mail(server)
    assert [name for name, _ in listed(server)] == [ID]


def test_no_description_of_the_api_has_it(server):
    described = server.get("/openapi.json", cacheable=True).json()["paths"]
    assert not [path for path in described if "mailbox" in path or "first-administrator" in path]


# On the command line --------------------------------------------------------------------------------


def test_F60_the_command_shows_the_newest_mail_and_waits_for_it(server):
    first, second = server.signup(), server.signup()
    assert f"To: {second.email}\n" in server.cli_ok("mail", "show", "--last")
    shown = server.cli_ok("mail", "show", "--last", "--to", first.email)
    mail = server.wait_mail(first.email)[-1]
    assert shown.startswith(f"To: {first.email}\nSubject: {mail.subject}\n\n") and mail.confirmation_link in shown.splitlines()


def test_the_command_says_what_is_missing(make_server):
    server = make_server(admin=False)
    assert "there is no mail in " in server.cli_refused("mail", "show", "--last")
    assert "no mail to nobody@example.org" in server.cli_refused("mail", "show", "--last", "--to", "nobody@example.org")
    assert server.cli("mail", "show").returncode == 2
    with SmtpSink() as sink:
        server.restart(mail__smtp_url=sink.url, mail__tls="off", mail__from="a@example.com")
        assert "mail.smtp_url" in server.cli_refused("mail", "show", "--last")
        server.stop()


def test_H31_no_mail_speaks_to_the_terminal(server, hostile_mail):
    hostile_mail(name="99991231T235959.999999Z-" + "0" * 32, subject="=?UTF-8?Q?=1B[2J?=", text="\x1b]0;title\x07\u202ex")
    shown = server.cli_ok("mail", "show", "--last")
    assert not re.search("[\x1b\x07\u202e]", shown)
