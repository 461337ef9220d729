"""The short run of the harness (tests/fault/README.md has the long one)."""

import os

import pytest

from mishaps import Mishap
from node_storm import WAYS, node_storm
from storm import storm
from support.postgres import Postgres
from support.size import size

SEED = int(os.environ.get("LATCHKEY_SEED", "18"))


@pytest.mark.embedded
@pytest.mark.parametrize("how", ["kill", "cut"])
def test_Z01_Z03_Z04_what_was_acknowledged_is_true_after_kills_and_power_cuts_with_faults_of_the_disk(how):
    with storm(SEED, clients=4) as running:
        for _ in range(size(4, 60)):
            running.round(how)
        assert running.counts["acknowledged"] > 20, running.counts


@pytest.mark.embedded
def test_Z01_Z10_Z27_D11_what_was_acknowledged_is_true_through_read_only_disks_clock_steps_and_mail_servers_that_fail():
    mishaps = [Mishap(disk=["any any readonly times=0"], heals=True), Mishap(clock=[6 * 3600, -6 * 3600]),
               Mishap(mail={"hang_at": "DATA"}), Mishap(mail={"rcpt_to": "550 5.1.1 no"}), Mishap(mail={"drop_after_data": True})]
    with storm(SEED, clients=4) as running:
        for mishap in mishaps * size(1, 10):
            running.round("kill", mishap)
        assert running.counts["acknowledged"] > 10, running.counts


@pytest.mark.timeout(size(180, 3600))
def test_Z01_Z20_what_one_of_two_nodes_acknowledged_is_true_after_either_or_their_database_dies():
    with Postgres() as postgres, node_storm(postgres, SEED, clients=4) as running:
        for number in range(size(4, 100)):
            running.round(way=WAYS[(0, 2, 4, 7)[number]] if number < 4 else None)
        assert running.counts["acknowledged"] > 20, running.counts
