"""`users.security_version`: links and sign-ins that are under way stand on it, so each change of block or role must raise it,
whichever way it comes, and nothing that is refused may."""

from __future__ import annotations

from support import assert_problem


def version(account) -> int:
    with account.server.db() as db:
        return db.execute("SELECT security_version FROM users WHERE email = ?", (account.email,)).fetchone()[0]


def test_every_change_of_block_or_role_raises_it(server):
    account = server.user()
    assert version(account) == 0
    changes = [lambda: server.block(account), lambda: server.block(account, is_active=True),
               lambda: server.cli_ok("user", "block", account.email),
               lambda: server.cli_ok("user", "unblock", account.email),
               lambda: server.cli_ok("user", "set-role", account.email, "moderator"),
               lambda: server.cli_ok("user", "set-role", account.email, "user")]
    for number, change in enumerate(changes, 1):
        change()
        assert version(account) == number


def test_what_is_refused_or_changes_nothing_of_it_leaves_it(server):
    account, other = server.user(), server.user()
    account.login()
    account.rotate()
    account.try_login("a-wrong-password")
    assert_problem(server.post(f"/api/auth/block_user/{account.id}", json={"is_active": False}, bearer=other.access),
                   403, "forbidden")
    assert_problem(server.post(f"/api/auth/block_user/{account.id}", json={}, bearer=server.admin().access),
                   422, "validation_failed")
    assert server.post("/api/auth/request_email", json={"email": account.email}).status_code == 200
    assert version(account) == 0


def test_the_last_administrator_keeps_it(make_server):
    server = make_server({})
    administrator = server.admin()
    before = version(administrator)
    assert_problem(server.post(f"/api/auth/block_user/{administrator.id}", json={"is_active": False},
                               bearer=administrator.access), 409, "last_administrator")
    server.cli_refused("user", "set-role", administrator.email, "user")
    assert version(administrator) == before
