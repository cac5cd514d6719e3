"""Two administrators press at the same moment, each in a request of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from shop import http, sql

from tools.demo.rpc import Refused

#: How often the race is run: it is a matter of milliseconds who is first.
RACES = 5


def press_together(release, button, others=()):
    """Both press at once; return what each of them read: an empty text, or a refusal."""
    releases = [release, *others] if others else [release, release]
    barrier = Barrier(2)

    def press(one, who):
        # Logs in before the start, so that only the press itself is timed.
        release.shop.people[who]
        barrier.wait()
        try:
            one.press(button, who=who)
        except Refused as refusal:
            return str(refusal)
        return ""

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(press, releases, ("dana", "admin")))


def test_start_twice_at_once(shop, house):
    written = len(house.log.read_text())  # by the tests before, some of which kill PostgreSQL
    for _race in range(RACES):
        release = shop.release([sql()])
        one, other = press_together(release, "action_start")
        assert one == ""
        assert "was started already, by" in other
        assert release.settled() == {"1.1": "passed"}
        starts = [
            event
            for event in release.events()
            if event["kind"] == "state" and event["payload"]["to"] == "running"
        ]
        assert len(starts) == 1
        release.check_journal()
    # Whoever comes second is tried again: that is no error of the shop.
    assert " ERROR " not in house.log.read_text()[written:]


def test_two_releases_of_one_target_at_once(shop):
    for _race in range(RACES):
        first = shop.release([sql()])
        target = first.value("target_id")[0]
        second = shop.planned(first.value("runbook_id")[0])
        second.change(target_id=target)
        second.press("action_schedule")
        one, other = press_together(first, "action_start", [second])
        assert one == ""
        assert "Wait for its end." in other
        assert sorted((first.value("state"), second.value("state"))) == ["running", "scheduled"]


def test_run_checks_twice_at_once(shop, service):
    service.status = 503
    release = shop.release([http("/health")], base_url=service.address)
    release.press("action_start")
    release.settled()
    service.status = 200
    one, other = press_together(release, "action_run_checks")
    # Whoever comes second finds the check queued, or done already.
    assert one == ""
    assert other == "" or "nothing to run" in other
    assert release.settled() == {"1.1": "passed"}
    assert release.items("attempt")["1.1"]["attempt"] == 2
    assert service.asked == {"/health": 2}
    release.check_journal()
