"""Several nodes on the real thing: PostgreSQL clusters, a load balancer. Minutes each, as root, and with packages that
`cmake/packages.sh cluster` installs; so only run when they are named: `./test cluster`."""

from __future__ import annotations

import pytest

from .patroni import missing


@pytest.fixture(autouse=True, scope="session")
def _installed():
    if names := missing():
        pytest.fail(f"not installed: {', '.join(names)}; `cmake/packages.sh cluster` does it")
