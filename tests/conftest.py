"""Fixtures that all black-box tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from support import Server
from support import server as server_module
from support.postgres import Borrowed, Database, Postgres
from support.store_reading import shared_store
from support.together import ended_in_peace

# A shell without job control starts what it sends to the background with both of them ignored, and so would be every
# server and command that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def _shared_server():
    with Server() as server:
        yield server


@pytest.fixture
def server(_shared_server: Server) -> Server:
    """One running server for all tests of this process that leave clock, keys and settings alone: limits
    off, cheap hashes, mail in files, an administrator. Tests share it, so each makes its own users."""
    if not _shared_server.running:
        pytest.fail(f"the shared server has died:\n{_shared_server.stderr[-4000:]}")
    return _shared_server


@pytest.fixture
def admin(server: Server):
    return server.admin()


@pytest.fixture
def user(server: Server):
    """A fresh user of the shared server, confirmed and signed in."""
    return server.user()


@pytest.fixture
def make_server(request):
    """Makes servers for one test (`make_server(settings, start=False, …)`), which must end in peace."""
    # Made first, a database is removed last, when no server opens connections to it any more.
    if "database" in request.fixturenames:
        request.getfixturevalue("database")
    with ended_in_peace([]) as made:
        def make(settings: dict[str, object] | None = None, *, start: bool = True, **more) -> Server:
            server = Server(settings, **more)
            made.append(server)
            return server.start() if start else server

        yield make


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of the run, or one of this session's own. Nobody stops it."""
    if prefix := os.environ.get("LATCHKEY_TEST_POSTGRES"):
        yield Borrowed(prefix)
        return
    with Postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """An empty database."""
    database = Database(postgres)
    yield database
    database.remove()


def pytest_collection_modifyitems(config, items):
    if shared_store():
        skip = [item for item in items if item.get_closest_marker("embedded")]
        config.hook.pytest_deselected(items=skip)
        items[:] = [item for item in items if item not in skip]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item):
    item.log_starts = {server: len(server.stderr) for server in list(server_module.live)}
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows what the servers logged during a test that failed."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for server in list(server_module.live):
        if server.stderr_path.exists():
            logged = server.stderr[item.log_starts.get(server, 0):] if hasattr(item, "log_starts") else ""
            if logged:
                report.sections.append((f"log of the server on port {server.port}", logged[-3000:]))
