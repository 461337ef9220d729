"""The short run of the races (tests/fault/README.md has the long one)."""

import pytest

from races import race, track
from support.size import size


@pytest.mark.parametrize("nodes", [pytest.param(1, marks=pytest.mark.embedded), 2])
@pytest.mark.timeout(size(180, 3600))
def test_R03_of_a_race_over_what_may_be_used_once_one_client_wins(nodes):
    with track(nodes) as (servers, mailbox):
        counts = race(servers, mailbox, races=size(400, 20_000), racers=4, seed=3)
        assert sum(counts.values()) >= size(400, 20_000)
