"""Somebody kills Odoo's upgrade, its database sessions or its job in the middle of a real run."""

import os
import signal
import time
from pathlib import Path

import pytest
from kit_shop import admin, release_host

PARAMS = {"modules": ["shop"], "versions": {"shop": "1.0.9"}}


@pytest.fixture
def upgrading(running):
    """A shop in whose upgrade Odoo just began to work; ``running.key_used`` asks for its end."""
    running.switch_to(running.commit("1.0.9", {"upgrade": "slow"}))
    running.key_used = running.key()
    running.ask("upgrade", PARAMS, running.key_used)
    running.process = _wait_for(lambda: _upgrade_process(running))
    _wait_for(lambda: _sessions(running))
    return running


def _wait_for(look):
    deadline = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _upgrade_process(shop):
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--update=shop" in words and f"--database={shop.database}".encode() in words:
            return int(path.parent.name)
    return None


def _sessions(shop):
    select = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = "
    return admin(f"{select}'{shop.database}' AND application_name = ''")


def _ends_well(shop):
    answer = shop.call("upgrade", PARAMS, shop.key_used)
    assert answer["status"] == "done", answer
    assert shop.version() == "17.0.1.0.9"
    assert answer["result"]["log"] == {"errors": []}
    return answer


def test_odoos_upgrade_is_killed(upgrading):
    os.kill(upgrading.process, signal.SIGKILL)
    _ends_well(upgrading)
    assert upgrading.counts() == {"start": 1, "stop": 1, "update": 2}


def test_its_database_sessions_are_killed(upgrading):
    for (pid,) in _sessions(upgrading):
        admin(f"SELECT pg_terminate_backend({pid})")
    _ends_well(upgrading)
    assert upgrading.counts() == {"start": 1, "stop": 1, "update": 2}


def test_the_job_is_killed_and_its_upgrade_with_it(upgrading):
    holder = release_host.JobLock(release_host.State(upgrading.config)).holder()
    os.kill(holder["pid"], signal.SIGKILL)
    _wait_for(lambda: _upgrade_process(upgrading) is None)
    assert upgrading.version() == "17.0.1.0.8"
    _ends_well(upgrading)
    assert upgrading.counts() == {"start": 1, "stop": 1, "update": 2}


def test_who_asks_goes_away(upgrading):
    """Only the one who asked is gone; the job ends by itself."""
    job = upgrading.job(upgrading.key_used)
    _wait_for(lambda: job.result is not None)
    assert job.result["status"] == "done"
    assert upgrading.answers()
