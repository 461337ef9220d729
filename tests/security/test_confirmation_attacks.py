"""C: the confirmation link. Who has it proves one address, once, and nothing else."""

import collections
import re

import pytest

from probes import harmless, head, one_answer
from support import PASSWORD, RawConnection, Server, SmtpSink, assert_problem, at_once
from support.tokens import claims_of, header_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def link(account) -> str:
    return account.server.wait_mail(account.email)[-1].confirmation_path


@pytest.mark.parametrize("seed", range(3))
def test_C02_D01_of_many_parallel_confirmations_exactly_one_confirms(server, seed):
    account = server.signup()
    path = link(account)
    posts = {"Accept": "application/json"}
    answers = at_once(lambda: server.get(path).json()["message"],
                      lambda: server.post(path, headers=posts).json()["message"], times=50)
    assert sorted(answers) == ["Email confirmed"] + ["Your email is already confirmed"] * 99
    with server.db() as db:
        assert db.execute("SELECT confirmed FROM users WHERE email = ?", (account.email,)).fetchone() == (1,)


def test_C02_two_links_of_one_account_confirm_once(server):
    account = server.signup()
    server.post("/api/auth/request_email", json={"email": account.email})
    first, second = [mail.confirmation_path for mail in server.wait_mail(account.email, 2)]
    answers = at_once(lambda: server.get(first).json()["message"], lambda: server.get(second).json()["message"],
                      times=20)
    assert answers.count("Email confirmed") == 1


def test_C03_a_link_is_good_to_its_last_second_and_no_longer(make_server):
    server = make_server()
    early, late = server.signup(), server.signup()
    paths = link(early), link(late)
    end = claims_of(paths[1].rsplit("/", 1)[1])["exp"]
    server.clock.advance(end - server.clock.now() - 10)
    assert server.get(paths[0]).json() == {"message": "Email confirmed"}
    server.clock.advance(12)
    with harmless(server):
        for method in ("GET", "POST"):
            for headers in ({}, BROWSER):
                assert server.request(method, paths[1], headers=headers).status_code == 400


def test_C05_ids_are_long_random_and_all_different(server):
    """What is hard to guess about the tokens: the ids in them, 128 bits each."""
    ids = collections.defaultdict(list)
    for _ in range(60):
        account = server.signup()
        token = server.wait_mail(account.email)[0].confirmation_token
        ids["link"].append(next(str(value) for name, value in claims_of(token).items() if name in ("jti", "id", "lid")))
        account.confirm()
        account.login()
        for name in ("sid", "jti", "sub"):
            ids[name].append(claims_of(account.access)[name])
    for name, values in ids.items():
        assert len(set(values)) == len(values), name
        plain = [re.sub(r"[^0-9A-Za-z_-]", "", value).replace("-", "") if re.fullmatch(r"[0-9a-f-]{32,36}", value)
                 else value for value in values]
        assert min(map(len, plain)) >= 22, (name, plain[0])
        # No counter and no clock: the letters at the start and at the end are spread.
        for part in (slice(0, 2), slice(-2, None)):
            assert len({value[part] for value in plain}) > 30, (name, plain[:5])


def test_C07_a_scanner_that_opens_all_it_finds_consumes_nothing(server):
    account = server.signup()
    mail = server.wait_mail(account.email)[0]
    found = set(re.findall(r"https?://[^\s\"'<>]+", mail.text + " " + mail.html.replace("&amp;", "&")))
    paths = {url[len(server.public_url):] for url in found if url.startswith(server.public_url)}
    assert mail.confirmation_path in paths
    assert all(url.startswith(server.public_url) for url in found), "the mail points nowhere else"
    with harmless(server):
        page = server.get(mail.confirmation_path, headers=BROWSER).text
        paths |= set(re.findall(r'(?:href|action|src)="(/[^"]+)"', page))
        for path in paths:
            for method in ("HEAD", "GET", "OPTIONS"):
                server.request(method, path, headers=BROWSER, cacheable=True, check=False)
    assert_problem(account.try_login(), 401, "email_not_confirmed")
    account.confirm()


@pytest.mark.parametrize("path", ["/api/auth/confirmed_email/{}/", "/api/auth//confirmed_email/{}",
                                  "/api/auth/confirmed_email//{}"])
def test_C07_a_folded_path_is_the_same_link(server, path):
    account = server.signup()
    token = link(account).rsplit("/", 1)[1]
    raw, _ = one_answer(server, head("GET", path.format(token), "Accept: text/html"))
    assert raw.status == 200
    assert_problem(account.try_login(), 401, "email_not_confirmed")
    assert server.get(path.format(token)).json() == {"message": "Email confirmed"}


def test_C07_a_post_with_a_body_or_a_foreign_origin_is_still_the_same_button(server):
    """A page elsewhere that posts the link needs the link: there is no session to ride on."""
    account = server.signup()
    with harmless(server):
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, BROWSER):
            assert server.post("/api/auth/confirmed_email/x", headers=headers,
                               data=b"token=x").status_code in (400, 415)
    assert_problem(account.try_login(), 401, "email_not_confirmed")


def test_C11_before_confirmation_only_the_right_password_learns_of_it(server):
    account = server.signup()
    with harmless(server, besides=("users",)):
        assert_problem(account.try_login("not-the-password"), 401, "invalid_credentials")
    with harmless(server, besides=("users",)):
        response = account.try_login()
        problem = assert_problem(response, 401, "email_not_confirmed", "Email not confirmed")
        assert "token" not in response.text.lower().replace("invalid_token", "") and account.email not in str(problem)
    with server.db() as db:
        rows = db.execute("SELECT count(*) FROM sessions JOIN users ON users.id = sessions.user_id WHERE email = ?",
                          (account.email,))
        assert rows.fetchone() == (0,)


def test_C12_confirming_gives_the_browser_nothing_to_be_signed_in_with(server):
    account = server.signup()
    path = link(account)
    with RawConnection(server) as connection:
        for method in ("GET", "POST", "POST"):
            connection.send(head(method, path, "Accept: text/html", "Content-Length: 0"))
            response = connection.read_response()
            assert response.status == 200 and response.header_all("set-cookie") == []
            assert "eyJ" not in response.text.replace(path.rsplit("/", 1)[1], "")
        connection.send(head("GET", "/api/users/me"))
        assert connection.read_response().status == 401


def test_C13_nothing_but_a_link_confirms(server):
    account = server.signup()
    server.block(account)
    server.block(account, is_active=True)
    server.cli_ok("user", "set-role", account.email, "moderator")
    server.cli_ok("user", "block", account.email)
    server.cli_ok("user", "unblock", account.email)
    server.post("/api/auth/request_email", json={"email": account.email})
    server.get(link(server.signup()))
    assert_problem(account.try_login(), 401, "email_not_confirmed")
    shown = server.block(account, is_active=True).json()["user"]
    assert shown["confirmed"] is False


def test_C14_with_smtp_no_log_holds_a_link_or_a_token():
    with SmtpSink() as sink, Server({"mail.smtp_url": sink.url, "mail.tls": "off",
                                     "mail.from": "no-reply@latchkey.example",
                                     "log.level": "debug"}) as server:
        account = server.signup()
        mail = sink.wait_for(account.email)[0].mail
        token, path = mail.confirmation_token, mail.confirmation_path
        for method in ("GET", "HEAD", "POST", "PUT"):
            for headers in (BROWSER, {"Accept": "application/json"}):
                server.request(method, path, headers=headers)
                server.request(method, path.replace("confirmed_", "rejected_"), headers=headers)
                server.request(method, path + "x", headers=headers)
                server.request(method, "/api/auth//" + path.rsplit("/", 2)[1] + "//" + token,
                               headers={"Referer": server.url + path} | headers)
        server.get(path + "?x=1")
        server.get("/nothing/" + token)
        server.get("/api/users/me?access_token=" + token)
        logged = server.stderr
        for part in (token, token.split(".")[1], token.split(".")[2], PASSWORD):
            assert part not in logged
    assert logged.strip(), "the log was kept"


@pytest.mark.parametrize("listen, public_url", [
    ("0.0.0.0:0", "https://id.example.com"), ("0.0.0.0:0", "http://localhost:8080"), ("127.0.0.1:0", "https://id.example.com")])
def test_C14_on_another_address_than_loopback_the_link_is_not_logged(make_server, listen, public_url):
    server = make_server({"listen": listen, "public_url": public_url})
    server.host = "127.0.0.1"
    account = server.signup()
    token = server.wait_mail(account.email)[0].confirmation_token
    account.confirm()
    assert token not in server.stderr and token.split(".")[2] not in server.stderr


def test_C04_the_link_names_its_kind_and_is_bound_to_user_address_and_time(server):
    token = link(server.signup()).rsplit("/", 1)[1]
    assert header_of(token)["typ"] == "ec+jwt"
    assert len(claims_of(token)) >= 4 and "exp" in claims_of(token)
    assert len(token) < 1024
