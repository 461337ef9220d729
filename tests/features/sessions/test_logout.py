"""POST /api/auth/logout"""

import http.client
import threading
import time

import pytest

from support import assert_problem, at_once, nothing_changes
from support.tokens import flipped

DONE = {"message": "Logged out successfully"}


@pytest.mark.parametrize("path", ["/api/auth/logout", "/api/auth//logout", "/api/auth/logout/"])
def test_O06_logging_out_ends_the_session_and_its_access_tokens_at_once(server, user, path):
    older = user.access
    user.rotate()
    assert user.me(older).status_code == 200
    response = server.post(path, bearer=user.refresh)
    assert (response.status_code, response.json()) == (200, DONE)
    with nothing_changes(server):
        for access in (older, user.access):
            for method, target in (("GET", "/api/users/me"), ("GET", "/api/auth/sessions"),
                                   ("POST", "/api/auth/logout_all"), ("POST", "/api/auth/block_user/1")):
                assert_problem(server.request(method, target, bearer=access), 401, "invalid_token")
        assert_problem(user.try_refresh(), 401, "invalid_token")


def test_logging_out_does_not_block_the_account(server, user):
    assert user.try_logout().json() == DONE
    user.login()
    me = user.me().json()
    assert (me["is_active"], me["status"]) == (True, "active")


def test_a_user_without_sessions_is_inactive_but_not_blocked(server, user):
    user.try_logout()
    shown = server.block(user, is_active=True).json()["user"]
    assert (shown["is_active"], shown["status"]) == (True, "inactive")


def test_only_the_presented_session_ends(server, user):
    elsewhere = dict(user.tokens)
    user.login()
    assert user.try_logout().status_code == 200
    assert user.me(elsewhere["access_token"]).status_code == 200
    assert user.try_refresh(elsewhere["refresh_token"]).status_code == 200


def test_a_refresh_token_of_any_generation_logs_out(server, user):
    first = user.refresh
    user.rotate()
    user.rotate()
    response = user.try_logout(first)
    assert (response.status_code, response.json()) == (200, DONE)
    assert_problem(user.me(), 401, "invalid_token")
    assert_problem(user.try_refresh(), 401, "invalid_token")


def test_an_old_generation_logs_out_after_the_grace_too(make_server):
    server = make_server()
    account = server.user()
    first = account.refresh
    account.rotate()
    server.clock.advance(3600)
    assert account.try_logout(first).json() == DONE
    assert_problem(account.try_refresh(), 401, "invalid_token")
    account.login()
    server.clock.advance(8 * 86_400)
    assert_problem(account.try_logout(), 401, "invalid_token")  # a session that ran out is dead


def test_logging_out_twice_is_401(server, user):
    assert user.try_logout().status_code == 200
    with nothing_changes(server):
        assert_problem(user.try_logout(), 401, "invalid_token")


def test_anything_but_a_live_refresh_token_is_401(server, user):
    confirmation = server.wait_mail(server.signup().email)[0].confirmation_token
    with nothing_changes(server):
        for token in (user.access, confirmation, "garbage", "a.b.c", flipped(user.refresh, 1), flipped(user.refresh, 2)):
            assert_problem(user.try_logout(token), 401, "invalid_token")
        assert_problem(server.post("/api/auth/logout"), 401)
        assert_problem(server.post("/api/auth/logout", params={"token": user.refresh}), 401)
    user.rotate()


def test_a_refresh_token_in_the_body_logs_nobody_out(server, user):
    with nothing_changes(server):
        assert server.post("/api/auth/logout", data={"refresh_token": user.refresh}).status_code in (401, 415)
        assert server.post("/api/auth/logout", json={"refresh_token": user.refresh}).status_code in (401, 415)
    user.rotate()


def test_after_logout_and_refresh_in_parallel_nothing_lives(server):
    for _ in range(8):
        account = server.user()
        old = dict(account.tokens)
        refreshed, logged_out = at_once(account.try_refresh, account.try_logout)
        assert logged_out.status_code == 200
        assert refreshed.status_code in (200, 401)
        assert_problem(account.me(old["access_token"]), 401, "invalid_token")
        assert_problem(account.try_refresh(old["refresh_token"]), 401, "invalid_token")
        if refreshed.status_code == 200:
            assert_problem(account.me(refreshed.json()["access_token"]), 401, "invalid_token")
            assert_problem(account.try_refresh(refreshed.json()["refresh_token"]), 401, "invalid_token")


def test_parallel_logouts_succeed_exactly_once(server, user):
    answers = at_once(lambda: user.try_logout().status_code, times=8)
    assert sorted(answers) == [200] + [401] * 7


def test_O06_nobody_is_let_in_who_asked_after_a_logout_was_answered(server):
    """Connections that ask without a pause, so that reads of one turn of every request thread meet the logout."""
    for _ in range(15):
        account = server.user()
        seen, done = [], threading.Event()

        def ask(access=account.access, seen=seen, done=done):
            connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
            while not done.is_set():
                asked = time.monotonic()
                connection.request("GET", "/api/users/me", headers={"Authorization": f"Bearer {access}"})
                answer = connection.getresponse()
                answer.read()
                seen.append((asked, answer.status))
            connection.close()

        def end(account=account, done=done):
            try:
                time.sleep(0.03)
                assert account.try_logout().status_code == 200
                ended = time.monotonic()
                time.sleep(0.03)
                return ended
            finally:
                done.set()

        ended = at_once(ask, ask, ask, ask, end)[-1]
        before = {status for asked, status in seen if asked < ended}
        after = {status for asked, status in seen if asked >= ended}
        assert 200 in before and before <= {200, 401}
        assert after == {401}
