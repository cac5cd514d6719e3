"""PostgreSQL is killed at chosen moments of a release, which ends as if nothing had been.

Part of ``make test-chaos``, which then kills all parts at random moments, many times.
"""

import pytest
from deployment import Deployment
from killer import Killer
from test_release import GOES_ON, has_begun, went_live
from watcher import Watcher


@pytest.mark.parametrize("part", ["postmaster", "backend"])
def test_postgresql_is_killed_during_a_backup_and_an_upgrade(host, part):
    killer = Killer(host)
    deployment = Deployment(host)
    with Watcher(host) as watcher:
        deployment.start()
        for code in ("1.2", "3.1"):
            deployment.until(f"{code} to run", lambda code=code: has_begun(deployment, code))
            assert getattr(killer, part)()
        deployment.until_signing()
    went_live(host, deployment)
    assert max(watcher.delays, default=0) < GOES_ON
