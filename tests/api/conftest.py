"""A PostgreSQL for tests that need one beside the store that the others run on."""

from __future__ import annotations

import os

import pytest

from support.postgres import Borrowed, Database, Postgres


@pytest.fixture(scope="session")
def postgres():
    """The server that the run has started, or one of this process."""
    if prefix := os.environ.get("LATCHKEY_TEST_POSTGRES"):
        yield Borrowed(prefix)
        return
    with Postgres() as server:
        yield server


@pytest.fixture
def database(postgres):
    """An empty database."""
    database = Database(postgres)
    yield database
    database.remove()
