"""A release acts on the host of the very Odoo it runs in: real helper, real git, real restarts."""

import contextlib
import time

import psycopg2
import pytest
from hosted import AFTER, FILES, RAISES, WARE
from shop import EXECUTOR, http, sql, until

from tools.demo.shopcode import git

#: Seconds for a release that dumps, restores, upgrades and restarts a small shop.
PATIENCE = 240
BACKUP = [("backup", {}), ("verify_backup", {"of": "1.1"})]
CODE = [("code_fetch", {}), ("code_switch", {}), ("code_files", {"of": "2.1"})]
UPGRADE = [
    ("upgrade", {}),
    *(("host_step", {"of": "3.1", "step": step}) for step in ("stop", "upgrade", "answer")),
    http("/web/login"),
]
WAY_BACK = [
    ("rollback", {}),
    ("host_step", {"of": "R.1", "step": "stop", "optional": True}),
    ("restore", {"of": "1.1"}),
    sql(),
]


def planned(quay, *phases, version=(), **options):
    """A scheduled release of the ware 1.0.1, on a target whose host Odoo reaches."""
    quay.house.go_back()
    commit = quay.house.publish(AFTER, version)
    options = {"modules": f"{WARE} {AFTER}", "way_back": WAY_BACK, "gate": "roll_back", **options}
    release = quay.planned(quay.runbook(*phases, **options), host_kind="local")
    files = [*FILES, *(f"{WARE}/{name}" for name in version)]
    release.change(branch_to="main", commit_to=commit, files_expected="\n".join(files))
    release.press("action_schedule")
    return release


def way_back_ended(release):
    return release.value("state") == "rolled_back" or release.value("blocked_phase_id")


@contextlib.contextmanager
def books(house):
    """A cursor on the shop's database that commits each statement."""
    with contextlib.closing(psycopg2.connect(dbname=house.database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cr:
            yield cr


def ended(release, done):
    """Wait until a condition on the release holds; Odoo goes down and up meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if done():
                return
        except Exception:  # noqa: BLE001 - whatever a service that restarts answers with
            time.sleep(0.2)
        time.sleep(0.2)
    raise AssertionError(f"waited {PATIENCE} s: {release.items('outcome', 'summary')}")


def test_a_release_goes_live_and_survives_its_own_restart(quay):
    release = planned(quay, BACKUP, CODE, UPGRADE)
    release.press("action_start")
    ended(release, lambda: not still_open(release))
    outcomes = release.items("outcome", "summary")
    assert all(
        row["outcome"] == "passed" for code, row in outcomes.items() if not code.startswith("R")
    ), outcomes
    assert quay.house.head() == release.value("commit_to")
    assert 0 < release.value("downtime_seconds") < 60
    release.check_journal()


def still_open(release):
    return any(
        row["outcome"] in ("pending", "running")
        for code, row in release.items("outcome").items()
        if not code.startswith("R")
    )


def test_a_broken_upgrade_rolls_itself_back(quay):
    release = planned(quay, BACKUP, CODE, UPGRADE, version=RAISES)
    before = quay.house.head()
    release.press("action_start")
    ended(release, lambda: way_back_ended(release))
    rows = release.items("outcome", "summary", "records")
    assert release.value("state") == "rolled_back", rows
    assert rows["3.1"]["outcome"] == "failed"
    assert "went back" in rows["3.1"]["summary"]
    assert {code: rows[code]["outcome"] for code in ("R.1", "R.2", "R.3", "R.4")} == {
        "R.1": "passed",
        "R.2": "passed",
        "R.3": "skipped",
        "R.4": "passed",
    }, rows
    assert quay.house.head() == before
    assert "3.1" in release.value("end_reason")
    release.check_journal()


def test_code_that_nobody_reviewed_is_not_fetched(quay):
    """Nothing was switched: the rollback finds nothing to bring back, and Odoo never went down."""
    release = planned(quay, BACKUP, CODE, UPGRADE)
    before = quay.house.head()
    quay.house.publish(AFTER, {"models.py": "# nobody read this"})
    release.press("action_unschedule")
    release.change(commit_to=git(quay.house.clone, "ls-remote", "origin", "main").split()[0])
    release.press("action_schedule")
    release.press("action_start")
    ended(release, lambda: way_back_ended(release))
    rows = release.items("outcome", "summary")
    assert release.value("state") == "rolled_back", rows
    assert rows["2.1"]["outcome"] == "failed"
    assert f"{WARE}/models.py" in rows["2.1"]["summary"]
    assert rows["2.2"]["outcome"] == "inconclusive"
    assert rows["R.1"]["outcome"] == "passed", rows
    assert (quay.house.head(), release.value("has_downtime")) == (before, False)


def test_a_restored_database_remembers_its_release(quay):
    """What was entered since the backup is gone, and listed; the release's own record is back."""
    release = planned(quay, BACKUP, [("manual", {})])
    release.press("action_start")
    ended(release, lambda: release.items("is_mine")["2.1"]["is_mine"])
    quay.people["admin"].call("res.partner", "create", {"name": "Damage"})
    values = {
        "release_id": release.id,
        "act": "roll_back",
        "reason": "The books are damaged",
        "restore": True,
        "typed_database": "another",
    }
    executor = quay.people[EXECUTOR]
    wizard = executor.call("ipai.release.reason.wizard", "create", values)
    with pytest.raises(Exception, match="Type Its Name"):
        executor.call("ipai.release.reason.wizard", "action_confirm", [wizard])
    values["typed_database"] = quay.house.database
    wizard = executor.call("ipai.release.reason.wizard", "create", values)
    executor.call("ipai.release.reason.wizard", "action_confirm", [wizard])
    ended(release, lambda: way_back_ended(release))
    rows = release.items("outcome", "summary")
    assert release.value("state") == "rolled_back", rows
    assert {rows[code]["outcome"] for code in ("R.1", "R.2", "R.3", "R.4")} == {"passed"}, rows
    assert "partners 1 entered" in rows["R.3"]["summary"]
    names = [row["name"] for row in release.evidence("R.3", "name")]
    assert "partners.csv" in names
    with books(quay.house) as cr:
        cr.execute("SELECT count(*) FROM res_partner WHERE name = 'Damage'")
        assert cr.fetchone() == (0,)
    assert "replayed" in [event["kind"] for event in release.events()]
    release.check_journal()


def test_it_goes_on_within_ten_seconds_after_odoo_is_up(quay):
    """Odoo is killed while the host makes a backup; its scheduler would look once a minute."""
    release = planned(quay, BACKUP, [("manual", {})])
    release.press("action_start")
    until("the host to be at it", lambda: release.items("progress_step")["1.2"]["progress_step"])
    quay.house.kill()
    quay.house.start()
    started = time.monotonic()
    with books(quay.house) as cr:
        wait_for_another_claim(cr, release.id)
    assert time.monotonic() - started < 10
    ended(release, lambda: release.items("outcome")["1.2"]["outcome"] == "passed")
    assert release.items("attempt")["1.2"]["attempt"] == 1
    release.press("action_abort", "the end of the test")
    release.check_journal()


def wait_for_another_claim(cr, release):
    """Wait until a worker of a session that still lives has had the item."""
    query = (
        "SELECT max(fence) FROM ipai_release_item WHERE release_id = %s AND code IN ('1.2', '2.1')"
    )
    cr.execute(query, [release])
    before = cr.fetchone()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        cr.execute(query, [release])
        if cr.fetchone() != before:
            return
        time.sleep(0.1)
    raise AssertionError("no worker came back")
