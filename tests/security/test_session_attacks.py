"""R and O: refresh tokens in the hands of two, retries, and the end of a session."""

import random

import pytest

from probes import MIB, harmless, head, in_turn, refused
from support import RawConnection, Server, assert_problem, assert_token_schema, at_once
from support.tokens import claims_of, flipped

DAY, HOUR = 86_400, 3600


def live_sessions(server, account) -> int:
    with server.db() as db:
        return db.execute("SELECT count(*) FROM sessions JOIN users ON users.id = sessions.user_id WHERE email = ?",
                          (account.email,)).fetchone()[0]


@pytest.mark.parametrize("round", range(3))
def test_R03_fifty_parallel_refreshes_make_one_line(server, user, round):
    old = user.refresh
    answers = at_once(lambda: assert_token_schema(user.try_refresh(old)), times=50)
    assert len({tokens["refresh_token"] for tokens in answers}) == 1
    assert len({tokens["access_token"] for tokens in answers}) == 50
    assert {claims_of(tokens["access_token"])["sid"] for tokens in answers} == {claims_of(user.access)["sid"]}
    assert live_sessions(server, user) == 1
    user.tokens = answers[0]
    user.rotate()
    user.rotate()
    assert_problem(user.try_refresh(answers[0]["refresh_token"]), 401)  # the thief is two late
    assert_problem(user.try_refresh(), 401)
    assert live_sessions(server, user) == 0


def test_R03_D01_without_a_grace_parallel_refreshes_never_fork(make_server):
    server = make_server({"tokens.refresh_grace": "0s"})
    for parallel in (*[12] * 9, 100):
        account = server.user()
        answers = at_once(account.try_refresh, times=parallel)
        given = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
        assert len(given) == 1
        # All the others were late: they ended the session, the winner's too.
        if any(answer.status_code == 401 for answer in answers):
            assert_problem(account.try_refresh(given.pop()), 401)
            assert live_sessions(server, account) == 0


def test_R02_two_parties_with_one_line_are_both_out_once_one_is_late(make_server):
    server = make_server()
    account = server.user()
    stolen = account.refresh
    account.rotate()
    server.clock.advance(11)
    thief = account.try_refresh(stolen)
    assert_problem(thief, 401, "invalid_token")
    assert_problem(account.try_refresh(), 401, "invalid_token")
    assert_problem(account.me(), 401, "invalid_token")
    assert live_sessions(server, account) == 0
    # One entry, for the request that was late; what the owner asked afterwards is no second alarm.
    entry, = [entry for entry in server.audit() if entry["event"].startswith("refresh")]
    assert (entry["event"], entry["result"]) == ("refresh_reuse", "session_ended")
    assert entry["target"] == claims_of(account.access)["sub"] and entry["actor"] == ""
    assert entry["request_id"] == thief.headers["X-Request-Id"] and entry["address"] == "127.0.0.1"
    assert abs(entry["at"] / 1e6 - server.clock.now()) < 60
    assert stolen not in server.stderr and claims_of(stolen)["sid"] not in str(entry)


def test_R06_an_answer_that_was_never_read_is_given_again(server):
    """Each time in a session of its own: the abandoned request may still be on its way when its retry is answered."""
    account = server.confirmed()
    for _ in range(20):
        old = account.login()["refresh_token"]
        connection = RawConnection(server)
        connection.send(head("GET", "/api/auth/refresh_token", f"Authorization: Bearer {old}"))
        connection.reset()
        first = assert_token_schema(account.try_refresh(old))
        again = assert_token_schema(account.try_refresh(old))
        assert first["refresh_token"] == again["refresh_token"]
        assert account.me(again["access_token"]).status_code == 200
    assert live_sessions(server, account) == 20


def test_R08_what_ended_stays_ended_over_a_crash(make_server):
    server = make_server()
    accounts = [server.user() for _ in range(4)]
    out, everywhere, reused, blocked = accounts
    out.try_logout()
    server.post("/api/auth/logout_all", bearer=everywhere.access)
    first = reused.refresh
    reused.rotate()
    reused.rotate()
    reused.try_refresh(first)
    server.block(blocked)
    server.kill()
    server.start()
    server.block(blocked, is_active=True)
    for account in accounts:
        assert_problem(account.try_refresh(), 401, "invalid_token")
        assert_problem(account.me(), 401, "invalid_token")
        assert_problem(account.try_logout(), 401, "invalid_token")


def test_R09_a_session_dies_at_its_absolute_limit_however_often_it_is_refreshed(make_server):
    server = make_server()
    account = server.user()
    started = server.clock.now()
    for step in range(1, 31 * 4):
        server.clock.advance(6 * HOUR)
        response = account.try_refresh()
        age = server.clock.now() - started
        if age > 30 * DAY + 60:
            assert_problem(response, 401, "invalid_token")
        elif age < 30 * DAY - 60:
            account.tokens = response.json()
            assert claims_of(account.access)["exp"] <= started + 30 * DAY + 2
            assert claims_of(account.refresh)["exp"] <= started + 30 * DAY + 2
            assert account.tokens["expires_in"] <= 900
    assert_problem(account.me(), 401, "invalid_token")


@pytest.mark.parametrize("query", ["?scope=admin", "?role=admin", "?client_id=other", "?audience=x", "?gen=0", "?sid=x",
                                   "?grant_type=password"])
def test_R12_nothing_more_is_given_on_refresh(server, user, query):
    before = claims_of(user.access)
    raw, = in_turn(server, head("GET", "/api/auth/refresh_token" + query, f"Authorization: Bearer {user.refresh}"))
    assert raw.status in (200, 400)
    if raw.status == 200:
        after = claims_of(raw.json()["access_token"])
        assert {name: after[name] for name in after if name not in ("jti", "iat", "exp")} == {
            name: before[name] for name in before if name not in ("jti", "iat", "exp")}


@pytest.mark.parametrize("setting", ["another server", "client_id", "public_url", "both"])
def test_R10_a_token_that_was_made_for_others_is_401(make_server, setting):
    """Of another server, or of this one when it served another client or stood at another address. A refresh token names
    no client: it goes on, and what it is traded for is for those whom the settings name now."""
    server = make_server()
    account = server.user()
    if setting == "another server":
        other = make_server()
        twin = other.user(account.email)
        with harmless(server), harmless(other):
            for here, stranger in ((server, twin), (other, account)):
                for method in ("GET", "POST"):
                    assert_problem(here.request(method, "/api/auth/refresh_token", bearer=stranger.refresh), 401,
                                   "invalid_token")
                assert_problem(here.post("/api/auth/logout", bearer=stranger.refresh), 401, "invalid_token")
                assert_problem(here.get("/api/users/me", bearer=stranger.access), 401, "invalid_token")
        account.rotate()
        twin.rotate()
        return
    changes = {"client_id": {"tokens__client_id": "shop"},
               "public_url": {"public_url": "https://id.example.com"}}
    before = claims_of(account.access)
    changed = {name: value for key, values in changes.items() if setting in (key, "both")
               for name, value in values.items()}
    server.restart(**changed)
    with harmless(server):
        assert_problem(account.me(), 401, "invalid_token")
        assert_problem(server.post("/api/auth/logout_all", bearer=account.access), 401, "invalid_token")
    old = dict(account.tokens)
    account.rotate()
    after = claims_of(account.access)
    assert (after["client_id"] == "shop") == ("tokens__client_id" in changed)
    assert (after["iss"] == "https://id.example.com") == ("public_url" in changed)
    assert (after["sid"], after["sub"]) == (before["sid"], before["sub"])
    assert account.me().status_code == 200
    assert_problem(account.me(old["access_token"]), 401, "invalid_token")


@pytest.mark.parametrize("token", [b"\x00", b"a\x00b", b"\xff" * 100, "\u00fc".encode() * 50, b"%00", b"\t", b"a b",
                                   b",", b"=" * 300, b"." * 3000, b"-1", b"null",
                                   b"eyJhbGciOiJIUzI1NiJ9..", b"\"\"", b"{}", b"../../etc/passwd", b"' OR 1=1--"],
                                   ids=ascii)
def test_R14_garbage_is_refused_and_not_logged(talking, token):
    server, needle = talking, b"needle-in-a-token"
    with harmless(server):
        for method, path in (("GET", "/api/auth/refresh_token"), ("POST", "/api/auth/logout")):
            for value in (token, needle + token, token + needle):
                answer = refused(server, head(method, path, b"Authorization: Bearer " + value), (400, 401), closed=False)
                assert needle.decode() not in answer.text
                server.wait_log(answer.headers["X-Request-Id"])
    assert needle.decode() not in server.stderr
    assert needle not in server.database_bytes()


@pytest.mark.parametrize("part", range(3))
def test_R14_a_genuine_token_that_was_cut_or_bent_is_not_logged_either(talking, part):
    server = talking
    account = server.user()
    bent = [account.refresh[:-1], account.refresh[:len(account.refresh) // 2], account.refresh + "A",
            flipped(account.refresh, part), account.refresh.split(".")[part], account.refresh + "." + account.access]
    with harmless(server):
        for token in bent:
            response = account.try_refresh(token)
            assert_problem(response, 401, "invalid_token")
            server.wait_log(response.headers["X-Request-Id"])
    for piece in {piece for token in bent for piece in token.split(".") if len(piece) > 30}:
        assert piece not in server.stderr
    account.rotate()


@pytest.fixture(scope="module")
def talking():
    """A server that logs each request."""
    with Server({"log.level": "debug"}) as server:
        yield server


def test_R14_random_tokens_in_masses_find_nothing_and_grow_nothing(server, member):
    dice = random.Random(14)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    before = {name: len(rows) for name, rows in server.snapshot().items()}
    with harmless(server), RawConnection(server) as connection:
        for _ in range(40):
            tokens = [".".join("".join(dice.choices(letters, k=dice.randrange(1, 120))) for _
                               in range(dice.choice([1, 2, 3, 3, 3, 5]))) for _ in range(25)]
            tokens += [member.refresh.rsplit(".", 1)[0] + "." + "".join(dice.choices(letters, k=43)) for _ in range(25)]
            connection.send(b"".join(head("GET", "/api/auth/refresh_token", f"Authorization: Bearer {token}") for token
                                     in tokens))
            assert {connection.read_response().status for _ in tokens} == {401}
    assert {name: len(rows) for name, rows in server.snapshot().items()} == before, "strangers grow no table"


def test_R14_a_token_of_a_megabyte_is_refused(server):
    with harmless(server):
        refused(server, head("GET", "/api/auth/refresh_token", "Authorization: Bearer " + "a" * MIB), (401, 431),
                closed=False)


# O ------------------------------------------------------------------------------------------------


def test_O03_a_logout_ends_one_session_and_says_nothing_of_others(server, member):
    victim, other = server.user(), server.user()
    assert victim.try_logout().status_code == 200
    with harmless(server):
        answers = [victim.try_logout(), victim.try_logout("x.y.z"), victim.try_logout(other.access),
                   victim.try_logout(other.refresh[:-2] + "AA")]
        shown = {str(answer.json() | {"request_id": ""}) for answer in answers}
        assert {answer.status_code for answer in answers} == {401} and len(shown) == 1
    for account in (other, member):
        assert account.me().status_code == 200


@pytest.mark.parametrize("more", [{"headers": {"Origin": "https://evil.example"}},
                                  {"headers": {"Sec-Fetch-Site": "cross-site"}}, {"data": {"x": "y"}},
                                  {"headers": {"Content-Type": "text/plain"}, "data": "x"}, {"cookies": True},
                                  {"params": True}, {"data": True}])
@pytest.mark.parametrize("path", ["/api/auth/logout", "/api/auth/logout_all"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_O04_a_page_elsewhere_logs_nobody_out(server, member, method, path, more):
    token = {"token": member.refresh, "refresh_token": member.refresh, "access_token": member.access,
             "Authorization": f"Bearer {member.refresh}"}
    with harmless(server):
        response = server.request(method, path, **{name: token if value is True else value for name,
                                                   value in more.items()})
        assert response.status_code == (401 if method == "POST" else 405)


def enders(server, account):
    session = claims_of(account.access)["sid"]
    return {"logout": account.try_logout, "logout_all": lambda: server.post("/api/auth/logout_all",
                                                                            bearer=account.access),
            "session": lambda: server.delete(f"/api/auth/sessions/{session}", bearer=account.access),
            "block": lambda: server.block(account), "role": lambda: server.cli("user", "set-role", account.email,
                                                                               "moderator"),
            "delete": lambda: server.cli("user", "delete", account.email)}


@pytest.mark.parametrize("ender, rounds", [("logout", 25), ("logout_all", 25), ("session", 25), ("block", 25),
                                           ("role", 4), ("delete", 4)])
def test_O05_D04_after_an_end_beside_refreshes_nothing_lives(server, ender, rounds):
    for _ in range(rounds):
        account = server.user()
        given = [dict(account.tokens)]

        def refresh():
            tokens = account.refresh
            for _ in range(4):
                response = account.try_refresh(tokens)
                if response.status_code != 200:
                    return
                given.append(response.json())
                tokens = response.json()["refresh_token"]

        at_once(refresh, refresh, enders(server, account)[ender])
        for tokens in given:
            assert_problem(account.me(tokens["access_token"]), 401, "invalid_token")
            assert_problem(account.try_refresh(tokens["refresh_token"]), 401, "invalid_token")
        assert live_sessions(server, account) == 0


@pytest.mark.parametrize("ender", ["logout_all", "block"])
def test_O05_a_sign_in_beside_an_end_lives_only_if_it_came_after(server, ender):
    """Signing in while all sessions are ended: tokens given may live, but never while the account is blocked."""
    for _ in range(10):
        account = server.user()
        end = enders(server, account)[ender]
        answers = at_once(*[account.try_login] * 4, end)
        for answer in answers[:4]:
            assert answer.status_code in ((200, 403) if ender == "block" else (200,))
            if answer.status_code == 200 and ender == "block":
                assert_problem(account.me(answer.json()["access_token"]), 401, "invalid_token")
                assert_problem(account.try_refresh(answer.json()["refresh_token"]), 401, "invalid_token")
        if ender == "block":
            assert live_sessions(server, account) == 0


def test_O02_all_of_five_sessions_end_at_once(server, user):
    pairs = [dict(user.tokens)] + [dict(user.login()) for _ in range(4)]
    assert live_sessions(server, user) == 5
    answers = at_once(*[lambda pair=pair: server.post("/api/auth/logout_all", bearer=pair["access_token"]).status_code
                        for pair in pairs])
    assert set(answers) <= {200, 401} and 200 in answers
    assert live_sessions(server, user) == 0


def test_R14_entropy_is_not_repeated_after_a_restart(make_server):
    """Two starts of the same data never give the same ids."""
    server = make_server()
    account = server.confirmed()
    seen = set()
    for _ in range(3):
        for _ in range(5):
            account.login()
            seen |= {claims_of(account.access)["sid"], claims_of(account.access)["jti"]}
        server.kill()
        server.start()
    assert len(seen) == 30
