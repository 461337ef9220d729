"""A and B: who may do what, found from the server's own description of itself; blocking under races."""

import re
import threading
import time

import pytest

from probes import ACCESS_ROUTES, CACHEABLE, harmless, head, one_answer
from support import PASSWORD, Account, Server, SmtpSink, assert_problem, at_once, unique_email
from support.tokens import claims_of

METHODS = ("get", "post", "put", "patch", "delete")


# A01 ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moved():
    """A server whose clock has passed the life of the first access tokens, but not of their sessions."""
    with Server() as server:
        accounts = {"user": server.user(), "moderator": server.confirmed(), "admin": server.admin(),
                    "stale user": server.user()}
        server.cli_ok("user", "set-role", accounts["moderator"].email, "moderator")
        accounts["moderator"].login()
        accounts["stale admin"] = Account(server, accounts["admin"].email, accounts["admin"].password)
        accounts["stale admin"].login()
        server.clock.advance(1000)
        for name in ("user", "moderator"):
            accounts[name].rotate()
        server.accounts = accounts
        yield server


def operations(server):
    """Method, path and whether a token is wanted, of every operation that the server describes."""
    document = server.get("/openapi.json", cacheable=True).json()
    for path, entry in document["paths"].items():
        for method, operation in entry.items():
            if method in METHODS:
                filled = path.replace("{user_id}", str(server.accounts["user"].id)).replace("{token}",
                                                                                            "x.y.z").replace("{id}", "none").replace("{kind}", "totp")
                yield method.upper(), filled.split("{")[0], bool(operation.get("security", document.get("security")))


def test_A01_every_operation_that_wants_a_token_refuses_all_others(moved):
    people = moved.accounts
    wrong = {"none": None, "garbage": "x.y.z", "expired": people["stale user"].access,
             "expired administrator": people["stale admin"].access}
    guarded = [(method, path) for method, path, secured in operations(moved) if secured]
    assert {path.rstrip("/") for _, path in guarded} >= {"/api/users/me", "/api/auth/logout", "/api/auth/refresh_token",
                                                         "/api/auth/logout_all", "/api/auth/sessions"}
    with harmless(moved):
        for method, path in guarded:
            for name, token in wrong.items():
                assert_problem(moved.request(method, path, bearer=token, json={"is_active": False} if method == "POST"
                                             else None), 401)
            # The wrong kind: an access token where a refresh token belongs, and the other way round.
            refreshing = path.endswith(("/logout", "/refresh_token"))
            token = people["user"].access if refreshing else people["user"].refresh
            assert_problem(moved.request(method, path, bearer=token), 401, "invalid_token")


@pytest.mark.parametrize("role", ["user", "moderator"])
@pytest.mark.parametrize("target", ["user", "moderator", "admin"])
def test_A01_what_only_an_administrator_may_do_is_403_for_the_others(moved, role, target):
    path = f"/api/auth/block_user/{moved.accounts[target].user['id']}"
    with harmless(moved):
        for value in (False, True):
            assert_problem(moved.post(path, bearer=moved.accounts[role].access, json={"is_active": value}), 403,
                           "forbidden")
        # Whether the user exists, or the body is any good, is not told either.
        assert_problem(moved.post("/api/auth/block_user/999999999", bearer=moved.accounts[role].access,
                                  json={"is_active": False}), 403, "forbidden")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("role", ["none", "user", "moderator"])
def test_A01_another_method_is_no_way_in(moved, method, role):
    token = moved.accounts[role].access if role != "none" else None
    with harmless(moved):
        response = moved.request(method, f"/api/auth/block_user/{moved.accounts['user'].id}?is_active=false",
                                 bearer=token, json={"is_active": False})
        assert_problem(response, 405)


def test_A01_no_operation_stands_outside_the_description(moved):
    def shape(path: str) -> str:
        """Without the ids in it, which are a live user's here and nobody's there."""
        return re.sub(r"/\d+(?=/|$)", "/0", path.rstrip("/")).rsplit("/", 1)[0]

    described = {(method, shape(path)) for method, path, _ in operations(moved)}
    for method, path in ACCESS_ROUTES:
        assert (method, shape(path)) in described, path


# A02, A04, A05, A06 -------------------------------------------------------------------------------


def test_A02_no_token_opens_what_is_another_users(server, member, keeper):
    theirs, = [session["id"] for session in keeper.sessions() if session["current"]]
    with harmless(server):
        for method, path in (("DELETE", f"/api/auth/sessions/{theirs}"), ("DELETE",
                                                                          f"/api/auth/sessions/{claims_of(keeper.access)['sid']}"),
                             ("GET", f"/api/users/{keeper.user['id']}"),
                             ("GET", f"/api/users/{claims_of(keeper.access)['sub']}"),
                             ("DELETE", f"/api/users/{keeper.user['id']}"), ("PUT", "/api/users/me"),
                             ("GET", f"/api/auth/sessions?user_id={keeper.user['id']}")):
            response = server.request(method, path, bearer=member.access)
            assert keeper.email not in response.text and theirs not in response.text
            assert response.status_code in (404, 405) or path.endswith(f"user_id={keeper.user['id']}")


@pytest.mark.parametrize("path", ["/setup", "/install", "/bootstrap", "/admin", "/api/admin", "/api/setup",
                                  "/api/admin/users", "/api/auth/setup", "/api/auth/bootstrap",
                                  "/api/auth/register", "/api/auth/admin", "/api/users", "/api/auth/reset_password",
                                  "/api/auth/set_password", "/api/auth/set_role",
                                  "/api/auth/unblock_user/1", "/metrics", "/debug", "/debug/pprof", "/actuator/env",
                                  "/server-status", "/console", "/.env", "/.git/config",
                                  "/latchkey.db", "/data/latchkey.db", "/master_secret", "/graphql", "/control.sock",
                                  "/swagger.json", "/config", "/api/auth/config",
                                  "/api/auth/keys", "/.well-known/openid-configuration",
                                  "/.well-known/oauth-authorization-server", "/robots.txt"])
def test_A05_there_is_no_way_in_for_a_first_visitor(server, path):
    with harmless(server):
        for method in ("GET", "POST"):
            response = server.request(method, path, json={"email": "a@example.com", "password": PASSWORD,
                                                          "role": "admin"} if method == "POST" else None)
            assert response.status_code == 404, (method, path)


def test_A05_a_race_on_a_fresh_install_makes_no_administrator(make_server):
    server = make_server(admin=False)
    answers = at_once(lambda: server.post("/api/auth/signup", json={"email": unique_email(), "username": "first!",
                                                                    "password": PASSWORD}), times=30)
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["role"] for answer in answers} == {"user"}
    with server.db() as db:
        assert db.execute("SELECT count(*) FROM users WHERE role <> 'user'").fetchone() == (0,)


@pytest.mark.parametrize("user", ["admin", "root", "admin@example.com", "admin@localhost", "user@example.com",
                                  "test@example.com", "latchkey", "demo@example.com"])
def test_A06_no_account_comes_with_the_program(server, user):
    for password in ("admin", "password", "root", "secure_password", "changeme", "latchkey", "admin123", "demo", ""):
        response = server.post("/api/auth/login", data={"username": user, "password": password})
        assert response.status_code in (401, 422)


def test_A06_a_fresh_install_has_no_users(make_server):
    server = make_server(admin=False)
    with server.db() as db:
        assert db.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_A04_an_administrator_sets_no_password_over_the_network(server, keeper):
    account = server.user()
    for value in (True, False, True):
        server.post(f"/api/auth/block_user/{account.id}", bearer=keeper.access,
                    json={"is_active": value, "password": "set-by-the-keeper", "password_hash": "x"})
    assert_problem(account.try_login("set-by-the-keeper"), 401, "invalid_credentials")
    account.login()


# A08, A10, A13 ------------------------------------------------------------------------------------


def test_A08_no_answer_about_a_user_holds_a_secret(make_server):
    # A server of its own: a list shows what other tests call their users, marks of secrets among it.
    server = make_server()
    keeper, member = server.admin(), server.user()
    with server.db() as db:
        stored, = db.execute("SELECT password_hash FROM users WHERE email = ?", (member.email,)).fetchone()
    shown = [server.get("/api/users/me", bearer=member.access), server.get("/api/auth/sessions", bearer=member.access),
             server.post(f"/api/auth/block_user/{member.id}", bearer=keeper.access, json={"is_active": True}),
             server.post("/api/auth/signup", json={"email": member.email, "username": "again", "password": PASSWORD}),
             server.post("/api/auth/signup", json={"email": unique_email(), "username": "fresh", "password": PASSWORD}),
             server.post(f"/api/auth/block_user/{member.id}", bearer=member.access, json={"is_active": True})]
    texts = [response.text for response in shown] + [server.cli_ok("user", "show", member.email),
                                                     server.cli_ok("user", "list")]
    pieces = [piece for token in (member.access, member.refresh) for piece in token.split(".")]
    for text in texts:
        for secret in [stored, stored.split("$")[-1], PASSWORD, *pieces]:
            assert secret not in text
        for mark in ("argon2", "$", "hash", "password", "secret"):
            assert mark not in text.lower().replace("wrong passwords in a row", ""), text
    assert all("eyJ" not in response.text for response in shown)


@pytest.mark.parametrize("agent", ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "=cmd|'/c calc'!A1",
                                   "a" * 4000, "\u00fc\u20ac".encode().decode("latin-1"),
                                   "\\u003cscript\\u003e", "%3Cscript%3E"], ids=ascii)
def test_A10_a_user_agent_is_stored_as_bounded_text(server, agent):
    account = server.confirmed()
    body = f"username={account.email}&password={account.password}".encode()
    raw, _ = one_answer(server, head("POST", "/api/auth/login", "Content-Type: application/x-www-form-urlencoded",
                                     f"User-Agent: {agent}",
                                     f"Content-Length: {len(body)}") + body)
    assert raw.status == 200
    response = server.get("/api/auth/sessions", bearer=raw.json()["access_token"])
    assert response.headers["Content-Type"].startswith("application/json")
    shown = response.json()[0]["user_agent"]
    assert len(shown) <= 1024
    assert shown.isascii() is False or agent.startswith(shown[:50].rstrip("\u2026"))


@pytest.mark.parametrize("path", ["/api/auth/block_user/../signup", "/api/auth/block_user/..%2fsignup",
                                  "/api/auth/block_user/1/..", "/api/auth/block_user/1%2f..%2f2",
                                  "/api/auth/block_user/1%00", "/api/auth/block_user/1;a=b", "/api/auth/block_user/1,2",
                                  "/api/auth/block_user/1 2", "/api/auth/block_user/%31%20",
                                  "/api/auth/block_user/one", "/api/auth/block_user/*", "/api/auth/block_user/me",
                                  "/api/auth/block_user/1?is_active=0/..", "/api/auth/block_user/1.",
                                  "/api/auth/block_user/.1", "/api/auth/block_user/0000000000000000000000000000001x",
                                  "/api/auth/block_user/\u0661".encode().decode("latin-1"),
                                  "/api/auth/block_user/{email}", "/api/auth/block_user/{sub}",
                                  "/api/auth/block_user/4294967297", "/api/auth/block_user/18446744073709551617"])
def test_A13_an_id_that_is_none_is_refused_before_anything_is_done(server, member, keeper, path):
    target = path.format(email=member.email, sub=claims_of(member.access)["sub"])
    target += ("&" if "?" in target else "?") + "is_active=false"
    with harmless(server):
        raw, _ = one_answer(server, head("POST", target, f"Authorization: Bearer {keeper.access}"))
        assert raw.status in (400, 404, 405, 422), raw.text


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/openapi.json", "/docs"])
def test_A10_a_static_document_has_a_policy_too(server, path):
    response = server.get(path, cacheable=path in CACHEABLE)
    csp = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp and "unsafe" not in csp
    # The page of the documentation has one script, in a file of its own, which its policy names.
    assert "<script>" not in response.text and response.text.count("<script") == (1 if path == "/docs" else 0)


# B02, B06, B08 ------------------------------------------------------------------------------------


def test_B02_a_block_that_comes_while_the_password_is_hashed_wins(make_server):
    server = make_server({"password.argon2_memory_kib": 65_536, "password.argon2_passes": 3,
                          "password.hash_threads": 2})
    account = server.confirmed()
    server.admin()
    for step in range(5):
        answers: list = []
        login = threading.Thread(target=lambda: answers.append(account.try_login()))
        login.start()
        time.sleep(0.002 + 0.004 * step)
        server.block(account)
        login.join()
        if answers[0].status_code == 200:
            tokens = answers[0].json()
            assert_problem(account.me(tokens["access_token"]), 401, "invalid_token")
            assert_problem(account.try_refresh(tokens["refresh_token"]), 401, "invalid_token")
        else:
            assert_problem(answers[0], 403, "account_blocked")
        with server.db() as db:
            assert db.execute("SELECT count(*) FROM sessions JOIN users ON users.id = user_id WHERE email = ?",
                              (account.email,)).fetchone() == (0,)
        server.block(account, is_active=True)


def administrators(server) -> int:
    with server.db() as db:
        return db.execute("SELECT count(*) FROM users WHERE role = 'admin' AND confirmed AND is_active").fetchone()[0]


def test_B06_administrators_who_turn_on_each_other_leave_one():
    """By every means at once, over the network and on the command line."""
    with Server() as server:
        for _ in range(3):
            first, second = server.admin(), server.second_admin()

            def block(actor, victim):
                return lambda: server.post(f"/api/auth/block_user/{victim.user['id']}", bearer=actor.access,
                                           json={"is_active": False}).status_code

            def command(*arguments):
                return lambda: server.cli("user", *arguments).returncode

            at_once(block(first, second), block(second, first), block(first, first), block(second, second),
                    command("set-role", first.email, "user"), command("delete", second.email))
            assert administrators(server) == 1
            # Back to the administrator of the settings for the next round.
            server.cli("user", "unblock", first.email)
            server.cli("user", "set-role", first.email, "admin")
            with server.db() as db:
                others = db.execute("SELECT email FROM users WHERE email <> ?", (first.email,)).fetchall()
            for (email,) in others:
                server.cli_ok("user", "delete", email)
            assert administrators(server) == 1


@pytest.mark.parametrize("round", range(8))
def test_B06_two_administrators_block_each_other_in_parallel(lonely, round):
    first, second = lonely.admin(), lonely.second_admin()
    answers = at_once(lambda: lonely.post(f"/api/auth/block_user/{second.user['id']}", bearer=first.access,
                                          json={"is_active": False}),
                      lambda: lonely.post(f"/api/auth/block_user/{first.user['id']}", bearer=second.access,
                                          json={"is_active": False}))
    assert administrators(lonely) == 1
    assert 200 in {answer.status_code for answer in answers}
    lonely.cli_ok("user", "unblock", first.email)
    lonely.cli_ok("user", "delete", second.email)


@pytest.fixture(scope="module")
def lonely():
    with Server() as server:
        yield server


def test_B08_a_deleted_user_leaves_nothing_to_inherit(make_server):
    with SmtpSink() as sink:
        # A mail of his waits, and one of somebody else.
        sink.faults.mail_from = "451 4.3.0 later"
        server = make_server({"mail.smtp_url": sink.url, "mail.tls": "off", "mail.from": "no-reply@latchkey.example"})
        email = unique_email("owner")
        server.cli_ok("user", "add", "--email", email, "--username", "the first owner", "--confirmed",
                      "--password-stdin", input=PASSWORD)
        account, waiting, other = Account(server, email, PASSWORD), server.signup(), server.signup()
        server.cli_ok("user", "set-role", email, "admin")
        account.login()
        sessions, first = [account.tokens, account.login()], account.me().json()
        server.wait(lambda: server.cli_ok("mail", "list").count("waiting") == 2, "both mails to wait")
        for gone in (email, waiting.email):
            server.cli_ok("user", "delete", gone)
        with server.db() as db:
            left = {id for (id,) in db.execute("SELECT id FROM users")}
            assert {id for (id,) in db.execute("SELECT user_id FROM mails")} == {other.id}
            assert {id for (id,) in db.execute("SELECT user_id FROM sessions")} <= left
            assert not {first["id"], waiting.id} & left
            for name in server.tables():
                rows = str(db.execute(f'SELECT * FROM "{name}"').fetchall())
                assert email not in rows and waiting.email not in rows and "the first owner" not in rows, name
        listed = server.cli_ok("mail", "list") + server.cli_ok("user", "list")
        assert email not in listed and waiting.email not in listed and other.email in listed
        sink.faults.mail_from = None
        # The address is free again, with nothing of what it had.
        again = server.signup(email, username="the second owner", password="quite-another-password")
        server.get(sink.wait_for(email)[0].mail.confirmation_path)
        again.login()
        me = again.me().json()
        assert (me["role"], me["username"], me["is_active"], me["confirmed"]) == ("user", "the second owner", True, True)
        assert me["id"] != first["id"] and len(again.sessions()) == 1
        assert_problem(account.try_login(), 401, "invalid_credentials")
        for tokens in sessions:
            assert_problem(account.me(tokens["access_token"]), 401, "invalid_token")
            assert_problem(account.try_refresh(tokens["refresh_token"]), 401, "invalid_token")
        assert len(sink.to(email)) == 1 and sink.to(waiting.email) == []
