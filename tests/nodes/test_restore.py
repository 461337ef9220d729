"""docs/operations.md says how a PostgreSQL is backed up and brought back; this does it."""

from __future__ import annotations

import os
import subprocess

from support import assert_problem
from support.postgres import Database
from support.printed import code_blocks
from support.tokens import header_of

from .conftest import two_nodes


def run(script: str, database: Database, folder) -> None:
    """As the operator would: line by line in a shell, which ends at the first that fails."""
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True, cwd=folder,
                   env={**os.environ, "DATABASE_URL": database.url, "PATH": f"{database.server.bin}:{os.environ['PATH']}"})


def test_D09_nothing_that_was_revoked_after_a_backup_comes_back_with_it_on_two_nodes(postgres, database, tmp_path):
    backup, restore = code_blocks("docs/operations.md", "### Backup and restore")
    again = Database(postgres)
    again.master_secret = database.master_secret
    names = ("blocked", "demoted", "deleted", "rotated", "signed out", "reused", "untouched")
    with two_nodes(database) as (first, second):
        people = {name: first.user() for name in names}
        first.cli_ok("user", "set-role", people["demoted"].email, "admin")
        people["demoted"].login()
        pending = first.signup()
        link = first.wait_mail(pending.email)[0].confirmation_path
        keeper = first.admin()
        run(backup, database, tmp_path)
        held = [dict(account.tokens) for account in (*people.values(), keeper)]
        old_kid = header_of(keeper.access)["kid"]

        second.block(people["blocked"])
        second.cli_ok("user", "set-role", people["demoted"].email, "user")
        second.cli_ok("user", "delete", people["deleted"].email)
        for name in ("rotated", "reused", "reused"):
            people[name].rotate()
        assert_problem(people["reused"].try_refresh(held[names.index("reused")]["refresh_token"]), 401)
        people["signed out"].try_logout()
        second.get(link)
        second.cli_ok("keys", "revoke", old_kid)
        late = second.user()
        held += [dict(people["rotated"].tokens), dict(people["reused"].tokens), dict(late.tokens)]
    run(restore, again, tmp_path)
    with two_nodes(again) as nodes:
        for node in nodes:
            for tokens in held:
                assert_problem(node.get("/api/users/me", bearer=tokens["access_token"]), 401, "invalid_token")
                assert_problem(node.get("/api/auth/refresh_token", bearer=tokens["refresh_token"]), 401, "invalid_token")
                assert_problem(node.post("/api/auth/logout", bearer=tokens["refresh_token"]), 401, "invalid_token")
            for method in ("GET", "POST"):
                assert_problem(node.request(method, link), 400, "invalid_confirmation")
            published = {key["kid"] for key in node.get("/.well-known/jwks.json", cacheable=True).json()["keys"]}
            assert published and old_kid not in published
        # The accounts are as they were; what is given out now is good.
        for name in names:
            account = people[name]
            account.server = nodes[0]
            account.login()
            assert account.me().json()["role"] == ("admin" if name == "demoted" else "user")
            account.server = nodes[1]
            account.rotate()
            assert len(account.sessions()) == 1
        late.server = pending.server = nodes[0]
        assert_problem(late.try_login(), 401, "invalid_credentials")
        assert_problem(pending.try_login(), 401, "email_not_confirmed")
        assert [entry["detail"] for entry in nodes[0].audit() if entry["event"] == "restored"] != []
    again.remove()
