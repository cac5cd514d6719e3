"""kill -9 of the job at each step of restart, upgrade and the way back: same end, nothing twice."""

import time

import pytest

#: Steps with the moment that tells most: what changes the world dies before it is written down.
RESTART = (
    ("probe", "kept"),
    ("stop", "begun"),
    ("stop", "worked"),
    ("start", "worked"),
    ("answer", "kept"),
    ("watch", "worked"),
    ("wake", "worked"),
)
UPGRADE = (
    ("look", "worked"),
    ("probe", "kept"),
    ("stop", "worked"),
    ("clear_assets", "worked"),
    ("upgrade", "begun"),
    ("upgrade", "worked"),
    ("check", "kept"),
    ("start", "worked"),
    ("watch", "kept"),
)
UNDO = (
    ("undo_stop", "worked"),
    ("undo_look", "kept"),
    ("undo_code", "worked"),
    ("undo_upgrade", "begun"),
    ("undo_start", "worked"),
)
ROLLBACK = (("stop", "kept"), ("code", "worked"), ("upgrade", "worked"), ("start", "worked"))


def _done_once(answer):
    names = [step["name"] for step in answer["result"]["steps"]]
    assert len(set(names)) == len(names)
    assert all(step["ok"] and step["end"] for step in answer["result"]["steps"])


@pytest.mark.parametrize(("step", "moment"), RESTART)
def test_restart(running, step, moment):
    key = running.key()
    running.call_killed("restart", {}, key, step, moment)
    answer = running.call("restart", {}, key)
    assert answer["status"] == "done", answer
    _done_once(answer)
    assert running.counts() == {"start": 1, "stop": 1, "update": 0}
    assert answer["result"]["authenticated"] is True
    assert answer["result"]["downtime"]["seconds"] > 0.3
    assert running.answers()


@pytest.mark.parametrize(("step", "moment"), UPGRADE)
def test_upgrade(running, step, moment):
    running.switch_to(running.commit("1.0.9"))
    key, params = running.key(), {"modules": ["shop"], "versions": {"shop": "1.0.9"}}
    running.call_killed("upgrade", params, key, step, moment)
    answer = running.call("upgrade", params, key)
    assert answer["status"] == "done", answer
    _done_once(answer)
    assert running.counts() == {"start": 1, "stop": 1, "update": 1}
    assert answer["result"]["versions"] == {"shop": "17.0.1.0.9"}


@pytest.mark.parametrize(("step", "moment"), UNDO)
def test_the_way_back_of_an_upgrade(running, step, moment):
    running.switch_to(running.commit("1.0.9", {"upgrade": "raise"}))
    key, params = running.key(), {"modules": ["shop"]}
    running.call_killed("upgrade", params, key, step, moment)
    _is_back(running, running.call("upgrade", params, key))
    assert running.counts() == {"start": 1, "stop": 1, "update": 1}


def test_the_way_back_of_the_database(running):
    running.switch_to(running.commit("1.0.9", {"start": "die"}))
    key, params = running.key(), {"modules": ["shop"]}
    running.call_killed("upgrade", params, key, "undo_upgrade", "worked")
    _is_back(running, running.call("upgrade", params, key))
    # Forward once and back once; two starts of what dies, one of what runs.
    assert running.counts() == {"start": 3, "stop": 1, "update": 2}


def _is_back(shop, answer):
    assert answer["status"] == "failed", answer
    assert answer["result"]["undone"]["running"] is True
    assert shop.head() == shop.first
    assert shop.version() == "17.0.1.0.8"
    assert shop.answers()


@pytest.mark.parametrize(("step", "moment"), ROLLBACK)
def test_rollback(running, step, moment):
    running.switch_to(running.commit("1.0.9"))
    running.done("upgrade", {"modules": ["shop"]})
    running.counts_file.write_text("")
    key = running.key()
    running.call_killed("rollback", {"modules": ["shop"]}, key, step, moment)
    answer = running.call("rollback", {"modules": ["shop"]}, key)
    assert answer["status"] == "done", answer
    assert running.head() == running.first
    assert running.version() == "17.0.1.0.8"
    assert running.counts() == {"start": 1, "stop": 1, "update": 1}


def test_the_prober_outlives_the_job(running):
    """Killed between stop and start: the downtime it measured goes on."""
    key = running.key()
    running.call_killed("restart", {}, key, "stop", "kept")
    figures = running.job(key).folder / "probes.json"
    assert figures.exists()
    answer = running.call("restart", {}, key)
    assert answer["result"]["downtime"]["unwatched"] == 0


def test_nobody_need_ask_for_a_job_that_died_while_odoo_was_down(running):
    """Who would have asked is down: what measures the downtime takes the job up."""
    key = running.key()
    running.call_killed("restart", {}, key, "stop", "worked")
    deadline = time.monotonic() + 60
    while not running.answers():
        assert time.monotonic() < deadline, "Odoo stayed down"
        time.sleep(0.2)
    answer = running.call("restart", {}, key)
    assert answer["status"] == "done", answer
    _done_once(answer)
    assert running.counts() == {"start": 1, "stop": 1, "update": 0}
