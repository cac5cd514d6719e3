"""upgrade: -u in a process of its own, its log read, its versions compared, its way back."""

import pytest
from kit_shop import release_host

WANTED = {"modules": ["shop"], "versions": {"shop": "1.0.9"}}
ASSETS = """
INSERT INTO ir_attachment (name, url, res_model, res_id, create_uid) VALUES
    ('bundle', '/web/assets/1/a.js', 'ir.ui.view', 0, 1),
    ('bundle', '/web/assets/2/b.css', 'ir.ui.view', NULL, 1),
    ('upload', '/web/assets/mine.js', 'ir.ui.view', 0, 2),
    ('picture', NULL, 'res.partner', 1, 1)
"""


def _names(answer):
    return [step["name"] for step in answer["result"]["steps"]]


def test_upgrade_with_the_service_stopped(running):
    running.sql(ASSETS)
    running.switch_to(running.commit("1.0.9"))
    answer = running.call("upgrade", WANTED)
    assert answer["status"] == "done", answer
    result = answer["result"]
    assert result["versions"] == {"shop": "17.0.1.0.9"}
    assert result["log"] == {"errors": []}
    assert result["authenticated"] is True
    assert result["downtime"]["seconds"] > 0.3
    assert running.counts() == {"start": 1, "stop": 1, "update": 1}
    assert running.sql("SELECT name FROM ir_attachment ORDER BY id") == [("upload",), ("picture",)]
    assert _names(answer) == [
        "look",
        "probe",
        "stop",
        "clear_assets",
        "upgrade",
        "check",
        "start",
        "answer",
        "watch",
        "wake",
    ]


def test_upgrade_while_the_service_runs_has_a_shorter_downtime(running):
    running.sql(ASSETS)
    running.switch_to(running.commit("1.0.9", {"upgrade": "slow"}))
    answer = running.call("upgrade", {**WANTED, "stop": False, "clear_assets": False})
    assert answer["status"] == "done", answer
    assert _names(answer).index("stop") > _names(answer).index("check")
    assert answer["result"]["downtime"]["seconds"] > 0.3
    assert running.counts() == {"start": 1, "stop": 1, "update": 1}
    assert running.sql("SELECT count(*) FROM ir_attachment") == [(4,)]


def test_a_module_that_is_not_installed_is_refused(running):
    for name in ("absent", "unknown"):
        answer = running.call("upgrade", {"modules": [name]})
        assert answer["status"] == "refused"
        assert answer["message"] == f"Parameter 'modules': {name} is not installed in the database."
    assert running.counts() == {"start": 0, "stop": 0, "update": 0}


def test_no_module(running):
    assert running.call("upgrade", {"modules": []})["status"] == "refused"


def test_an_upgrade_that_raises_goes_back_and_says_so(running):
    running.switch_to(running.commit("1.0.9", {"upgrade": "raise"}))
    answer = running.call("upgrade", WANTED)
    assert answer["status"] == "failed"
    assert answer["message"] == (
        "Odoo's upgrade of shop ended with 255: ValueError: the upgrade is broken"
    )
    (error,) = answer["result"]["log"]["errors"]
    assert "Failed to initialize database" in error
    undone = answer["result"]["undone"]
    assert undone["code"]["after"] == running.first == running.head()
    assert undone["upgraded"] == []
    assert running.answers()
    assert running.counts()["update"] == 1
    assert running.version() == "17.0.1.0.8"
    again = running.done("rollback", {"modules": ["shop"]})
    assert again["before"] == again["after"] == running.first


def test_a_new_version_that_does_not_start_goes_back_with_its_database(running):
    running.switch_to(running.commit("1.0.9", {"start": "die"}))
    answer = running.call("upgrade", WANTED)
    assert answer["status"] == "failed"
    assert answer["result"]["undone"]["upgraded"] == ["shop"]
    assert running.head() == running.first
    assert running.version() == "17.0.1.0.8"
    assert running.answers()
    assert running.counts()["update"] == 2


def test_an_upgrade_that_does_nothing(running):
    running.switch_to(running.commit("1.0.9", {"upgrade": "silent"}))
    answer = running.call("upgrade", WANTED)
    assert answer["status"] == "failed"
    assert "shop has version 17.0.1.0.8, not 1.0.9" in answer["message"]
    assert running.head() == running.first


def test_a_module_left_in_between(running):
    running.switch_to(running.commit("1.0.9", {"upgrade": "silent", "state": "to upgrade"}))
    answer = running.call("upgrade", WANTED)
    assert answer["status"] == "failed"
    assert "shop is to upgrade" in answer["message"]
    select = "SELECT state FROM ir_module_module WHERE name = 'shop'"
    assert running.sql(select) == [("installed",)]


def test_errors_in_the_log_of_an_upgrade_that_ended_well(running):
    """It runs on the new version; people decide."""
    commit = running.commit("1.0.9", {"upgrade": "log"})
    running.switch_to(commit)
    answer = running.call("upgrade", WANTED)
    assert answer["status"] == "failed"
    assert answer["message"].startswith("Odoo logged 1 errors while it upgraded, and runs:")
    assert "The view is not valid" in answer["result"]["log"]["errors"][0]
    assert "undone" not in answer["result"]
    assert running.head() == commit
    assert running.version() == "17.0.1.0.9"


def test_changes_by_hand_stop_the_way_back_and_odoo_runs_all_the_same(running):
    running.switch_to(running.commit("1.0.9", {"upgrade": "raise"}))
    (running.repository / "addons/shop/notes.txt").write_text("by hand")
    answer = running.call("upgrade", WANTED)
    assert answer["status"] == "failed"
    assert "addons/shop/notes.txt" in answer["result"]["undone"]["failed"]
    assert running.answers()
    assert (running.repository / "addons/shop/notes.txt").read_text() == "by hand"


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        ("17.0.1.0.9", "1.0.9", True),
        ("19.0.1.0.9", "1.0.9", True),
        ("17.0.1.0.9", "17.0.1.0.9", True),
        ("17.0.11.0.9", "1.0.9", False),
        ("17.0.1.0.10", "1.0.1", False),
        ("17.0.2.1.0.9", "1.0.9", False),
        (None, "1.0.9", False),
    ],
)
def test_versions_with_and_without_the_series(found, expected, same):
    assert release_host.is_version(found, expected) is same


def test_versions_are_compared_as_numbers():
    key = release_host.version_key
    assert key("17.0.1.0.10") > key("1.0.9")
    assert key("17.0.1.0.9") == key("1.0.9")
    assert key("19.0.1.0") == key("1.0")
    assert key(None) < key("0.1")


def test_errors_of_a_log():
    log = (
        "ImportError: printed before the first entry\n"
        "2026-11-20 07:00:00,001 12 INFO shop odoo.modules.loading: fine\n"
        "2026-11-20 07:00:00,002 12 ERROR shop odoo.sql_db: bad query\nLINE 1: SELEC\n"
        "2026-11-20 07:00:00,003 12 WARNING shop odoo.addons: no error\n"
        "2026-11-20 07:00:00,004 12 INFO shop odoo.addons: caught\n"
        "Traceback (most recent call last):\nValueError: 1\n"
    )
    found = release_host.logged_errors(log.encode())
    assert [text.split(": ", 1)[1] for text in found] == [
        "bad query\nLINE 1: SELEC",
        "caught\nTraceback (most recent call last):\nValueError: 1",
    ]
