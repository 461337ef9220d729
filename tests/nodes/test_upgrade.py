"""What a node does when a newer one has been there first."""

from __future__ import annotations

import pytest

from support import ServerFailed, assert_problem

from .conftest import two_nodes

NEWER = ("INSERT INTO schema_migrations (version, name, checksum, applied_at)"
         " SELECT max(version) + 1, '0999_newer.sql', 'x', 1 FROM schema_migrations;")


def test_Z48_nodes_go_on_beside_a_newer_schema_and_refuse_only_to_start_on_it(postgres, database):
    with two_nodes(database) as (first, second):
        user, pending = first.user(), first.signup()
        postgres.sql(NEWER, database.name)
        # Nobody is signed out by an upgrade that has begun: everything goes on at both.
        for node in (first, second):
            assert node.get("/readyz").status_code == 200
            assert node.get("/api/users/me", bearer=user.access).status_code == 200
        assert second.get(first.wait_mail(pending.email)[0].confirmation_path).status_code == 200
        pending.server = second
        pending.login()
        assert pending.try_logout().status_code == 200
        assert_problem(first.get("/api/users/me", bearer=pending.access), 401, "invalid_token")
        user.rotate()
        second.stop()
        before = first.snapshot()
        with pytest.raises(ServerFailed, match="0999_newer.sql.*start the newer program"):
            second.start()
        second.process = None
        assert "newer program" in second.cli_refused("migrate")
        # The one that refused has touched nothing, and the one that runs has not noticed.
        assert first.snapshot() == before
        user.rotate()
        postgres.sql("DELETE FROM schema_migrations WHERE name = '0999_newer.sql';", database.name)
        second.start()
        assert second.get("/api/users/me", bearer=user.access).status_code == 200
