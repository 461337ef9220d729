"""POST /api/auth/block_user/{user_id}"""

import pytest

from support import Server, assert_problem, assert_user, at_once, exchange, nothing_changes, request_bytes
from support.checks import error_fields

MESSAGE = "User status updated successfully"


def block(server, user_id, bearer, *, query=None, **more):
    if query is not None:
        more["params"] = {"is_active": query}
    return server.post(f"/api/auth/block_user/{user_id}", bearer=bearer, **more)


def assert_done(response, is_active):
    assert response.status_code == 200, response.text
    assert set(response.json()) == {"message", "user"}
    assert response.json()["message"] == MESSAGE
    return assert_user(response.json()["user"], is_active=is_active)


def test_blocking_by_json_answers_with_the_user(server, user, admin):
    shown = assert_done(block(server, user.id, admin.access, json={"is_active": False}), False)
    assert (shown["id"], shown["email"], shown["status"]) == (user.id, user.email, "inactive")
    assert_done(block(server, user.id, admin.access, json={"is_active": True}), True)


@pytest.mark.parametrize("off, on", [("false", "true"), ("0", "1"), ("no", "yes"), ("off", "on"), ("False", "True")])
def test_blocking_by_query_takes_every_spelling(server, user, admin, off, on):
    assert_done(block(server, user.id, admin.access, query=off), False)
    assert_done(block(server, user.id, admin.access, query=on), True)


def test_a_blocked_user_is_out_at_once_everywhere(server, user, admin):
    other_session = dict(user.tokens)
    user.login()
    block(server, user.id, admin.access, json={"is_active": False})
    for tokens in (other_session, user.tokens):
        assert_problem(user.me(tokens["access_token"]), 401, "invalid_token")
        assert_problem(user.try_refresh(tokens["refresh_token"]), 401, "invalid_token")
        assert_problem(server.get("/api/auth/sessions", bearer=tokens["access_token"]), 401, "invalid_token")
    assert_problem(user.try_login(), 403, "account_blocked", "User is blocked")


def test_unblocking_lets_the_user_in_but_revives_no_session(server, user, admin):
    block(server, user.id, admin.access, json={"is_active": False})
    block(server, user.id, admin.access, json={"is_active": True})
    assert_problem(user.me(), 401, "invalid_token")
    assert_problem(user.try_refresh(), 401, "invalid_token")
    user.login()
    assert user.me().json()["is_active"] is True


def test_saying_it_twice_is_fine(server, user, admin):
    for is_active in (True, False, False):
        assert_done(block(server, user.id, admin.access, json={"is_active": is_active}), is_active)


def test_unblocking_an_unblocked_user_leaves_the_sessions_alone(server, user, admin):
    assert_done(block(server, user.id, admin.access, json={"is_active": True}), True)
    assert user.me().status_code == 200


def test_without_a_token_it_is_401(server, user):
    with nothing_changes(server):
        assert_problem(block(server, user.id, None, json={"is_active": False}), 401)
        assert_problem(block(server, user.id, user.refresh, json={"is_active": False}), 401, "invalid_token")
    assert user.me().status_code == 200


@pytest.mark.parametrize("role", ["user", "moderator"])
def test_without_the_role_it_is_403(server, role):
    caller, victim = server.confirmed(), server.user()
    if role == "moderator":
        server.cli_ok("user", "set-role", caller.email, "moderator")
    caller.login()
    with nothing_changes(server):
        assert_problem(block(server, victim.id, caller.access, json={"is_active": False}), 403, "forbidden")
        assert_problem(block(server, caller.id, caller.access, json={"is_active": False}), 403, "forbidden")
        # Who may not act here learns nothing of who exists, and nothing of the body's rules.
        assert_problem(block(server, 999_999_999, caller.access, json={"is_active": False}), 403, "forbidden")
        assert_problem(block(server, victim.id, caller.access, json={}), 403, "forbidden")
    assert victim.me().status_code == 200


def test_a_token_with_the_role_is_worth_nothing_once_the_role_is_gone(server, user):
    second = server.second_admin()
    server.cli_ok("user", "set-role", second.email, "user")
    with nothing_changes(server):
        response = block(server, user.id, second.access, json={"is_active": False})
        assert response.status_code in (401, 403)
    second.login()
    assert_problem(block(server, user.id, second.access, json={"is_active": False}), 403, "forbidden")


def test_an_unknown_user_is_404(server, admin):
    with nothing_changes(server):
        for user_id in (999_999_999, 2**63 - 1):
            assert_problem(block(server, user_id, admin.access, json={"is_active": False}), 404, "user_not_found",
                           "User not found")


@pytest.mark.parametrize("user_id", ["x", "1x", "1.0", "1e3", "0x1", "-1", "0", "+1", "%201", "9223372036854775808",
                                     "1" * 100, "%D9%A1"])
def test_an_id_that_is_no_id_is_refused(server, admin, user_id):
    with nothing_changes(server):
        response = block(server, user_id, admin.access, json={"is_active": False})
        assert response.status_code in (404, 422)
        assert_problem(response, response.status_code)


@pytest.mark.parametrize("more", [{"json": {}}, {"json": {"is_active": None}}, {"json": {"is_active": "maybe"}},
                                  {"json": {"is_active": 2}}, {"json": {"is_active": []}}, {"query": "maybe"},
                                  {"query": ""}, {"query": "2"}, {}])
def test_a_missing_or_bad_value_is_422(server, user, admin, more):
    with nothing_changes(server):
        problem = assert_problem(block(server, user.id, admin.access, **more), 422, "validation_failed")
    assert error_fields(problem) <= {"body.is_active", "query.is_active"}


def test_a_value_in_body_and_query_or_twice_is_400(server, user, admin):
    with nothing_changes(server):
        assert_problem(block(server, user.id, admin.access, query="false", json={"is_active": False}), 400)
        assert_problem(server.post(f"/api/auth/block_user/{user.id}?is_active=false&is_active=false",
                                   bearer=admin.access), 400)
    assert user.me().status_code == 200


@pytest.mark.parametrize("query", ["is_active=%zz", "is_active=%f", "is_active=%", "is_active=%ff", "is_active=%c0%80",
                                   "is_active=%00", "%zz=1&is_active=true", "is_active=true&x=%ff"])
def test_a_query_that_can_not_be_decoded_is_400(server, user, admin, query):
    """As it is sent: libraries mend such a query before it leaves."""
    data = request_bytes("POST", f"/api/auth/block_user/{user.id}?{query}", {"Authorization": f"Bearer {admin.access}"})
    with nothing_changes(server):
        response, _ = exchange(server, data)
    problem = response.json()
    assert (response.status, problem["code"], problem["detail"]) == (400, "malformed_form", "The query is malformed")


def test_an_administrator_can_block_another(server, admin):
    second = server.second_admin()
    assert_done(block(server, second.id, admin.access, json={"is_active": False}), False)
    assert_problem(block(server, admin.id, second.access, json={"is_active": False}), 401, "invalid_token")


@pytest.fixture(scope="module")
def lonely():
    """A server with one administrator only."""
    with Server() as server:
        yield server


def test_the_last_administrator_can_not_be_blocked(lonely):
    admin = lonely.admin()
    with nothing_changes(lonely):
        assert_problem(block(lonely, admin.id, admin.access, json={"is_active": False}), 409, "last_administrator")
    assert admin.me().status_code == 200


def test_a_blocked_or_unconfirmed_administrator_does_not_count(lonely):
    admin = lonely.admin()
    second = lonely.second_admin()
    assert_done(block(lonely, second.id, admin.access, json={"is_active": False}), False)
    unconfirmed = lonely.signup()
    lonely.cli("user", "set-role", unconfirmed.email, "admin")
    with nothing_changes(lonely):
        assert_problem(block(lonely, admin.id, admin.access, json={"is_active": False}), 409, "last_administrator")
    lonely.cli_ok("user", "delete", second.email)
    lonely.cli_ok("user", "delete", unconfirmed.email)


def test_two_administrators_who_block_each_other_leave_one(lonely):
    for _ in range(5):
        admin, second = lonely.admin(), lonely.second_admin()
        answers = at_once(lambda: block(lonely, second.id, admin.access, json={"is_active": False}),
                          lambda: block(lonely, admin.id, second.access, json={"is_active": False}))
        assert sorted(answer.status_code for answer in answers).count(200) == 1, [a.text for a in answers]
        winner, loser = (admin, second) if answers[0].status_code == 200 else (second, admin)
        assert winner.me().status_code == 200
        assert loser.me().status_code == 401
        assert_done(block(lonely, loser.id, winner.access, json={"is_active": True}), True)
        admin.login()
        lonely.cli_ok("user", "delete", second.email)
