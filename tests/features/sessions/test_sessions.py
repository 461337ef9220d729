"""GET /api/auth/sessions, DELETE /api/auth/sessions/{id}, POST /api/auth/logout_all"""

import pytest

from support import assert_problem, at_once, nothing_changes
from support.checks import assert_utc_time, error_fields


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


def read_pages(account, limit: int) -> list[list[str]]:
    """The ids of all pages, as a client follows the links from page to page."""
    pages, target = [], f"/api/auth/sessions?limit={limit}"
    while target:
        response = account.server.get(target, bearer=account.access)
        assert response.status_code == 200
        pages.append([session["id"] for session in response.json()])
        link = response.links.get("next")
        target = "/api/auth/sessions" + link["url"] if link else None
        assert len(pages) < 20
    return pages


def test_a_long_list_comes_in_pages_that_hold_every_session_once(server):
    account = server.user()
    for _ in range(6):
        account.login()
    whole = [session["id"] for session in account.sessions()]
    assert len(whole) == 7
    for limit in (1, 3, 6, 7, 8):
        pages = read_pages(account, limit)
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert sum(pages, []) == whole


def test_a_session_that_ends_between_two_pages_moves_no_other(server):
    account = server.user()
    for _ in range(4):
        account.login()
    whole = [session["id"] for session in account.sessions()]
    first = server.get("/api/auth/sessions?limit=2", bearer=account.access)
    current = next(session["id"] for session in account.sessions() if session["current"])
    gone = next(id for id in whole[:2] if id != current)
    assert server.delete(f"/api/auth/sessions/{gone}", bearer=account.access).status_code == 204
    second = server.get("/api/auth/sessions" + first.links["next"]["url"], bearer=account.access)
    assert [session["id"] for session in second.json()] == whole[2:4]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=-1", "after=x", "after=", "after=" + "A" * 80,
                                   "after=" + "A" * 500])
def test_a_wrong_place_or_length_of_a_page_is_422(server, user, query):
    response = server.get("/api/auth/sessions?" + query, bearer=user.access)
    if query == "after=":
        assert response.status_code == 200
    else:
        assert error_fields(assert_problem(response, 422, "validation_failed")) == {"query." + query.split("=")[0]}


def test_J10_the_place_in_one_list_is_none_in_another(server):
    owner, other = server.user(), server.user()
    for account in (owner, other):
        account.login()
    link = server.get("/api/auth/sessions?limit=1", bearer=owner.access).links["next"]["url"]
    assert server.get("/api/auth/sessions" + link, bearer=owner.access).status_code == 200
    assert_problem(server.get("/api/auth/sessions" + link, bearer=other.access), 422, "validation_failed")


def test_F50_O11_the_present_session_is_the_first_of_the_list(server, user):
    first = dict(user.tokens)
    for _ in range(3):
        user.login()
    answer = server.get("/api/auth/sessions?limit=1", bearer=first["access_token"])
    session, = answer.json()
    assert session["current"] is True
    other, = server.get("/api/auth/sessions" + answer.links["next"]["url"], bearer=first["access_token"]).json()
    assert other["current"] is False


def test_F50_O11_an_account_has_no_more_sessions_than_the_setting_says(make_server):
    server = make_server({"limits.sessions": 3, "limits.enabled": "true"})
    account = server.user()
    pairs = [dict(account.tokens)]
    for _ in range(4):
        server.clock.advance(60)
        pairs.append(dict(account.login()))
    assert len(account.sessions()) == 3
    for pair in pairs[:2]:
        assert_problem(account.try_refresh(pair["refresh_token"]), 401, "invalid_token")
    ended = [entry for entry in server.audit() if entry["event"] == "sessions_limited"]
    assert [entry["detail"] for entry in ended] == ["count 1", "count 1"]
    for pair in pairs[2:]:
        assert account.try_refresh(pair["refresh_token"]).status_code == 200
