"""Whole releases, killed in their parts at random moments: ``make test-chaos``.

``KILLS`` is how often at least (default 60), ``SEED`` makes a run the same again as far as time
allows. Not collected by ``make test``: the name of this file is given.
"""

import os
import random
import secrets
import time

import pytest
from deployment import Deployment
from killer import Killer
from test_release import GOES_ON
from watcher import Watcher
from way_back import TAKEN_BACK, decide_restore

from tests.run.shop import manual
from tools.demo import shopcode
from tools.say import Missing, say

KILLS = int(os.environ.get("KILLS") or 60)
SEED = int(os.environ.get("SEED") or secrets.randbelow(10**6))
PARTS = ("odoo", "worker", "job", "postmaster", "backend", "connection")
#: Kills in one release, and seconds between two of them.
MOST = 6
PAUSE = (1, 12)


class Live:
    """The new version goes live and is signed."""

    name = "goes live"
    version = shopcode.GOOD
    then = ()

    def over(self, deployment):
        return deployment.over() or bool(deployment.asked_to_sign())

    def check(self, host, deployment):
        assert set(deployment.outcomes().values()) == {"passed"}, deployment.told()
        assert (host.version(), host.code.head()) == (shopcode.AFTER, deployment.commit)
        deployment.sign()
        deployment.until_over()
        assert deployment.release.value("state") == "done", deployment.told()


class TakenBack(Live):
    """The upgrade raises, and everything is taken back."""

    name = "is taken back"
    version = shopcode.RAISES

    def check(self, host, deployment):
        assert deployment.release.value("state") == "rolled_back", deployment.told()
        assert deployment.outcomes(way_back=True) == TAKEN_BACK, deployment.told()
        assert (host.version(), host.code.head()) == (shopcode.BEFORE, host.code.before)


class Restored(Live):
    """The database is restored after the new version went live."""

    name = "is restored"
    then = (manual(),)

    def __init__(self):
        self._before = None

    def over(self, deployment):
        if self._before is None and deployment.release.items("is_mine")["4.1"]["is_mine"]:
            before = deployment.release.events()
            decide_restore(deployment)
            self._before = before
        return deployment.over()

    def check(self, host, deployment):
        assert deployment.release.value("state") == "rolled_back", deployment.told()
        assert set(deployment.outcomes(way_back=True).values()) == {"passed"}, deployment.told()
        assert host.version() == shopcode.BEFORE
        events = deployment.release.events()
        assert events[: len(self._before)] == self._before, "events were lost"


@pytest.mark.timeout(4 * 3600)
def test_chaos(built_host, capsys):
    draw = random.Random(SEED)  # noqa: S311 - no secret
    with capsys.disabled():
        say(f"\nseed {SEED}, at least {KILLS} kills")
        say(f"{'release':14}  seconds  slowest return  killed")
        number, kills, faults = 0, 0, []
        while kills < KILLS and number < KILLS:
            story = (Live, Live, TakenBack, Restored)[number % 4]()
            number += 1
            killed, fault = play(built_host, story, draw)
            kills += killed
            faults += [f"release {number} ({story.name}): {fault}"] if fault else []
        say(f"{number} releases, {kills} kills, {len(faults)} faults, seed {SEED}")
    assert not faults, "\n".join(faults)


def play(host, story, draw):
    """Run one release and print its line; return the number of kills and what was wrong."""
    host.reset()
    began = time.monotonic()
    deployment = Deployment(host, story.version, story.then)
    killed, fault = [], ""
    with Watcher(host) as watcher:
        try:
            deployment.start()
            run_and_kill(host, story, deployment, draw, killed)
            story.check(host, deployment)
            deployment.release.check_journal()
            assert not host.done_twice(), host.done_twice()
            assert max(watcher.delays, default=0) < GOES_ON, f"went on late: {watcher.delays}"
        except (AssertionError, Missing, OSError) as problem:
            fault = str(problem) or repr(problem)
    slowest = f"{max(watcher.delays, default=0):.1f} s"
    seconds = f"{time.monotonic() - began:.0f}"
    say(f"{story.name:14}  {seconds:>7}  {slowest:>14}  {', '.join(killed)}")
    if fault:
        say(f"   FAULT {fault}")
    return len(killed), fault


def run_and_kill(host, story, deployment, draw, killed):
    """Follow the release to its end and kill something every few seconds, a few times."""
    killer = Killer(host)
    due = time.monotonic() + draw.uniform(*PAUSE)

    def over():
        nonlocal due
        if len(killed) < MOST and time.monotonic() > due:
            killed.extend(filter(None, [getattr(killer, draw.choice(PARTS))()]))
            due = time.monotonic() + draw.uniform(*PAUSE)
        return story.over(deployment)

    deployment.until("the release to end", over)
    host.start()  # a kill at the very end may have left it on its way up
