"""A release is killed in its parts, at chosen moments, and ends as if nothing had been.

Part of ``make test-chaos``, which then does the same at random moments, many times.
"""

import pytest
from deployment import Deployment
from killer import Killer
from watcher import Watcher

from tools.demo import shopcode

#: Seconds from Odoo's first answer until the release goes on.
GOES_ON = 10
#: Item during which it is killed -> what.
MOMENTS = {"1.1": "worker", "1.2": "odoo", "2.1": "connection", "3.1": "job"}


def test_everything_of_a_release_is_killed_once(host):
    killer = Killer(host)
    deployment = Deployment(host)
    with Watcher(host) as watcher:
        deployment.start()
        for code, part in MOMENTS.items():
            deployment.until(f"{code} to run", lambda code=code: has_begun(deployment, code))
            # An item may run a moment before what it needs does.
            deployment.until(f"{part} to be there", getattr(killer, part))
        deployment.until_signing()
    went_live(host, deployment)
    assert max(watcher.delays) < GOES_ON


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


def has_begun(deployment, code):
    """Whether an item runs. It is not waited for: it may be over in a moment."""
    outcome = deployment.release.outcomes()[code]
    assert outcome in ("pending", "running", "passed"), deployment.told()
    return outcome != "pending"


def went_live(host, deployment):
    assert set(deployment.outcomes().values()) == {"passed"}, deployment.told()
    assert (host.version(), host.code.head()) == (shopcode.AFTER, deployment.commit)
    deployment.release.check_journal()
    assert not host.done_twice()
