"""GET and POST /api/auth/refresh_token, and the life of a session."""

import shutil

import pytest

from support import Server, assert_problem, assert_token_schema, at_once, nothing_changes
from support.store_reading import shared_store
from support.tokens import claims_of, flipped, header_of

DAY = 86_400


@pytest.fixture(scope="module")
def clocked():
    """A server whose clock the tests move forward; each makes its own users."""
    with Server() as server:
        yield server


@pytest.fixture
def account(clocked):
    return clocked.user()


def refused(response):
    return assert_problem(response, 401, "invalid_token")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refresh_token_is_traded_for_a_new_pair(server, user, method):
    before = dict(user.tokens)
    tokens = assert_token_schema(user.try_refresh(method=method))
    assert tokens["refresh_token"] != before["refresh_token"]
    assert tokens["access_token"] != before["access_token"]
    assert user.me(tokens["access_token"]).status_code == 200
    assert user.me(before["access_token"]).status_code == 200, "the session lives, and its older access token too"


def test_the_session_stays_the_same(server, user):
    before = claims_of(user.access)
    user.rotate()
    after = claims_of(user.access)
    assert (before["sid"], before["sub"]) == (after["sid"], after["sub"])
    assert before["jti"] != after["jti"]


def test_the_refresh_token_names_session_generation_and_times(server, user):
    header = header_of(user.refresh)
    assert (header["alg"], header["typ"]) == ("HS256", "rt+jwt")
    first = claims_of(user.refresh)
    assert list(first) == ["sid", "gen", "iat", "exp"]
    assert first["sid"] == claims_of(user.access)["sid"]
    user.rotate()
    second = claims_of(user.refresh)
    assert second["sid"] == first["sid"]
    assert second["gen"] == first["gen"] + 1
    assert second["exp"] > second["iat"] >= first["iat"]


def test_generations_follow_one_another(server, user):
    for _ in range(5):
        user.rotate()
    assert user.me().status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "null", "Bearer", "e30.e30.e30", "\u00e9", "x" * 5000])
def test_garbage_is_401(server, token):
    with nothing_changes(server):
        response = server.get("/api/auth/refresh_token", headers={"Authorization": f"Bearer {token}".encode()})
        assert_problem(response, 401)


def test_an_access_token_a_missing_token_and_another_place_are_401(server, user):
    with nothing_changes(server):
        refused(user.try_refresh(user.access))
        assert_problem(server.get("/api/auth/refresh_token"), 401)
        assert_problem(server.get("/api/auth/refresh_token", headers={"Authorization": f"Basic {user.refresh}"}), 401)
        assert_problem(server.get("/api/auth/refresh_token", params={"access_token": user.refresh}), 401)
        assert_problem(server.get("/api/auth/refresh_token", cookies={"refresh_token": user.refresh}), 401)
    user.rotate()


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_401_and_harms_nobody(server, user, part):
    with nothing_changes(server):
        refused(user.try_refresh(flipped(user.refresh, part)))
    user.rotate()


def test_a_confirmation_token_is_401(server):
    account = server.signup()
    token = server.wait_mail(account.email)[0].confirmation_token
    with nothing_changes(server):
        refused(server.get("/api/auth/refresh_token", bearer=token))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_case_insensitive(server, user, scheme):
    assert server.get("/api/auth/refresh_token", headers={"Authorization": f"{scheme} {user.refresh}"}).status_code == 200


# One generation late ------------------------------------------------------------------------------


def test_R05_within_the_grace_the_same_successor_is_returned_byte_for_byte(clocked, account):
    old = account.refresh
    first = assert_token_schema(account.try_refresh(old))
    with nothing_changes(clocked):
        second = assert_token_schema(account.try_refresh(old))
    assert second["refresh_token"] == first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    for tokens in (first, second):
        assert account.me(tokens["access_token"]).status_code == 200


def test_the_successor_can_be_used_after_a_retry_of_its_predecessor(clocked, account):
    old = account.refresh
    account.rotate()
    again = assert_token_schema(account.try_refresh(old))
    assert_token_schema(account.try_refresh(again["refresh_token"]))


def test_R05_a_retry_late_in_the_grace_gets_the_successor_of_the_first_moment(clocked, account):
    old = account.refresh
    first = assert_token_schema(account.try_refresh(old))
    clocked.clock.advance(5)
    assert assert_token_schema(account.try_refresh(old))["refresh_token"] == first["refresh_token"]


def test_parallel_refreshes_of_one_token_give_one_successor(clocked, account):
    answers = at_once(lambda: assert_token_schema(account.try_refresh()), times=16)
    assert len({tokens["refresh_token"] for tokens in answers}) == 1
    assert len({tokens["access_token"] for tokens in answers}) == 16
    account.tokens = answers[0]
    account.rotate()


def test_a_successor_is_the_same_after_a_restart(make_server):
    server = make_server({"tokens.refresh_grace": "1m"})
    account = server.user()
    old = account.refresh
    first = assert_token_schema(account.try_refresh(old))
    server.restart()
    assert assert_token_schema(account.try_refresh(old))["refresh_token"] == first["refresh_token"]


def test_R01_R05_one_late_after_the_grace_ends_the_session(clocked, account):
    old = account.refresh
    account.rotate()
    clocked.clock.advance(11)
    refused(account.try_refresh(old))
    refused(account.try_refresh())
    refused(account.me())


def test_R01_two_late_ends_the_session_even_at_once(clocked, account):
    old = account.refresh
    account.rotate()
    account.rotate()
    refused(account.try_refresh(old))
    refused(account.try_refresh())
    refused(account.me())


def test_reuse_ends_only_the_session_it_belongs_to(clocked, account):
    elsewhere = dict(account.tokens)
    account.login()
    old = account.refresh
    account.rotate()
    account.rotate()
    refused(account.try_refresh(old))
    assert account.me(elsewhere["access_token"]).status_code == 200
    account.login()


def test_a_grace_of_zero_ends_the_session_at_once(make_server):
    server = make_server({"tokens.refresh_grace": "0s"})
    account = server.user()
    old = account.refresh
    account.rotate()
    server.clock.advance(1)
    refused(account.try_refresh(old))
    refused(account.try_refresh())


@pytest.mark.embedded
def test_a_token_ahead_of_the_database_ends_the_session(make_server):
    server = make_server()
    account = server.user()
    stale = account.refresh
    server.stop()
    kept = server.folder / "kept"
    kept.mkdir()
    for path in server.data_dir.glob("latchkey.db*"):
        shutil.copy(path, kept)
    server.start()
    account.rotate()
    server.stop()
    for path in server.data_dir.glob("latchkey.db*"):
        path.unlink()
    for path in kept.iterdir():
        shutil.copy(path, server.data_dir)
    server.start()
    refused(account.try_refresh())
    refused(account.try_refresh(stale))


# Idle and absolute limits -------------------------------------------------------------------------


def test_a_session_that_rests_for_seven_days_is_over(clocked, account):
    clocked.clock.advance(7 * DAY - 60)
    account.rotate()
    clocked.clock.advance(7 * DAY + 60)
    refused(account.try_refresh())
    refused(account.me())


def test_a_session_is_over_after_thirty_days_however_busy(clocked, account):
    for _ in range(5):
        clocked.clock.advance(5.9 * DAY)
        account.rotate()
    clocked.clock.advance(0.5 * DAY + 60)
    refused(account.try_refresh())
    refused(account.me())


def test_an_access_token_does_not_outlive_the_session(clocked, account):
    for _ in range(4):
        clocked.clock.advance(6 * DAY)
        account.rotate()
    clocked.clock.advance(6 * DAY - 300)
    tokens = account.try_refresh().json()
    assert 0 < tokens["expires_in"] <= 300
    claims = claims_of(tokens["access_token"])
    assert claims["exp"] - claims["iat"] == pytest.approx(tokens["expires_in"], abs=1)


def test_the_status_of_a_user_whose_sessions_ran_out_is_inactive(clocked, account):
    clocked.clock.advance(8 * DAY)
    shown = clocked.block(account, is_active=True).json()["user"]
    assert (shown["is_active"], shown["status"]) == (True, "inactive")


def test_lifetimes_are_settings(make_server):
    server = make_server({"tokens.access_ttl": "5m", "tokens.refresh_idle_ttl": "1h", "tokens.refresh_absolute_ttl": "2h"})
    account = server.confirmed()
    account.tokens = assert_token_schema(account.try_login(), expires_in=300)
    for _ in range(2):
        server.clock.advance(55 * 60)
        account.tokens = assert_token_schema(account.try_refresh(), expires_in=300)
    server.clock.advance(11 * 60)
    refused(account.try_refresh())
    account.tokens = assert_token_schema(account.try_login(), expires_in=300)
    server.clock.advance(61 * 60)
    refused(account.try_refresh())


def test_a_clock_that_steps_back_signs_nobody_out(make_server):
    server = make_server()
    account = server.user()
    account.rotate()
    server.clock.advance(-3600)
    account.rotate()
    account.rotate()


# What ends a session ------------------------------------------------------------------------------


def test_a_blocked_user_can_not_refresh_and_unblocking_revives_nothing(server, user):
    server.block(user)
    refused(user.try_refresh())
    server.block(user, is_active=True)
    refused(user.try_refresh())
    refused(user.me())


def test_a_deleted_user_can_not_refresh(server, user):
    server.cli_ok("user", "delete", user.email)
    refused(user.try_refresh())
    refused(user.me())


def test_a_revoked_token_stays_revoked_after_a_restart(make_server):
    server = make_server()
    account = server.user()
    assert account.try_logout().status_code == 200
    server.restart()
    refused(account.try_refresh())
    refused(account.me())


def test_what_a_refresh_changes_stands_in_no_index(server):
    account = server.user()
    indexed = ("SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid "
               "WHERE i.indrelid = 'sessions'::regclass" if shared_store() else
               "SELECT c.name FROM pragma_index_list('sessions') i, pragma_index_info(i.name) c")

    def row(db) -> dict:
        answer = db.execute("SELECT s.* FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = ?", (account.email,))
        return dict(zip([column[0] for column in answer.description], answer.fetchone(), strict=True))

    with server.db() as db:
        before = row(db)
        columns = {name for name, in db.execute(indexed)}
    account.try_refresh().raise_for_status()
    with server.db() as db:
        after = row(db)
    changed = {name for name, value in after.items() if value != before[name]}
    assert "generation" in changed
    assert "user_id" in columns
    assert not changed & columns
