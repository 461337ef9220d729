"""A PostgreSQL whose databases have not every character."""

from __future__ import annotations

import pytest

from support import ServerFailed
from support.moving import SETTINGS

from .conftest import node_on


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_in_utf8_is_refused_by_everything_with_what_to_do(make_server, database, encoding):
    other = f"{database.name}_{encoding.lower()}"
    database.server.sql(f"CREATE DATABASE {other} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0;")
    url = database.url.replace(database.name, other)
    try:
        node = node_on(database, url)
        with pytest.raises(ServerFailed, match=f"{encoding}.*--encoding=UTF8"):
            node.start()
        node.process = None
        assert "--encoding=UTF8" in node.cli_refused("migrate")
        node.remove()
        assert database.server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public';", other) == [["0"]]
        source = make_server(SETTINGS)
        assert "--encoding=UTF8" in source.cli_refused("move", "--to", url)
        source.signup().login()
    finally:
        database.server.sql(f"DROP DATABASE {other};")
