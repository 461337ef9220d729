"""T01–T15: forged tokens of each kind, where that kind is taken. All are refused alike, and nothing happens."""

import pytest

import forgery
from forgery import Sight
from probes import ACCESS_ROUTES, CONFIRM_ROUTES, REFRESH_ROUTES, answer_of, ask, harmless, head, in_turn
from support import Server, assert_problem
from support.tokens import b64url, claims_of, header_of, unb64url

KINDS = ("access", "refresh", "confirmation")


@pytest.fixture(scope="module")
def keys(_shared_server):
    return _shared_server.get("/.well-known/jwks.json", cacheable=True).json()["keys"]


@pytest.fixture(scope="module")
def pending(_shared_server):
    """An account whose link nobody has used yet."""
    account = _shared_server.signup()
    account.link = _shared_server.wait_mail(account.email)[0].confirmation_token
    return account


@pytest.fixture(scope="module")
def genuine(_shared_server, member, pending, keys):
    """What an attacker sees of a genuine token of each kind."""
    secret = (_shared_server.data_dir / "master_secret").read_text().strip()
    tokens = {"access": member.access, "refresh": member.refresh, "confirmation": pending.link}
    return {kind: Sight(token, keys, secret) for kind, token in tokens.items()}


def at_path(text: str) -> str:
    """A token as the last part of a path: what would end the path or the line is escaped."""
    return "".join(letter if letter.isascii() and letter.isprintable() and letter not in ' "#?/{}[]<>\\^`|' else
                   "".join(f"%{byte:02X}" for byte in letter.encode()) for letter in text)


def try_token(server, kind: str, token: str) -> None:
    """The token must be refused at every route of its kind."""
    if kind == "confirmation":
        routes, path_of = CONFIRM_ROUTES, lambda path: path + at_path(token)
    else:
        routes, path_of = ACCESS_ROUTES if kind == "access" else REFRESH_ROUTES, lambda path: path
    lines = ["Accept: application/json", b"Authorization: Bearer " + ("x" if kind == "confirmation"
                                                                      else token).encode()]
    requests = [head(method, path_of(path), *lines) for method, path in routes]
    if len(token) > 3000:  # may be more than a head can hold: then the connection ends
        answers = [in_turn(server, request)[0] for request in requests]
    else:
        answers = in_turn(server, *requests)
    for (method, path), raw in zip(routes, answers):
        told = method, path, raw.status, raw.text[:300]
        if raw.status in (414, 431):
            assert len(token) > 3000, told
        elif kind == "confirmation":
            assert raw.status == 400 or (raw.status == 404 and not token), told
        else:
            assert raw.status == 401 or (raw.status == 400 and not token.isascii()), told
        answer = answer_of(raw)
        assert_problem(answer, raw.status)
        if raw.status == 401:
            assert "invalid_token" in answer.headers["WWW-Authenticate"] or not token.strip()


def try_forgery(server, genuine: dict[str, Sight], forge) -> None:
    with harmless(server):
        for kind in KINDS:
            forged = forge(genuine[kind])
            if forged != genuine[kind].token:  # a forgery of one kind may be the plain truth of another
                try_token(server, kind, forged)


def table(forgeries: dict):
    return pytest.mark.parametrize("forge", forgeries.values(), ids=map(ascii, forgeries))


@table(forgery.algorithms())
def test_T01_T02_T19_a_token_under_another_algorithm_or_key_is_refused(server, genuine, forge):
    try_forgery(server, genuine, forge)


@table(forgery.headers())
def test_T06_T14_T15_a_token_with_another_header_or_no_objects_is_refused(server, genuine, forge):
    try_forgery(server, genuine, forge)


@table(forgery.signatures())
def test_T07_T08_a_token_with_another_signature_or_spelling_is_refused(server, genuine, forge):
    try_forgery(server, genuine, forge)


@table(forgery.claim_changes())
def test_T09_T10_a_token_with_other_claims_is_refused(server, genuine, forge):
    try_forgery(server, genuine, forge)


def test_T07_every_truncation_and_every_changed_letter_is_refused(server, member, pending):
    """R14: at the route that would rotate, so that one that passed would show in the database."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = member.refresh
    with harmless(server):
        for cut in range(0, len(token), 3):
            assert_problem(server.get("/api/auth/refresh_token", bearer=token[:cut] or "x"), 401)
        for index in range(0, len(token), 2):
            other = letters[(letters.find(token[index]) + 1) % 64]
            assert_problem(server.get("/api/auth/refresh_token", bearer=token[:index] + other + token[index + 1:]), 401)
    assert token not in server.stderr and token.split(".")[2] not in server.stderr


def test_T02_the_forger_is_able(server, member, keys):
    """The forgeries are well made: the genuine token itself passes, put together again by the same functions."""
    parts = member.access.split(".")
    assert b64url(unb64url(parts[0])) + "." + b64url(unb64url(parts[1])) + "." + b64url(unb64url(parts[2])) == member.access
    assert server.get("/api/users/me", bearer=member.access).status_code == 200
    assert {key["kid"] for key in keys} >= {header_of(member.access)["kid"]}


# T11, C04 -----------------------------------------------------------------------------------------


HOMES = {"access": ACCESS_ROUTES, "refresh": REFRESH_ROUTES, "confirmation": CONFIRM_ROUTES}


@pytest.mark.parametrize("kind, method, path", [
    (kind, *route) for kind in KINDS for home, routes in HOMES.items() for route in routes if home != kind])
def test_T11_C04_no_kind_of_token_works_where_another_belongs(server, genuine, kind, method, path):
    token = genuine[kind].token
    with harmless(server):
        if (method, path) in CONFIRM_ROUTES:
            assert_problem(server.request(method, path + token), 400, "invalid_confirmation")
            assert_problem(server.request(method, path + "x", bearer=token), 400, "invalid_confirmation")
        else:
            assert_problem(server.request(method, path, bearer=token), 401, "invalid_token")


@pytest.mark.parametrize("kind", KINDS)
def test_T11_a_kind_of_token_does_not_become_another_by_its_header(server, genuine, kind):
    types = {"access": "at+jwt", "refresh": "rt+jwt", "confirmation": "ec+jwt"}
    for other, typ in types.items():
        if other != kind:
            sight = genuine[kind]
            renamed = forgery.signing_input(sight.header | {"typ": typ}, sight.claims) + "." + sight.token.split(".")[2]
            with harmless(server):
                try_token(server, other, renamed)
                try_token(server, kind, renamed)


# T12, T13 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, path", ACCESS_ROUTES + REFRESH_ROUTES)
def test_T12_a_token_in_another_place_is_no_token(server, member, method, path):
    token = member.refresh if (method, path) in REFRESH_ROUTES else member.access
    places = [{"params": {"access_token": token}}, {"params": {"token": token}}, {"data": {"access_token": token}},
              {"json": {"access_token": token}},
              {"cookies": {"access_token": token, "Authorization": f"Bearer {token}", "refresh_token": token}},
              {"auth": (token, "")},
              {"headers": {"X-Access-Token": token}}, {"headers": {"Proxy-Authorization": f"Bearer {token}"}},
              {"headers": {"X-Authorization": f"Bearer {token}"}}, {"headers": {"Authorization2": f"Bearer {token}"}}]
    with harmless(server):
        for place in places:
            response = server.request(method, path, **place)
            assert_problem(response, response.status_code)
            # The type of a body may be looked at before anything else.
            assert response.status_code == 401 or (response.status_code == 415 and "data" in place)


@pytest.mark.parametrize("value", ["{token}", "Bearer", "Bearer ", "Bearer{token}", "Bearer\t{token}", "Bearer:{token}",
                                   "Bearer={token}", "Token {token}",
                                   "Basic {token}", "Bearer Bearer {token}", "Bearer x, Bearer {token}",
                                   "Bearer {token}, Bearer x", "Bearer {token},", "Bearer {token} x",
                                   "Bearer \"{token}\"", "Bearer token={token}", "Bearer <{token}>", "bearer; {token}",
                                   "DPoP {token}", "Bearer %20{token}", "Bearers {token}"])
def test_T12_a_malformed_authorization_header_is_401(server, member, value):
    for path, token in (("/api/users/me", member.access), ("/api/auth/refresh_token", member.refresh)):
        with harmless(server):
            raw, _ = ask(server, head("GET", path, "Authorization: " + value.format(token=token)))
            assert raw.status in (400, 401)


@pytest.mark.parametrize("order", [0, 1])
def test_T12_two_authorization_headers_are_refused(server, member, keeper, order):
    pairs = [[f"Authorization: Bearer {member.access}", f"Authorization: Bearer {keeper.access}"],
             [f"Authorization: Bearer {member.access}", "Authorization: Bearer x"]]
    for lines in pairs:
        with harmless(server):
            raw, _ = ask(server, head("GET", "/api/users/me", *(lines[::-1] if order else lines)))
            assert raw.status in (400, 401), raw.text


@pytest.mark.parametrize("method, path", ACCESS_ROUTES + REFRESH_ROUTES)
def test_T13_the_challenge_says_what_is_wrong_and_no_more(server, member, method, path):
    none = server.request(method, path)
    assert_problem(none, 401)
    assert "error" not in none.headers["WWW-Authenticate"]
    bad = server.request(method, path, bearer="x.y.z")
    assert_problem(bad, 401, "invalid_token")
    assert 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    for response in (none, bad):
        challenge = response.headers["WWW-Authenticate"]
        assert challenge.isascii() and "x.y.z" not in challenge and path not in challenge


def test_T13_the_wrong_role_is_403(server, member):
    with harmless(server):
        assert_problem(server.post(f"/api/auth/block_user/{member.id}", bearer=member.access,
                                   json={"is_active": False}), 403, "forbidden")


# T09, T10, T16, T18, T20: genuine signatures ------------------------------------------------------


@pytest.fixture
def moved():
    with Server() as server:
        yield server


def test_T09_a_genuine_token_is_good_from_now_to_its_end_and_no_longer(moved):
    account = moved.user()
    token, end = account.access, claims_of(account.access)["exp"]
    assert account.me(token).status_code == 200
    moved.clock.advance(end - moved.clock.now() - 20)
    assert account.me(token).status_code == 200
    moved.clock.advance(20 + 62)
    assert_problem(account.me(token), 401, "invalid_token")
    moved.clock.advance(10 * 365 * 86_400)
    assert_problem(account.me(token), 401, "invalid_token")


def test_T09_a_token_from_the_future_is_refused(moved):
    account = moved.confirmed()
    moved.clock.advance(600)
    account.login()
    token = account.access
    moved.clock.advance(-600)
    with harmless(moved):
        assert_problem(account.me(token), 401, "invalid_token")
    moved.clock.advance(600)
    assert account.me(token).status_code == 200


@pytest.mark.parametrize("change", [{"public_url": "https://other.example"}, {"public_url": "https://other.example/"},
                                    {"tokens.client_id": "another"}])
def test_T10_a_genuine_token_of_another_issuer_is_refused(make_server, change):
    server = make_server({"public_url": "https://first.example"})
    account = server.user()
    token = account.access
    server.stop()
    server.settings |= change
    server.start()
    if "public_url" in change:
        assert_problem(account.me(token), 401, "invalid_token")
    account.rotate()
    assert account.me().status_code == 200


def test_T10_a_token_of_another_server_is_refused(server, member, moved):
    stranger = moved.user()
    pending = moved.signup()
    link = moved.wait_mail(pending.email)[0].confirmation_token
    with harmless(server):
        try_token(server, "access", stranger.access)
        try_token(server, "refresh", stranger.refresh)
        try_token(server, "confirmation", link)
        # Under the name of a key that this server knows.
        kid = header_of(member.access)["kid"]
        start = forgery.signing_input(header_of(stranger.access) | {"kid": kid}, claims_of(member.access))
        try_token(server, "access", start + "." + stranger.access.split(".")[2])


def test_T18_no_output_holds_a_private_key(make_server):
    server = make_server({"log.level": "debug", "management_listen": "127.0.0.1:0"})
    server.user()
    backup = server.folder / "backup.db"
    server.cli_ok("backup", backup)
    server.cli_ok("keys", "rotate")
    shown = "".join(server.cli_ok(*command) for command in (("keys", "list"), ("config",), ("doctor",),
                                                            ("user", "list"), ("openapi",)))
    shown += server.get("/.well-known/jwks.json", cacheable=True).text + server.stderr
    secret = (server.data_dir / "master_secret").read_text().strip()
    for mark in ('"d"', "PRIVATE KEY", secret, secret.upper(), b64url(bytes.fromhex(secret))):
        assert mark not in shown
    curve = bytes.fromhex("06082a8648ce3d030107")  # the name of P-256, which a clear private key would follow
    for stored in (backup.read_bytes(), server.database_bytes()):
        assert bytes.fromhex(secret) not in stored and secret.encode() not in stored and b"PRIVATE KEY" not in stored
        found = stored.find(b"\x04\x20")
        while found >= 0:  # an EC private key in DER: 30 77 02 01 01 04 20 …
            assert stored[max(0, found - 3):found] != b"\x02\x01\x01", "a private key in clear"
            found = stored.find(b"\x04\x20", found + 1)
        assert curve + b"\xa1" not in stored


def test_T20_nothing_of_a_deleted_user_works_for_the_next_owner_of_the_address(server):
    first = server.user()
    waiting = server.signup()
    link = server.wait_mail(waiting.email)[0].confirmation_path
    for account in (first, waiting):
        server.cli_ok("user", "delete", account.email)
    second, again = server.signup(first.email), server.signup(waiting.email)
    server.wait_mail(first.email, 2)
    second.confirm()
    second.login()
    with harmless(server):
        try_token(server, "access", first.access)
        try_token(server, "refresh", first.refresh)
        assert_problem(server.get(link), 400, "invalid_confirmation")
        assert_problem(server.post(link.replace("confirmed_", "rejected_")), 400, "invalid_confirmation")
    assert_problem(again.try_login(), 401, "email_not_confirmed")
    assert claims_of(second.access)["sub"] != claims_of(first.access)["sub"]
    assert second.user["id"] != first.user["id"] and again.user["id"] != waiting.user["id"]
