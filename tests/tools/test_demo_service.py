"""The demo's Odoo in the background: started once, ended for certain, known by what it is."""

import json
import os
import subprocess
import sys
import time

import pytest

from tools.demo import service

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    service.Service(tmp_path).stop()


def tell(folder, code="import time; print('up', flush=True); time.sleep(60)"):
    told = {"argv": [sys.executable, "-c", code], "env": {"PATH": os.defpath}}
    (folder / "service.json").write_text(json.dumps(told))
    return service.Service(folder)


def control(folder, action):
    """As the host helper does it: a program of its own, without our packages."""
    argv = [sys.executable, "-I", service.__file__, folder, action]
    return subprocess.run(argv, check=False, timeout=60).returncode


def test_it_outlives_who_started_it_and_ends(folder):
    tell(folder)
    assert control(folder, "status") == service.NOT_RUNNING
    assert control(folder, "start") == 0
    assert control(folder, "status") == 0
    assert control(folder, "stop") == 0
    assert control(folder, "status") == service.NOT_RUNNING


def test_it_is_started_once(folder):
    one = tell(folder)
    one.start()
    first = one.pid()
    one.start()
    assert one.pid() == first


def test_what_does_not_want_to_end_is_killed(folder, monkeypatch):
    monkeypatch.setattr(
        service, "SIGNALS", tuple((number, 0.5) for number, _seconds in service.SIGNALS)
    )
    one = tell(folder, STUBBORN)
    one.start()
    wait_until_up(folder)
    one.stop()
    assert not one.pid()


def test_another_process_of_the_same_number_is_not_taken_for_it(folder):
    one = tell(folder)
    (folder / "service.pid").write_text(f"{os.getpid()} 1")
    assert not one.pid()
    one.stop()  # which would end this test run


def wait_until_up(folder):
    deadline = time.monotonic() + 20
    while "up" not in (folder / "service.out").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
