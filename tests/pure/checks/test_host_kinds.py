"""Kinds that act on the host: what is asked for, how the answer is judged, what is kept."""

import json
from types import SimpleNamespace

import pytest
import release_checks as checks
from release_checks.base import CheckError, Measurement
from release_checks.context import Plan
from surroundings import Surroundings

COMMIT = "a" * 40
PLAN = Plan(
    reference="REL/2026/0001",
    branch="main",
    commit=COMMIT,
    files=("ware/models.py",),
    versions={"ware": "1.0.9"},
)
STEPS = [
    {"name": "stop", "start": "2026-11-30T18:00:00Z", "end": "2026-11-30T18:00:02Z", "ok": True},
    {
        "name": "upgrade",
        "start": "2026-11-30T18:00:02Z",
        "end": "2026-11-30T18:00:32Z",
        "ok": False,
        "note": "column x does not exist",
    },
]
BACKUP = {
    "backup": "20261130T180000Z-0a1b2c3d",
    "folder": "/srv/backups/20261130T180000Z-0a1b2c3d",
    "files": [
        {"name": "database.dump", "size": 388_000_000, "sha256": "d" * 64},
        {"name": "filestore.tar", "size": 820_000_000, "sha256": "f" * 64},
        {"name": "odoo.conf", "size": 0, "sha256": "c" * 64},
    ],
    "database": {"name": "shop", "size": 1_412_000_000},
    "seconds": 61.2,
    "steps": [{"name": "publish", "ok": True, "note": f"manifest {'e' * 64}"}],
}
VERIFIED = {
    "backup": BACKUP["backup"],
    "archive": {"bytes": 388_000_000},
    "restored": {"database": "shop_verify", "seconds": 12.5},
    "fingerprint": {"equal": True, "differences": []},
    "registry": {"ok": True, "seconds": 3.1},
    "filestore": {"files": 120, "missing": [], "wrong": []},
}
FETCHED = {
    "branch": "main",
    "before": "b" * 40,
    "after": COMMIT,
    "commits": [{"id": COMMIT, "author": "Wilma", "date": "2026-11-29", "subject": "Harden"}],
    "files": [{"status": "M", "path": "ware/models.py", "added": 3, "deleted": 1}],
    "diffstat": "1 file changed, 3 insertions(+), 1 deletion(-)",
    "signed": None,
}
SINCE = {
    "counts": {"payments": {"entered": 2, "changed": 1, "deleted": 0}, "partners": {"entered": 0}},
    "files": [{"name": "payments.csv", "content": "what,id\nentered,7\n"}],
}


class Host:
    """A host that gives one answer and remembers what it was asked for."""

    def __init__(self, status="done", result=None, message="", hint="", progress=None):
        self.asked = []
        self.answer = SimpleNamespace(
            status=status, result=result, message=message, hint=hint, progress=progress
        )

    def call(self, verb, params):
        self.asked.append((verb, params))
        return self.answer


class Place(Surroundings):
    def __init__(self, host=None, minutes=0.0, plan=PLAN, **options):
        super().__init__(**options)
        self.plan = plan
        self._host = host
        self._minutes = minutes

    def host(self):
        return self._host or super().host()

    def minutes_running(self):
        return self._minutes


def answered(result, status="done", message=""):
    """The measurement of an earlier item that asked the host."""
    answer = {"status": status, "message": message, "hint": "", "result": result}
    return Measurement(data={"answer": answer})


def run(kind, params, host, **options):
    return checks.run(checks.get(kind), Place(host, **options), params)


#: Kind, parameters, and what the host is asked for.
ASKED = [
    ("backup", {}, "backup", {"label": "REL/2026/0001"}),
    ("backup", {"label": "before"}, "backup", {"label": "before"}),
    ("verify_backup", {"of": "1.1"}, "verify_backup", {"backup": BACKUP["backup"]}),
    ("restore", {"of": "1.1"}, "restore", {"backup": BACKUP["backup"]}),
    (
        "code_fetch",
        {},
        "code_fetch",
        {"branch": "main", "commit": COMMIT, "files": ["ware/models.py"]},
    ),
    ("code_switch", {}, "code_switch", {"branch": "main", "commit": COMMIT}),
    (
        "upgrade",
        {"stop": False},
        "upgrade",
        {"modules": ["ware"], "versions": {"ware": "1.0.9"}, "stop": False, "clear_assets": True},
    ),
    ("restart", {}, "restart", {}),
    ("rollback", {}, "rollback", {"modules": ["ware"], "commit": None}),
    (
        "log_signatures",
        {"days": 3},
        "logs",
        {
            "start": "2025-11-30T18:00:00Z",
            "end": "2025-11-30T19:00:00Z",
            "days": 3,
            "levels": ["ERROR", "CRITICAL"],
        },
    ),
    ("host_health", {}, "health", {}),
    ("host_disk", {}, "disk", {}),
    ("host_ready", {}, "hello", {}),
    ("asset_cache_clear", {}, "asset_cache_clear", {}),
    ("maintenance_page", {"on": True}, "maintenance_page", {"on": True}),
    ("host_command", {"name": "purge_cdn"}, "command", {"name": "purge_cdn"}),
]


@pytest.mark.parametrize(("kind", "params", "verb", "sent"), ASKED)
def test_the_arguments_come_from_the_release(kind, params, verb, sent):
    host = Host("refused", message="not now")
    baselines = {"1.1": answered(BACKUP)}
    measurement, verdict = run(kind, params, host, baselines=baselines)
    assert host.asked == [(verb, sent)]
    assert verdict.outcome == "error"
    assert verdict.summary == "The host refused: not now"
    assert measurement.values == {}


@pytest.mark.parametrize("kind", [row[0] for row in ASKED])
def test_a_verb_that_did_not_do_its_work_passes_nowhere(kind):
    params = next(row[1] for row in ASKED if row[0] == kind)
    baselines = {"1.1": answered(BACKUP)}
    for status, outcome in (("failed", "failed"), ("refused", "error"), ("error", "error")):
        host = Host(status, {"steps": STEPS}, "The disk is full.", "Free space.")
        _measurement, verdict = run(kind, params, host, baselines=baselines)
        assert (verdict.outcome, verdict.hint) == (outcome, "Free space.")
        assert "The disk is full." in verdict.summary
    assert checks.get(kind).needs_host


def test_a_failed_verb_names_its_steps_and_what_was_undone():
    result = {"steps": STEPS, "undone": {"running": True}, "log": {"errors": ["ERROR x"]}}
    measurement, verdict = run("upgrade", {}, Host("failed", result, "The upgrade raised."))
    assert verdict.summary == (
        "The upgrade raised. The host went back to what was there before, and Odoo runs again."
    )
    assert verdict.records == ("upgrade: column x does not exist", "ERROR x")
    assert checks.get("upgrade").steps(measurement) == STEPS
    failed = {"undone": {"failed": "no way back"}}
    _measurement, verdict = run("upgrade", {}, Host("failed", failed, "The upgrade raised."))
    assert "no way back" in verdict.summary


def test_a_host_that_is_at_it_is_asked_again():
    host = Host("running", progress={"step": "dump", "done": 12, "total": 456, "unit": "bytes"})
    with pytest.raises(checks.NotYet) as later:
        run("backup", {}, host)
    assert later.value.progress == host.answer.progress


def test_a_host_that_takes_for_ever_is_an_error():
    host = Host("running", progress={"step": "dump"})
    _measurement, verdict = run("backup", {"max_minutes": 5}, host, minutes=5.1)
    assert verdict.outcome == "error"
    assert "for more than 5 minutes, now at dump, and goes on" in verdict.summary
    with pytest.raises(checks.NotYet):
        run("backup", {"max_minutes": 5}, host, minutes=4.9)


def test_without_a_host_nothing_is_measured():
    measurement, verdict = run("restart", {}, None)
    assert (measurement, verdict.outcome) == (None, "error")
    assert "no host" in verdict.summary


def test_a_plan_without_code_or_modules_is_an_error_and_asks_nobody():
    for kind in ("code_fetch", "code_switch", "upgrade"):
        host = Host("done", {})
        _measurement, verdict = run(kind, {}, host, plan=Plan("REL/1"))
        assert (verdict.outcome, host.asked) == ("error", [])


def test_what_an_earlier_item_did_not_bring_is_inconclusive():
    for kind, params in (
        ("verify_backup", {"of": "1.1"}),
        ("restore", {"of": "1.1"}),
        ("backup_file", {"of": "1.1", "file": "code.tar"}),
        ("host_step", {"of": "1.1", "step": "stop"}),
        ("code_files", {"of": "1.1"}),
    ):
        for baselines in ({}, {"1.1": Measurement(values={"size": 3})}):
            host = Host("done", {})
            _measurement, verdict = run(kind, params, host, baselines=baselines)
            assert (verdict.outcome, host.asked) == ("inconclusive", []), kind


# -- each kind's own judgement -------------------------------------------------------------------


def test_a_backup_is_measured_with_units():
    measurement, verdict = run("backup", {}, Host("done", BACKUP))
    assert verdict.outcome == "passed"
    assert measurement.values == {
        "backup": BACKUP["backup"],
        "path": "/srv/backups/20261130T180000Z-0a1b2c3d/database.dump",
        "size": 1412.0,
        "compressed_size": 388.0,
        "sha256": "d" * 64,
        "status": "created",
        "seconds": 61.2,
    }
    assert checks.get("backup").units["size"] == "MB"
    [(name, content)] = checks.get("backup").files(measurement)
    assert (name, json.loads(content)) == ("backup-result.json", BACKUP)
    kept = Measurement.from_json(measurement.to_json())
    assert checks.judge(checks.get("backup"), {}, kept) == verdict


@pytest.mark.parametrize(
    "files",
    [
        [],
        [{"name": "database.dump", "size": 0, "sha256": "d" * 64}],
        [{"name": "database.dump", "size": 5, "sha256": ""}],
        [{"name": "filestore.tar", "size": 5, "sha256": "d" * 64}],
    ],
)
def test_a_backup_without_a_dump_fails(files):
    _measurement, verdict = run("backup", {}, Host("done", {**BACKUP, "files": files}))
    assert verdict.outcome == "failed"


def test_one_file_of_a_backup_is_shown():
    baselines = {"1.1": answered(BACKUP)}

    def shown(file):
        return run("backup_file", {"of": "1.1", "file": file}, None, baselines=baselines)

    measurement, verdict = shown("filestore.*")
    assert (verdict.outcome, measurement.values["size"]) == ("passed", 820.0)
    measurement, verdict = shown("manifest.json")
    assert (verdict.outcome, measurement.values["sha256"]) == ("passed", "e" * 64)
    assert shown("code.tar")[1].outcome == "failed"
    assert shown("odoo.conf")[1].outcome == "failed"


@pytest.mark.parametrize(
    ("wrong", "record"),
    [
        ({"fingerprint": {"equal": False, "differences": [["debit", 1]]}}, "figures differ"),
        ({"fingerprint": {"equal": False, "differences": []}}, "figures differ"),
        ({"registry": {"ok": False, "seconds": 1}}, "Odoo does not load"),
        ({"filestore": {"files": 2, "missing": ["ab/abc"], "wrong": []}}, "missing: ab/abc"),
        ({"filestore": {"files": 2, "missing": [], "wrong": ["ab/abc"]}}, "wrong: ab/abc"),
        ({"fingerprint": {}}, ""),
        ({"registry": {}}, ""),
        ({"filestore": {}}, ""),
    ],
)
def test_a_backup_that_is_not_the_database_fails(wrong, record):
    baselines = {"1.1": answered(BACKUP)}
    good, bad = VERIFIED, {**VERIFIED, **wrong}
    for result, outcome in ((good, "passed"), (bad, "failed")):
        host = Host("done", result)
        _measurement, verdict = run("verify_backup", {"of": "1.1"}, host, baselines=baselines)
        assert verdict.outcome == outcome
    assert record in "\n".join(verdict.records)


def test_fetching_tells_commits_and_files():
    measurement, verdict = run("code_fetch", {}, Host("done", FETCHED))
    assert verdict.summary == "main: bbbbbbbbbb → aaaaaaaaaa, 1 commit, 1 file changed."
    assert "Wilma: Harden" in measurement.output
    assert measurement.values["head_before"] == "b" * 40
    _measurement, verdict = run("code_fetch", {}, Host("done", {**FETCHED, "before": COMMIT}))
    assert verdict.outcome == "inconclusive"


@pytest.mark.parametrize(
    ("planned", "outcome", "record"),
    [
        (("ware/models.py",), "passed", None),
        (("ware/models.py", "ware/views.xml"), "failed", "did not change: ware/views.xml"),
        ((), "failed", "not expected: ware/models.py"),
        (None, "inconclusive", None),
    ],
)
def test_files_are_compared_with_the_plan(planned, outcome, record):
    plan = Plan("REL/1", "main", COMMIT, planned, {"ware": "1.0.9"})
    baselines = {"2.1": answered(FETCHED)}
    _measurement, verdict = run("code_files", {"of": "2.1"}, None, baselines=baselines, plan=plan)
    assert verdict.outcome == outcome
    if record:
        assert verdict.records == (record,)


def test_an_upgrade_tells_versions_and_downtime():
    result = {
        "steps": STEPS[:1],
        "downtime": {"seconds": 3.456},
        "log": {"errors": []},
        "versions": {"ware": "19.0.1.0.9"},
    }
    measurement, verdict = run("upgrade", {}, Host("done", result))
    assert verdict.summary == "Upgraded ware 19.0.1.0.9. Downtime 3.5 s."
    assert measurement.values["downtime"] == 3.46
    assert "18:00:00 - 18:00:02 stop: ok" in measurement.output
    _measurement, verdict = run("upgrade", {}, Host("done", {**result, "log": {"errors": ["x"]}}))
    assert (verdict.outcome, verdict.records) == ("failed", ("x",))


def test_a_restart_after_which_nobody_can_log_in_fails():
    for login, outcome in ((True, "passed"), (None, "passed"), (False, "failed")):
        _measurement, verdict = run("restart", {}, Host("done", {"authenticated": login}))
        assert verdict.outcome == outcome


def test_a_rollback_says_where_the_code_is():
    result = {"before": COMMIT, "after": "b" * 40, "versions": {}, "downtime": {"seconds": None}}
    _measurement, verdict = run("rollback", {}, Host("done", result))
    assert verdict.summary == "The code went from aaaaaaaaaa back to bbbbbbbbbb."
    nothing = {"reason": "no_switch"}
    _measurement, verdict = run("rollback", {}, Host("refused", nothing, message="None."))
    assert verdict.outcome == "passed"
    _measurement, verdict = run("rollback", {}, Host("refused", message="The tree is not clean."))
    assert verdict.outcome == "error"


def test_a_restore_keeps_the_lists_of_what_is_lost():
    baselines = {"1.1": answered(BACKUP)}
    host = Host("done", {"kept_database": "shop_kept", "since": SINCE, "downtime": {"seconds": 9}})
    measurement, verdict = run("restore", {"of": "1.1"}, host, baselines=baselines)
    assert verdict.summary == (
        "The backup is live; the database of before is kept as shop_kept. "
        "Since the backup: payments 2 entered, 1 changed. Downtime 9.0 s."
    )
    assert measurement.values["kept"] == "shop_kept"
    files = dict(checks.get("restore").files(measurement))
    assert files["payments.csv"] == b"what,id\nentered,7\n"
    assert checks.get("restore").needs_decision


LOGS = {
    "counts": {"ERROR": 2},
    "new": [],
    "gone": [],
    "more": [],
    "entries_read": 900,
    "covered": True,
    "unreadable": [],
}
SIGNATURE = {
    "level": "ERROR",
    "logger": "odoo.http",
    "message": "Broken",
    "where": "addons/ware/models.py:7",
    "count": 2,
    "before": 0,
    "example": 'File "/srv/addons/ware/models.py", line 7',
}


@pytest.mark.parametrize(
    ("change", "params", "outcome"),
    [
        ({}, {}, "passed"),
        ({"new": [SIGNATURE]}, {}, "failed"),
        ({"new": [SIGNATURE], "covered": False}, {}, "failed"),
        ({"more": [SIGNATURE]}, {}, "warned"),
        ({"gone": [SIGNATURE]}, {}, "passed"),
        ({"new": [SIGNATURE]}, {"module": "ware"}, "failed"),
        ({"new": [SIGNATURE]}, {"module": "sale"}, "passed"),
        ({"covered": False}, {}, "inconclusive"),
        ({"entries_read": 0}, {}, "inconclusive"),
        ({"unreadable": ["odoo.log.2.gz"]}, {}, "inconclusive"),
    ],
)
def test_new_errors_fail_and_what_was_not_read_proves_nothing(change, params, outcome):
    _measurement, verdict = run("log_signatures", params, Host("done", {**LOGS, **change}))
    assert verdict.outcome == outcome
    if outcome in ("failed", "warned"):
        assert "Broken at addons/ware/models.py:7" in verdict.records[0]


def test_health_needs_all_that_was_tried():
    up = {"service": {"state": "active"}, "login_page": {"status": 200, "seconds": 0.1}, "up": True}
    for change, params, outcome in (
        ({"authenticated": True}, {}, "passed"),
        ({"authenticated": None}, {}, "passed"),
        ({"authenticated": None}, {"login": True}, "failed"),
        ({"up": False}, {}, "failed"),
    ):
        _measurement, verdict = run("host_health", params, Host("done", {**up, **change}))
        assert verdict.outcome == outcome


def test_every_file_system_that_is_needed_has_room():
    rows = [
        {"purpose": "backup", "path": "/srv/backups", "free": 20 * 10**9, "total": 10**11},
        {"purpose": "state", "path": "/var/lib", "free": 1, "total": 10**11},
    ]
    for params, outcome in (
        ({"min_free_gb": 20}, "passed"),
        ({"min_free_gb": 20.1}, "failed"),
        ({"min_free_gb": 1, "purposes": ["state"]}, "failed"),
        ({"min_free_gb": 1, "purposes": ["code"]}, "inconclusive"),
    ):
        _measurement, verdict = run("host_disk", params, Host("done", {"paths": rows}))
        assert verdict.outcome == outcome


def test_what_is_missing_on_the_host_is_named_with_its_remedy():
    rows = [
        {"name": "pg_dump", "ok": True, "found": "16.4", "remedy": ""},
        {"name": "repository", "ok": False, "found": "2 changed files", "remedy": "Commit them."},
    ]
    host = Host("done", {"capabilities": rows})
    measurement, verdict = run("host_ready", {}, host)
    assert verdict.records == ("repository: 2 changed files Commit them.",)
    assert measurement.values["branch"] == "main"
    assert run("host_ready", {"capabilities": ["pg_dump"]}, host)[1].outcome == "passed"
    assert run("host_ready", {"capabilities": ["gpg"]}, host)[1].outcome == "inconclusive"
    assert run("host_ready", {}, Host("done", {"capabilities": []}))[1].outcome == "inconclusive"


def test_a_step_is_a_line_of_its_own():
    def shown(step, status="done", **params):
        baselines = {"3.0": answered({"steps": STEPS}, status)}
        return run("host_step", {"of": "3.0", "step": step, **params}, None, baselines=baselines)

    measurement, verdict = shown("stop")
    assert verdict.summary == "stop: done, 2.0 s."
    assert measurement.values["start"] == "2026-11-30T18:00:00Z"
    assert shown("upgrade")[1].summary == "upgrade: column x does not exist, 30.0 s."
    assert shown("upgrade")[1].outcome == "failed"
    assert shown("answer")[1].outcome == "inconclusive"
    assert shown("answer", optional=True)[1].outcome == "passed"
    assert shown("answer", "failed", optional=True)[1].outcome == "inconclusive"


def test_a_start_that_worked_the_second_time_worked():
    again = {**STEPS[0], "name": "upgrade_again", "ok": True}
    baselines = {"3.0": answered({"steps": [*STEPS, again]})}
    _measurement, verdict = run(
        "host_step", {"of": "3.0", "step": "upgrade"}, None, baselines=baselines
    )
    assert verdict.outcome == "passed"


def test_parameters_are_named_when_they_are_wrong():
    for kind, params, name in (
        ("verify_backup", {}, "'of'"),
        ("host_command", {"name": "; rm"}, "name"),
        ("backup", {"max_minutes": 0}, "max_minutes"),
        ("maintenance_page", {"on": "yes"}, "on"),
        ("host_step", {"of": "3.0", "step": "stop", "extra": 1}, "extra"),
    ):
        with pytest.raises(CheckError, match=name):
            checks.parameters.validate(checks.get(kind), params)
