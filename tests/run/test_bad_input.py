"""Bad input: what a person reads, and that nothing is lost or half done."""

import base64
import hashlib
from dataclasses import dataclass, field

import pytest
from shop import EXECUTOR, MANAGER, manual, sql

from tools.demo.rpc import Refused

# -- refused at once -----------------------------------------------------------------------------


@dataclass
class Attempt:
    """Something a person tries.

    :param press: the act
    :param look: what must be the same before and after
    """

    press: callable
    look: callable


def runbook_without_phases(shop):
    return publishing(shop, shop.draft())


def item_without_a_check(shop):
    runbook = shop.draft([manual()])
    item = shop.people[MANAGER].search(
        "ipai.runbook.item", [("phase_id.runbook_id", "=", runbook)], []
    )[0]["id"]
    shop.people[MANAGER].call("ipai.runbook.item", "write", [item], {"mode": "automated"})
    return publishing(shop, runbook)


def publishing(shop, runbook):
    manager = shop.people[MANAGER]
    return Attempt(
        lambda: manager.call("ipai.runbook", "action_publish", [runbook]),
        lambda: manager.search("ipai.runbook", [("id", "=", runbook)], ["state", "write_date"]),
    )


def unknown_parameter(shop):
    params = {"sql": "SELECT 1 AS one", "expct_rows": 1}
    return Attempt(
        lambda: shop.check("sql", params),
        lambda: shop.people[MANAGER].search("ipai.release.check", [], ["name"]),
    )


def started_twice(shop):
    release = shop.release([sql()])
    release.press("action_start")
    release.settled()
    return pressing(release, EXECUTOR)


def started_by_a_viewer(shop):
    return pressing(shop.release([sql()]), "vera")


def started_without_any_role(shop):
    return pressing(shop.release([sql()]), "adam")


def checks_run_by_a_tester(shop):
    release = shop.release([manual(), sql()])
    release.press("action_start")
    return pressing(release, "tess", "action_run_checks")


def state_written_past_the_buttons(shop):
    release = shop.release([sql()])
    return Attempt(lambda: release.change(state="done"), lambda: everything(release))


def pressing(release, who, button="action_start"):
    return Attempt(lambda: release.press(button, who=who), lambda: everything(release))


def everything(release):
    return release.value("state"), release.outcomes(), release.events()


REFUSED = {
    runbook_without_phases: ["cannot be published", "no phase of the stage Execution", "add one"],
    item_without_a_check: ["Item 1.1", "automated, but has no check", "choose one"],
    unknown_parameter: ["Parameter 'expct_rows'", "Did you mean 'expect_rows'?", "Known are:"],
    started_twice: ["was started already, by Dana Okafor"],
    started_by_a_viewer: ["Only release executors", "Ask an administrator for the role Executor"],
    started_without_any_role: ["Only release executors", "Ask an administrator"],
    checks_run_by_a_tester: ["Only release executors", "Ask an administrator"],
    state_written_past_the_buttons: ["State", "Use the buttons of the form"],
}


@pytest.mark.parametrize("attempt", REFUSED, ids=lambda attempt: attempt.__name__)
def test_refused(shop, attempt):
    tried = attempt(shop)
    before = tried.look()
    with pytest.raises(Refused) as refusal:
        tried.press()
    for words in REFUSED[attempt]:
        assert words in str(refusal.value)
    assert tried.look() == before


# -- found out when the check runs ---------------------------------------------------------------


@dataclass
class Broken:
    """A check that cannot say anything about the shop."""

    check: tuple
    outcome: str
    words: list
    target: dict = field(default_factory=dict)


#: PostgreSQL lets a query write in a WITH; the snapshot does not.
HIDDEN = "WITH gone AS (DELETE FROM res_partner RETURNING id) SELECT count(*) = 0 AS ok FROM gone"
SLOW = "SELECT count(*) > 0 AS ok FROM generate_series(1, 1000000000)"
BROKEN = {
    "sql_that_writes": Broken(
        sql("DELETE FROM res_partner"), "error", ["is not a SELECT", "a check never changes data"]
    ),
    "sql_that_hides_a_write": Broken(sql(HIDDEN), "error", ["PostgreSQL refused", "only reads"]),
    "sql_that_times_out": Broken(
        sql(SLOW),
        "inconclusive",
        ["longer than the time limit", "faster"],
        {"statement_timeout": 1},
    ),
    "sql_on_a_missing_table": Broken(
        sql("SELECT true AS ok FROM no_such_table"),
        "error",
        ["A table is missing", '"no_such_table"', "Check the spelling"],
    ),
    "log_file_not_there": Broken(
        ("log", {}),
        "error",
        ["no-such-odoo.log does not exist", "the target's log file"],
        {"log_path": "/var/log/no-such-odoo.log"},
    ),
    "target_without_an_address": Broken(
        ("http", {}),
        "error",
        ["no usable address", "Set the target's address"],
        {"base_url": False},
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_settled_with_a_reason(shop, name):
    broken = BROKEN[name]
    partners = shop.people["admin"].call("res.partner", "search_count", [])
    release = shop.release([broken.check, sql()], gate="abort", **broken.target)
    release.press("action_start")
    # The other check of the phase runs, and the release waits for a person: nothing was measured.
    assert release.settled() == {"1.1": broken.outcome, "1.2": "passed"}
    assert release.value("state") == "running"
    item = release.items("summary", "hint")["1.1"]
    for words in broken.words:
        assert words in f"{item['summary']} {item['hint']}"
    assert shop.people["admin"].call("res.partner", "search_count", []) == partners
    release.check_journal()
    # It can be tried again, and what the first attempt found is kept.
    release.press("action_retry_failed")
    assert release.settled()["1.1"] == broken.outcome
    assert release.items("attempt")["1.1"]["attempt"] == 2
    release.check_journal()


# -- evidence ------------------------------------------------------------------------------------

BINARY = bytes(range(256)) * 3


def test_a_binary_file_as_evidence_is_kept_byte_by_byte(shop):
    release, item = release_with_a_manual_item(shop)
    add_evidence(shop, item, file=base64.b64encode(BINARY).decode(), file_name="shop.dump")
    [kept] = release.evidence("1.1", "name", "size", "sha256", "attachment_id")
    assert (kept["name"], kept["size"]) == ("shop.dump", len(BINARY))
    assert kept["sha256"] == hashlib.sha256(BINARY).hexdigest()
    link = f"/web/content/{kept['attachment_id'][0]}?download=true"
    assert shop.people[EXECUTOR].download(link) == BINARY
    release.do("1.1")
    release.check_journal()


def test_an_empty_file_and_no_evidence_at_all_are_refused(shop):
    release, item = release_with_a_manual_item(shop)
    before = everything(release)
    with pytest.raises(Refused, match="Paste output or choose a file"):
        add_evidence(shop, item)
    assert everything(release) == before


def release_with_a_manual_item(shop):
    release = shop.release([manual()])
    release.press("action_start")
    return release, release.items()["1.1"]["id"]


def add_evidence(shop, item, **values):
    person = shop.people[EXECUTOR]
    values["item_id"] = item
    wizard = person.call("ipai.release.evidence.wizard", "create", values)
    person.call("ipai.release.evidence.wizard", "action_confirm", [wizard])
