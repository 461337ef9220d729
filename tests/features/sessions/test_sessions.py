"""GET /api/auth/sessions, DELETE /api/auth/sessions/{id}, POST /api/auth/logout_all"""

import pytest

from support import assert_problem, at_once, nothing_changes
from support.checks import assert_utc_time


def current(sessions):
    found = [session for session in sessions if session["current"]]
    assert len(found) == 1
    return found[0]


def the_other(user):
    session, = [session for session in user.sessions() if not session["current"]]
    return session["id"]


def test_the_list_shows_the_callers_live_sessions(server):
    account = server.confirmed()
    account.login(headers={"User-Agent": "first agent/1.0"})
    account.login(headers={"User-Agent": "second agent"})
    sessions = account.sessions()
    assert {session["user_agent"] for session in sessions} == {"first agent/1.0", "second agent"}
    for session in sessions:
        assert set(session) == {"id", "created_at", "last_used_at", "address", "user_agent", "current"}
        assert isinstance(session["id"], str) and session["id"]
        assert assert_utc_time(session["created_at"]) <= assert_utc_time(session["last_used_at"])
        assert session["address"] == "127.0.0.1"
    assert current(sessions)["user_agent"] == "second agent"


def test_an_ended_session_leaves_the_list(server, user):
    first = dict(user.tokens)
    user.login()
    assert len(user.sessions()) == 2
    user.try_logout(first["refresh_token"])
    assert len(user.sessions()) == 1


def test_a_session_that_ran_out_leaves_the_list_and_a_refreshed_one_moves(make_server):
    server = make_server()
    account = server.user()
    server.clock.advance(4 * 86_400)
    account.login()
    server.clock.advance(4 * 86_400)
    account.rotate()
    session, = account.sessions()
    assert assert_utc_time(session["last_used_at"]) > assert_utc_time(session["created_at"])


def test_a_session_can_be_ended_from_another(server, user):
    old = dict(user.tokens)
    user.login()
    response = server.delete(f"/api/auth/sessions/{the_other(user)}", bearer=user.access)
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(user.me(old["access_token"]), 401, "invalid_token")
    assert_problem(user.try_refresh(old["refresh_token"]), 401, "invalid_token")
    assert user.me().status_code == 200


def test_the_current_session_can_be_ended_too(server, user):
    session = current(user.sessions())
    assert server.delete(f"/api/auth/sessions/{session['id']}", bearer=user.access).status_code == 204
    assert_problem(user.me(), 401, "invalid_token")


def test_another_users_session_is_404_and_lives_on(server, user):
    other = server.user()
    theirs = current(other.sessions())["id"]
    with nothing_changes(server):
        assert_problem(server.delete(f"/api/auth/sessions/{theirs}", bearer=user.access), 404)
    assert other.me().status_code == 200


def test_not_even_an_administrator_ends_another_users_session_here(server, user, admin):
    theirs = current(user.sessions())["id"]
    with nothing_changes(server):
        assert_problem(server.delete(f"/api/auth/sessions/{theirs}", bearer=admin.access), 404)


@pytest.mark.parametrize("name", ["123e4567-e89b-42d3-a456-426614174000", "0" * 32, "A" * 22, "x", "0", "-1", "a" * 300, "%F0%9F%A6%8A"])
def test_an_unknown_session_is_404(server, user, name):
    with nothing_changes(server):
        assert_problem(server.delete(f"/api/auth/sessions/{name}", bearer=user.access), 404)


def test_an_ended_session_is_404(server, user):
    old = dict(user.tokens)
    user.login()
    victim = the_other(user)
    user.try_logout(old["refresh_token"])
    assert_problem(server.delete(f"/api/auth/sessions/{victim}", bearer=user.access), 404)


def test_logout_all_ends_every_session(server, user):
    pairs = [dict(user.tokens)] + [dict(user.login()) for _ in range(3)]
    response = server.post("/api/auth/logout_all", bearer=user.access)
    assert response.status_code == 200
    assert isinstance(response.json()["message"], str)
    for tokens in pairs:
        assert_problem(user.me(tokens["access_token"]), 401, "invalid_token")
        assert_problem(user.try_refresh(tokens["refresh_token"]), 401, "invalid_token")
    user.login()


def test_logout_all_leaves_other_users_alone(server, user):
    other = server.user()
    assert server.post("/api/auth/logout_all", bearer=user.access).status_code == 200
    assert other.me().status_code == 200


@pytest.mark.parametrize("method, path", [("GET", "/api/auth/sessions"), ("DELETE", "/api/auth/sessions/x"),
                                          ("POST", "/api/auth/logout_all")])
def test_a_live_access_token_is_required(server, user, method, path):
    with nothing_changes(server):
        assert_problem(server.request(method, path), 401)
        assert_problem(server.request(method, path, bearer=user.refresh), 401, "invalid_token")
        assert_problem(server.request(method, path, bearer="garbage"), 401, "invalid_token")


def test_ending_one_session_in_parallel_succeeds_exactly_once(server, user):
    user.login()
    path = f"/api/auth/sessions/{the_other(user)}"
    answers = at_once(lambda: server.delete(path, bearer=user.access).status_code, times=8)
    assert sorted(answers) == [204] + [404] * 7


def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(server, make_server):
    forged = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    account = server.confirmed()
    account.login(headers=forged)
    assert [session["address"] for session in account.sessions()] == ["127.0.0.1"]

    proxied = make_server({"http.trusted_proxies": "127.0.0.1"})
    account = proxied.confirmed()
    account.login(headers=forged)
    assert [session["address"] for session in account.sessions()] == ["198.51.100.7"]
