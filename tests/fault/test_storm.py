"""Z01, Z03, Z04: the short run of the harness (tests/fault/README.md has the long one)."""

import os

import pytest

from storm import storm
from support.size import size

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize("how", ["kill", "cut"])
def test_Z01_Z03_Z04_what_was_acknowledged_is_true_after_kills_and_power_cuts_with_faults_of_the_disk(how):
    seed = int(os.environ.get("LATCHKEY_SEED", "18"))
    with storm(seed, clients=4) as running:
        for _ in range(size(4, 60)):
            running.round(how)
        assert running.counts["acknowledged"] > 20, running.counts
