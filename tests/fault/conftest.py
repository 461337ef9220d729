"""Fault tests: what is acknowledged stays true, whatever happens to the process, its disk, its peers and its network.
The ids in the names (Z01 …) are those of the project's list of fault cases."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("ledger")
