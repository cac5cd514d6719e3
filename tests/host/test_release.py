"""Whole releases on a host with systemd, over SSH, run by the very Odoo that they restart."""

from deployment import Deployment
from killer import Killer
from onhost import Prober
from watcher import Watcher

from tools.demo import shopcode

#: Seconds from Odoo's first answer until the release goes on.
GOES_ON = 10
#: Item during which it is killed -> what.
MOMENTS = {"1.1": "worker", "1.2": "odoo", "2.1": "connection", "3.1": "job"}


def test_first_day(host):
    """Is the server that the other tests act on what it should be?"""
    assert host.version() == shopcode.BEFORE
    assert host.answers()


def passed(outcomes):
    return set(outcomes.values()) == {"passed"}


def test_it_goes_live(host):
    deployment = Deployment(host)
    with Prober(host.address) as prober:
        deployment.start()
        deployment.until_signing()
    assert passed(deployment.outcomes()), deployment.told()
    assert (host.version(), host.code.head()) == (shopcode.AFTER, deployment.commit)
    assert abs(deployment.release.value("downtime_seconds") - prober.downtime()) < 1
    deployment.sign()
    deployment.until_over()
    assert deployment.release.value("state") == "done", deployment.told()
    deployment.release.check_journal()


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
