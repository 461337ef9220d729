"""J08–J12: values that ask for rights, name others, or are written for an interpreter that is not there."""

import json
from urllib.parse import quote

import pytest

from probes import COUNTED, cpu_ns, harmless
from support import PASSWORD, assert_problem, unique_email
from support.tokens import claims_of

TEXT = "application/json"


# J08, J09 -----------------------------------------------------------------------------------------


def test_J08_nobody_gives_himself_rights_at_sign_up(server):
    extra = {"role": "admin", "roles": ["admin"], "is_admin": True, "isAdmin": True, "admin": 1, "email_verified": True,
             "confirmed": True, "is_active": True, "blocked": False, "id": 1, "sub": "1", "subject": "1",
             "created_at": "2000-01-01T00:00:00Z",
             "updated_at": 0, "password_hash": "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
             "avatar": "javascript:1",
             "failed_sign_ins": -1000, "locked_until": -1, "email_key": "x", "status": "active",
             "__proto__": {"role": "admin"},
             "constructor": {"prototype": {"role": "admin"}}}
    email = unique_email()
    response = server.post("/api/auth/signup", json=extra | {"email": email, "username": "new_user",
                                                             "password": PASSWORD})
    assert response.status_code == 201
    shown = response.json()
    assert (shown["role"], shown["confirmed"], shown["avatar"], shown["status"]) == ("user", False, None, "inactive")
    assert shown["id"] != 1 and not shown["created_at"].startswith("2000")
    with server.db() as db:
        rows = db.execute("SELECT * FROM users WHERE email = ?", (email,))
        row = dict(zip([column[0] for column in rows.description], rows.fetchone()))
    assert (row["role"], row["confirmed"], row["failed_sign_ins"], row["locked_until"]) == ("user", 0, 0, 0)
    assert row["email_key"] != "x" and "AAAAAAAA" not in row["password_hash"]
    assert_problem(server.post("/api/auth/login", data={"username": email, "password": PASSWORD}), 401,
                   "email_not_confirmed")


def test_J08_blocking_takes_nothing_but_the_switch(server, keeper):
    account = server.user()
    response = server.post(f"/api/auth/block_user/{account.id}", bearer=keeper.access, json={
        "is_active": True, "role": "admin", "email": "other@example.com", "password": "another-password",
        "confirmed": False, "id": 1})
    assert response.status_code == 200
    shown = response.json()["user"]
    assert (shown["role"], shown["email"], shown["confirmed"], shown["id"]) == ("user", account.email, True, account.id)
    account.login()


@pytest.mark.parametrize("method, path", [("GET", "/api/users/me"), ("GET", "/api/auth/sessions")])
@pytest.mark.parametrize("where", ["body", "query", "header"])
def test_J09_the_subject_is_the_tokens_own(server, member, keeper, method, path, where):
    victim = keeper.user["id"], claims_of(keeper.access)["sub"], keeper.email
    named = {"user_id": victim[0], "id": victim[0], "sub": victim[1], "sid": claims_of(keeper.access)["sid"],
             "email": victim[2]}
    more = {"body": {"json": named}, "query": {"params": named},
            "header": {"headers": {"X-User-Id": str(victim[0]), "X-Forwarded-User": victim[2],
                                   "X-Remote-User": victim[2], "Remote-User": victim[2],
                                   "X-Forwarded-Email": victim[2]}}}[where]
    with harmless(server):
        assert_problem(server.request(method, path, **more), 401)
        response = server.request(method, path, bearer=member.access, **more)
        assert response.status_code in (200, 400)
        assert keeper.email not in response.text


@pytest.mark.parametrize("path", ["/api/auth/logout_all", "/api/auth/logout"])
def test_J09_nobody_is_logged_out_by_name(server, user, keeper, path):
    victim = {"user_id": keeper.user["id"], "sub": claims_of(keeper.access)["sub"],
              "sid": claims_of(keeper.access)["sid"],
              "token": keeper.refresh, "refresh_token": keeper.refresh}
    with harmless(server):
        assert_problem(server.post(path, json=victim), 401)
        assert_problem(server.post(path, data=victim, params=victim), 401)
    response = server.post(path, bearer=user.access if path.endswith("all") else user.refresh, json=victim)
    assert response.status_code in (200, 400)
    assert keeper.me().status_code == 200


# J10, J11, J12 ------------------------------------------------------------------------------------

HOSTILE = ["' OR 1=1--", "' OR '1'='1", '" OR ""="', "'; DROP TABLE users;--", "\\'; DROP TABLE users;--", "%", "_",
           "\\", "*", "$1", "?1", ":name",
           "1; SELECT pg_sleep(9)", "' UNION SELECT password_hash FROM users--", "${jndi:ldap://127.0.0.1:1/a}",
           "%n%s%x%p", "{{7*7}}", "#{7*7}",
           "<%= 7*7 %>", "$(id)", "`id`", "| id", "../../../../etc/passwd", "\u202ereversed", "\u0008", "😀" * 10]


@pytest.mark.parametrize("text", HOSTILE)
def test_J10_hostile_text_finds_and_changes_nothing(server, member, keeper, text):
    with harmless(server, besides=COUNTED):
        for fields in ({"username": text, "password": text}, {"username": member.email, "password": text},
                       {"username": member.email + text, "password": member.password},
                       {"username": text + member.email, "password": member.password}):
            response = server.post("/api/auth/login", data=fields)
            assert_problem(response, response.status_code)
            assert response.status_code in (400, 401, 422), (fields, response.text)
    with harmless(server):
        for email in (text, member.email + text, f"a{text}@example.com"):
            assert server.post("/api/auth/request_email", json={"email": email}).status_code in (200, 422)
        for method, path in (("DELETE", "/api/auth/sessions/{}"), ("POST", "/api/auth/block_user/{}?is_active=0"),
                             ("GET", "/api/auth/confirmed_email/{}"), ("POST", "/api/auth/rejected_email/{}")):
            response = server.request(method, path.format(quote(text, safe="")), bearer=keeper.access)
            assert response.status_code in (400, 401, 404, 422), response.text
    assert member.me().status_code == 200


@pytest.mark.parametrize("text", HOSTILE)
def test_J12_hostile_text_in_a_name_is_inert_everywhere(server, text):
    email = unique_email()
    response = server.post("/api/auth/signup", json={"email": email, "username": "n " + text, "password": PASSWORD},
                           headers={"User-Agent": text.encode() if text.isprintable() else b"x"})
    if response.status_code == 422:
        assert not text.isprintable()
        return
    assert response.status_code == 201
    assert response.json()["username"] == ("n " + text).strip()
    mail, = server.wait_mail(email)
    # What turns the direction of reading or can not be seen may be shown as a mark.
    shown = text if text.isprintable() else "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    # Spaces stand behind what would make a link of it (M12).
    flat = "".join(mail.text.split())
    assert any("".join(f"n{name}".split()) in flat for name in (text, shown)), "the name is written out, not as a template"
    assert "n 49" not in mail.text
    assert text in server.cli_ok("user", "show", email) or not text.isascii()


def test_J12_hostile_text_in_a_user_agent_is_kept_as_text(server):
    account = server.confirmed()
    for text in HOSTILE:
        if text.isascii() and text.isprintable():
            account.login(headers={"User-Agent": text})
            current, = [session for session in account.sessions() if session["current"]]
            assert current["user_agent"] == text


@pytest.mark.parametrize("email", ["a" * 60_000 + "@example.com", "a@" + "a." * 30_000 + "com", "a@" + "a" * 60_000,
                                   "@" * 60_000, "a." * 30_000,
                                   "(" * 30_000 + "a" * 30_000, '"' + "\\" * 30_000,
                                   "a" * 30_000 + "@" + "a" * 30_000 + "!", " " * 60_000,
                                   "a@" + "xn--" * 15_000, "a@" + "ä" * 29_000, "\u0301" * 29_000 + "@example.com",
                                   "a@" + ".".join(["xn--" + "a" * 50] * 1000)], ids=lambda text: text[:6])
def test_J11_a_long_address_is_refused_at_once(server, email):
    """The time that counts is what the server's processor has spent, not what a busy machine makes of it."""
    def post(path, **fields):
        return server.post(path, data=json.dumps(fields, ensure_ascii=False).encode(), headers={"Content-Type": TEXT})

    with harmless(server, besides=COUNTED):
        before, rounds = cpu_ns(server), 5
        for _ in range(rounds):
            assert_problem(post("/api/auth/request_email", email=email), 422)
            assert_problem(post("/api/auth/signup", email=email, username="new_user", password=PASSWORD), 422)
            response = server.post("/api/auth/login", data={"username": email, "password": PASSWORD})
            assert response.status_code in (401, 413, 422)
        spent = (cpu_ns(server) - before) / (3 * rounds)
        assert spent < 50e6, f"{spent / 1e6:.1f} ms a request"
