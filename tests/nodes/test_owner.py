"""A role that may not make tables: since PostgreSQL 15 only the owner of a database may, unless he lets others."""

from __future__ import annotations

import contextlib
import secrets

import pytest

from support import ServerFailed
from support.moving import SETTINGS

from .conftest import node_on


@contextlib.contextmanager
def guest_of(database):
    """The URL of the database for a role that does not own it."""
    role = f"guest_{secrets.token_hex(4)}"
    database.server.sql(f"CREATE ROLE {role} LOGIN;")
    try:
        yield role, database.url.replace("postgres@", f"{role}@")
    finally:
        database.server.sql(f"DROP OWNED BY {role};", database.name)
        database.server.sql(f"DROP ROLE {role};")


@pytest.mark.parametrize("public", ["as PostgreSQL makes it", "closed"])
def test_F19_a_role_that_may_make_no_table_is_told_what_it_needs(make_server, database, public):
    with guest_of(database) as (role, url):
        if public == "closed":
            database.server.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC;", database.name)
        node = node_on(database, url)
        with pytest.raises(ServerFailed, match="must own the database.*GRANT USAGE, CREATE ON SCHEMA public TO"):
            node.start()
        node.process = None
        assert "GRANT USAGE, CREATE ON SCHEMA public TO" in node.cli_refused("migrate")
        source = make_server(SETTINGS)
        assert "GRANT USAGE, CREATE ON SCHEMA public TO" in source.cli_refused("move", "--to", url)
        source.user()
        assert database.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public';", database.name) == [["0"]]

        database.server.sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {role};", database.name)
        node.start()
        node.user()
        node.stop()
        node.remove()


def test_F19_tables_of_another_role_are_named_with_what_to_do(database):
    owner = node_on(database)
    owner.start()
    owner.stop()
    owner.remove()
    with guest_of(database) as (role, url):
        database.server.sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {role};", database.name)
        node = node_on(database, url)
        with pytest.raises(ServerFailed, match="must own the database and the tables in it"):
            node.start()
        node.process = None
        node.remove()
