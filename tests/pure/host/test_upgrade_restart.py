"""restart: a real process stops and starts, and the downtime is measured from outside."""

import os
import signal
import threading
import time
from types import SimpleNamespace

import psycopg2
import pytest
from kit_shop import release_host


class Watcher(threading.Thread):
    """A prober of the test's own."""

    def __init__(self, shop):
        super().__init__(daemon=True)
        self.shop = shop
        self.good = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            if self.shop.answers():
                self.good.append(time.time())

    def longest_gap(self):
        self.ended.set()
        self.join()
        return max(after - before for before, after in zip(self.good, self.good[1:], strict=False))


def _names(answer):
    return [step["name"] for step in answer["result"]["steps"]]


def test_restart_measures_the_downtime_and_proves_a_login(running):
    before = running.pid()
    watcher = Watcher(running)
    watcher.start()
    result = running.done("restart")
    gap = watcher.longest_gap()
    assert running.pid() != before
    assert running.counts() == {"start": 1, "stop": 1, "update": 0}
    assert result["authenticated"] is True
    assert abs(result["downtime"]["seconds"] - gap) < 1
    assert result["downtime"]["seconds"] > 0.3  # the small Odoo's own start
    assert result["downtime"]["last_good"] < result["downtime"]["first_good"]
    assert result["downtime"]["probes"] > 10
    assert [step["name"] for step in result["steps"]] == [
        "probe",
        "stop",
        "start",
        "answer",
        "watch",
        "wake",
    ]


def test_without_a_probe_user_the_login_is_unknown(shop):
    shop.configure(odoo__probe_login=None, odoo__probe_password_file=None)
    assert shop.done("restart")["authenticated"] is None


def test_a_service_that_was_down_is_started(shop):
    result = shop.done("restart")
    assert shop.counts() == {"start": 1, "stop": 0, "update": 0}
    assert shop.answers()
    assert result["downtime"]["last_good"] is None
    assert result["downtime"]["seconds"] > 0


def test_the_scheduler_is_woken(running):
    connection = psycopg2.connect(dbname="postgres")
    connection.autocommit = True
    connection.cursor().execute("LISTEN cron_trigger")
    running.done("restart")
    connection.cursor().execute("SELECT 1")
    connection.poll()
    assert running.database in [notice.payload for notice in connection.notifies]
    connection.close()


def test_a_probe_user_who_cannot_log_in_is_noticed_before_anything_stops(running):
    (running.folder / "password").write_text("wrong")
    answer = running.call("restart")
    assert answer["status"] == "refused"
    assert "cannot log in" in answer["message"]
    assert running.counts() == {"start": 0, "stop": 0, "update": 0}


def test_a_start_that_fails_goes_back_to_the_code_before(running):
    running.switch_to(running.commit("1.0.9", {"start": "die"}))
    answer = running.call("restart")
    assert answer["status"] == "failed"
    assert answer["message"] == "The service ended by itself: it is inactive."
    undone = answer["result"]["undone"]
    assert undone["code"]["after"] == running.first == running.head()
    assert undone["running"] is True
    assert undone["upgraded"] == []
    assert running.answers()
    assert running.version() == "17.0.1.0.8"
    assert answer["result"]["downtime"]["seconds"] > 3


def test_a_service_that_dies_after_it_answered_is_a_failure(running):
    running.configure(service__watch=3)
    running.switch_to(running.commit("1.0.9", {"die_after": 1}))
    answer = running.call("restart")
    assert answer["status"] == "failed"
    assert answer["message"].startswith("Odoo answered and died right after")
    assert running.head() == running.first
    assert running.answers()


def test_a_page_that_is_an_error_is_no_answer(running):
    running.configure(service__start_timeout=3)
    running.switch_to(running.commit("1.0.9", {"start": "broken"}))
    answer = running.call("restart")
    assert answer["status"] == "failed"
    assert answer["message"] == "Odoo is not up after 3 seconds: its login page answers 500."
    assert running.answers()


def test_without_a_switch_there_is_nothing_to_go_back_to(running):
    """The code is as it was: an Odoo that cannot start stays down, and the answer says so."""
    (running.repository / "addons/shop/behaviour.json").write_text('{"start": "die"}')
    answer = running.call("restart")
    assert answer["status"] == "failed"
    assert "The way back failed too" in answer["message"]
    assert not running.answers()


def test_a_release_before_is_not_undone_by_a_later_restart(running):
    commit = running.commit("1.0.9")
    running.switch_to(commit)
    running.done("restart")
    running.configure(service__start="/bin/false")
    answer = running.call("restart", {}, "REL/2/item/1")
    assert answer["status"] == "failed"
    assert answer["message"].startswith("/bin/false ended with 1")
    assert running.head() == commit


def test_a_process_that_somebody_killed_is_started_again(running):
    """kill -9 while it is watched: tried once more, and that is no failure."""
    key = _watched(running)
    os.kill(running.pid(), signal.SIGKILL)
    answer = running.call("restart", {}, key)
    assert answer["status"] == "done", answer
    assert running.counts()["start"] == 2
    assert "start_again" in _names(answer)


def _watched(running):
    """The key of a restart after which Odoo answered, and is watched now."""
    running.configure(service__watch=5)
    key = running.key()
    running.ask("restart", {}, key)
    deadline = time.monotonic() + 20
    while not any(
        step["name"] == "answer" and step["ok"] for step in running.job(key).memory["steps"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return key


def test_a_database_that_goes_away_for_a_moment_is_no_death(running):
    key = _watched(running)
    running.away.touch()
    time.sleep(1)
    running.away.unlink()
    answer = running.call("restart", {}, key)
    assert answer["status"] == "done", answer
    assert running.counts()["start"] == 1
    assert answer["result"]["downtime"]["seconds"] > 1


def test_a_database_that_stays_away_is_one(running, monkeypatch):
    monkeypatch.setattr(release_host, "HICCUP", 1.0)
    running.away.touch()
    verb = SimpleNamespace(host=release_host.Host(running.config), config=running.config)
    with pytest.raises(release_host.Failed, match=r"died right after.*answers 303"):
        release_host.ServiceVerb._watch(verb)


def test_figures_of_the_prober():
    figures = release_host.new_figures(100.0)
    changes = [
        release_host.note_probe(figures, good, moment)
        for good, moment in (
            (True, 100.1),
            (True, 100.2),
            (False, 100.3),
            (False, 100.4),
            (True, 102.2),
            (True, 102.3),
        )
    ]
    assert changes == [True, False, True, False, True, False]
    found = release_host.downtime(figures)
    assert found["seconds"] == 2.0
    assert found["last_good"] == "1970-01-01T00:01:40.200Z"
    assert found["probes"] == 6


@pytest.mark.parametrize(
    ("answers", "seconds"),
    [
        ([True, True], 0.0),
        ([False, False, True], 2.0),
        ([True, False, False], None),
        ([True, False, True, False, True], 4.0),
        ([True, False, True, False], None),
    ],
)
def test_downtime(answers, seconds):
    figures = release_host.new_figures(0.0)
    for moment, good in enumerate(answers):
        release_host.note_probe(figures, good, float(moment))
    assert release_host.downtime(figures)["seconds"] == seconds
