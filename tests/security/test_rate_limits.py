"""RL: how often clients may ask, with the limits that the program comes with. Clients are told apart by the address that a
trusted proxy names (finding F36)."""

from __future__ import annotations

import concurrent.futures
import itertools
import time

import pytest

from probes import harmless
from support import PASSWORD, Account, RawConnection, Server, assert_problem, assert_token_schema, at_once, request_bytes, unique_email
from support.routes import list_routes

# What the program comes with, by rule: how many one client may ask for at once.
DEFAULTS = {"sign_up": 100, "sign_in": 1000, "mail_requests": 100, "links": 2000, "account_changes": 1000, "refresh": 10_000}
SMALL = {f"limits.{rule}": "3/10m" for rule in DEFAULTS}
PROXY = {"http.trusted_proxies": "127.0.0.1", "management_listen": "127.0.0.1:0"}
_clients = itertools.count(1)


@pytest.fixture(scope="module")
def small():
    """Every client may ask three times."""
    with Server({**PROXY, **SMALL}, limits=True) as server:
        yield server


@pytest.fixture(scope="module")
def usual():
    """As the program comes, but for the cost of a hash."""
    with Server(PROXY, limits=True) as server:
        yield server


def fresh_client() -> dict[str, str]:
    number = next(_clients)
    return {"X-Forwarded-For": f"198.18.{number // 250}.{number % 250 + 1}"}


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def sign_up(server, headers, **more):
    body = {"email": unique_email(), "username": "somebody", "password": PASSWORD, **more}
    return server.post("/api/auth/signup", json=body, headers=headers)


def sign_in(server, headers, email=None):
    return server.post("/api/auth/login", data={"username": email or unique_email("nobody"), "password": "wrong-password"},
                       headers=headers)


REQUESTS = {
    "sign_up": [sign_up],
    "sign_in": [sign_in],
    "mail_requests": [
        lambda server, headers: server.post("/api/auth/request_email", json={"email": unique_email()}, headers=headers),
        lambda server, headers: server.post("/api/auth/password/forgotten", json={"email": unique_email()}, headers=headers)],
    "links": [
        lambda server, headers: server.get("/api/auth/confirmed_email/x", headers=headers),
        lambda server, headers: server.post("/api/auth/confirmed_email/x", headers=headers),
        lambda server, headers: server.get("/api/auth/rejected_email/x", headers=headers),
        lambda server, headers: server.post("/api/auth/password/reset", json={"token": "x", "password": PASSWORD}, headers=headers)],
    "account_changes": [
        lambda server, headers: server.post("/api/users/me/totp", headers=headers),
        lambda server, headers: server.request("PUT", "/api/users/me/totp", json={"code": "123456"}, headers=headers),
        lambda server, headers: server.delete("/api/users/me/totp", headers=headers),
        lambda server, headers: server.post("/api/users/me/recovery_codes", headers=headers),
        lambda server, headers: server.post("/api/users/me/passkeys/options", headers=headers),
        lambda server, headers: server.post("/api/users/me/passkeys", json={}, headers=headers),
        lambda server, headers: server.delete("/api/users/me/passkeys/x", headers=headers),
        lambda server, headers: server.get("/api/users/me/activity", headers=headers),
        lambda server, headers: server.get("/api/users/me/export", headers=headers),
        lambda server, headers: server.delete("/api/users/me/password", headers=headers),
        lambda server, headers: server.delete("/api/users/me", json={"email": "x"}, headers=headers)],
    "refresh": [
        lambda server, headers: server.get("/api/auth/refresh_token", bearer="x", headers=headers),
        lambda server, headers: server.post("/api/auth/refresh_token", bearer="x", headers=headers)],
}


def refused(response, longest: int = 600) -> None:
    assert_problem(response, 429, "too_many_requests")
    assert 1 <= int(response.headers["Retry-After"]) <= longest


@pytest.mark.parametrize("rule", DEFAULTS)
def test_RL11_every_rule_refuses_a_client_and_no_other(small, rule):
    """All routes of a rule count together."""
    headers = fresh_client()
    turn = itertools.cycle(REQUESTS[rule])
    for _ in range(3):
        assert next(turn)(small, headers).status_code != 429
    before = small.metric(f'latchkey_requests_limited_total{{rule="{rule}",by="client"}}')
    with harmless(small):
        for ask in REQUESTS[rule]:
            refused(ask(small, headers))
    assert REQUESTS[rule][0](small, fresh_client()).status_code != 429
    after = small.metric(f'latchkey_requests_limited_total{{rule="{rule}",by="client"}}')
    assert after - before == len(REQUESTS[rule])


def test_RL11_a_burst_gets_no_more_than_there_is(small):
    headers = fresh_client()
    answers = at_once(lambda: sign_in(small, headers).status_code, times=20)
    assert sorted(answers) == [401] * 3 + [429] * 17


def test_RL11_a_refusal_costs_no_hash_no_mail_and_no_write(small):
    headers = fresh_client()
    for _ in range(3):
        sign_in(small, headers)
        sign_up(small, headers)
    with small.db() as db:
        small.wait(lambda: db.execute("SELECT count(*) FROM mails").fetchone()[0] == 0, "the mails to be sent")
    names = ("latchkey_passwords_hashed_total", "latchkey_database_writes_total", 'latchkey_mails_total{outcome="queued"}')
    before = {name: small.metric(name) for name in names}
    for _ in range(20):
        refused(sign_in(small, headers))
        refused(sign_up(small, headers))
    after = {name: small.metric(name) for name in names}
    # Housekeeping may write meanwhile.
    assert after.pop("latchkey_database_writes_total") - before.pop("latchkey_database_writes_total") < 20
    assert after == before


def test_RL11_a_refusal_comes_before_the_body(small):
    headers = fresh_client()
    for _ in range(3):
        sign_in(small, headers)
    request = request_bytes("POST", "/api/auth/login", {
        "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "500", **headers})
    with RawConnection(small) as connection:
        connection.send(request)
        response = connection.read_response()
    assert response.status == 429
    assert response.header("Connection") == "close"


def test_RL11_tokens_come_back_with_time(small):
    headers = fresh_client()
    for _ in range(3):
        sign_in(small, headers)
    wait = int(sign_in(small, headers).headers["Retry-After"])
    assert 190 <= wait <= 200
    small.clock.advance(wait)
    assert sign_in(small, headers).status_code == 401
    refused(sign_in(small, headers))


def test_RL03_an_ipv6_client_is_its_64_bits_and_a_site_has_room_for_four(small):
    for number in range(3):
        assert sign_in(small, from_address(f"2001:db8:7:1::{number}")).status_code == 401
    refused(sign_in(small, from_address("2001:db8:7:1:ffff::1")))
    passed = sum(sign_in(small, from_address(f"2001:db8:7:{number}::1")).status_code == 401 for number in range(2, 30))
    assert passed == 4 * 3 - 3
    assert sign_in(small, from_address("2001:db8:8:1::1")).status_code == 401


def test_RL01_RL02_a_client_cannot_choose_whom_it_is_counted_as(small, make_server):
    headers = fresh_client()["X-Forwarded-For"]
    for number in range(3):
        sign_in(small, from_address(f"192.0.2.{number}, {headers}"))
    refused(sign_in(small, from_address(f"192.0.2.200, {headers}")))
    refused(sign_in(small, from_address(f"::ffff:{headers}")))
    direct = make_server({"limits.sign_in": "3/10m"}, limits=True)
    for _ in range(3):
        sign_in(direct, fresh_client())
    refused(sign_in(direct, fresh_client()))


def test_RL11_all_clients_together_have_a_limit_and_the_log_says_so_once(make_server):
    server = make_server({**PROXY, "limits.sign_up_total": "5/10m"}, limits=True)
    for _ in range(5):
        assert sign_up(server, fresh_client()).status_code == 201
    for _ in range(5):
        refused(sign_up(server, fresh_client()))
    line = server.wait_log("limits.total_reached")
    assert "WARN" in line and "limit=sign_up" in line and "count=5" in line
    assert server.stderr.count("limits.total_reached") == 1
    assert server.metric('latchkey_requests_limited_total{rule="sign_up",by="total"}') == 5


def test_RL11_each_rule_and_all_of_them_can_be_turned_off(make_server):
    server = make_server({**SMALL, "limits.sign_in": "off"}, limits=True)
    for _ in range(20):
        assert sign_in(server, {}).status_code == 401
    server.restart(limits__enabled="false", **{name.replace(".", "__"): "1/10m" for name in SMALL})
    for asks in REQUESTS.values():
        for ask in asks * 3:
            assert ask(server, {}).status_code != 429


def test_routes_that_stand_in_openapi_with_a_limit_say_when_to_come_back(server):
    limited = {"/api/auth/signup", "/api/auth/login", "/api/auth/refresh_token", "/api/auth/request_email",
               "/api/auth/confirmed_email/{token}", "/api/auth/rejected_email/{token}", "/api/auth/password/forgotten",
               "/api/auth/password/reset", "/password/new/{token}", "/sign-up/{token}", "/api/auth/login/code/request",
               "/api/auth/login/code", "/api/auth/keep_account/{token}", "/api/auth/login/keep_account",
               "/api/auth/email_change/{token}", "/api/auth/keep_factors/{token}", "/api/auth/not_me/{token}",
               "/api/auth/undo/{token}", "/api/auth/login/lost_factor", "/api/auth/login/new_password",
               "/api/auth/login/passkey", "/api/auth/login/passkey/options", "/api/auth/login/recovery_code",
               "/api/auth/login/enrol/totp", "/api/auth/login/enrol/passkey", "/api/auth/login/enrol/passkey/options",
               "/api/auth/login/password",
               "/api/auth/login/totp", "/api/auth/sudo", "/api/auth/sudo/passkey/options", "/api/users/me",
               "/api/users/me/email", "/api/users/me/email/confirm", "/api/users/me/password", "/api/users/me/totp",
               "/api/users/me/recovery_codes", "/api/users/me/passkeys", "/api/users/me/passkeys/options", "/api/users/me/passkeys/{id}",
               "/api/users/me/activity", "/api/users/me/export"}
    paths = server.get("/openapi.json", cacheable=True).json()["paths"]
    found = {path: operation["responses"]["429"] for path, operations in paths.items() for operation in operations.values()
             if "too_many_requests" in operation["responses"].get("429", {}).get("x-codes", {})}
    assert set(found) == limited
    for path, refusal in found.items():
        assert refusal["headers"]["Retry-After"]["schema"]["type"] == "integer", path


# The limits that the program comes with -------------------------------------------------------------


def test_RL15_L05_five_hundred_people_behind_one_address_sign_in_at_once_and_a_robot_meets_the_limit(usual):
    """Each mistypes the address first, and refreshes later. Who tries one password at ever new accounts has no more than they."""
    emails = [unique_email("person") for _ in range(5)]
    for email in emails:
        usual.cli_ok("user", "add", "--email", email, "--username", "person", "--confirmed", "--password-stdin", input=PASSWORD)
    office = from_address("192.0.2.77")

    def morning(number: int) -> str:
        assert sign_in(usual, office).status_code == 401
        tokens = Account(usual, emails[number % 5], PASSWORD).login(headers=office)
        return assert_token_schema(usual.get("/api/auth/refresh_token", bearer=tokens["refresh_token"], headers=office))["refresh_token"]

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(morning, range(500)))) == 500
    passed = 0
    while (answer := sign_in(usual, office)).status_code == 401:
        passed += 1
    refused(answer)
    come_back = (time.monotonic() - began) * DEFAULTS["sign_in"] / 600
    assert passed <= come_back + 1
    assert sign_in(usual, from_address("192.0.2.78")).status_code == 401


def test_F36_one_address_signs_up_no_more_than_the_default_allows(usual):
    robot = from_address("192.0.2.55")
    began = time.monotonic()
    passed = 0
    while (answer := sign_up(usual, robot)).status_code == 201:
        passed += 1
    refused(answer)
    come_back = (time.monotonic() - began) * DEFAULTS["sign_up"] / 600
    assert DEFAULTS["sign_up"] <= passed <= DEFAULTS["sign_up"] + come_back + 1
    assert sign_up(usual, from_address("192.0.2.56")).status_code == 201


def test_RL12_R03_a_session_in_a_loop_is_refused_and_an_honest_crowd_is_not(make_server):
    server = make_server({"limits.session_refresh": "5/1h", "management_listen": "127.0.0.1:0"}, limits=True)
    account = server.user()
    answers = at_once(lambda: assert_token_schema(account.try_refresh()), times=50)
    assert len({tokens["refresh_token"] for tokens in answers}) == 1
    account.tokens = answers[0]
    for _ in range(1000):
        response = account.try_refresh()
        if response.status_code == 429:
            break
        account.tokens = assert_token_schema(response)
    with harmless(server):
        refused(response, 720)
        refused(account.try_refresh(), 720)
    assert account.me().status_code == 200
    server.clock.advance(2)
    account.rotate()
    assert server.metric('latchkey_refreshes_total{outcome="limited"}') >= 2


def test_every_route_at_which_strangers_can_cause_something_has_a_rule():
    """Whoever adds one decides how often they may ask."""
    without = [(route.method, route.pattern) for route in list_routes()
               if route.method != "GET" and route.credential == "" and not route.is_limited]
    assert without == []
