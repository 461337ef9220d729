"""Fixtures of the attack cases. The ids in the names of the tests (H01, T07 …) are those of the project's list of
security cases; each test says in words what it is about."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("probes", "forgery")


@pytest.fixture(scope="module")
def member(_shared_server):
    """A signed-in user that the attacks of one file aim at. No test may end its session or use its refresh token
    with success: whoever needs that takes `user`."""
    return _shared_server.user()


@pytest.fixture(scope="module")
def keeper(_shared_server):
    """The administrator of the shared server."""
    return _shared_server.admin()
