"""Large sets are compared by ranges of ids: what that shows, and what it cannot show."""

import pytest
import release_checks as checks
from release_checks import rowset
from release_checks.base import Measurement

GROWING = {"direction": "increase", "allowed_difference": "any"}


@pytest.fixture
def verdict(monkeypatch):
    """Compare two sets of ``{id: amount}`` that are too large to be kept row by row."""
    monkeypatch.setattr(rowset, "ROWS_KEPT", 10)

    def judge(before, after, **params):
        params = {"sql": "SELECT", "compare_to": "0.3", **params}
        return checks.judge(checks.get("baseline"), params, _measured(after), _measured(before))

    return judge


def _measured(amounts):
    found = rowset.RowSet()
    found.add(("id", "amount"), [{"id": key, "amount": amounts[key]} for key in amounts])
    return Measurement(data={"records": found.to_data()})


BEFORE = dict.fromkeys(range(900, 1100), 5)


def test_equal_sets_pass(verdict):
    assert verdict(BEFORE, dict(reversed(BEFORE.items())), **GROWING).outcome == "passed"


def test_a_range_of_new_records_alone_is_growth(verdict):
    found = verdict(BEFORE, BEFORE | dict.fromkeys(range(5000, 5003), 1), **GROWING)
    assert found.outcome == "passed"
    assert "1 new" in found.summary


def test_a_lost_record_fails(verdict):
    found = verdict(BEFORE, {key: 5 for key in BEFORE if key != 950}, **GROWING)
    assert found.outcome == "failed"
    assert found.records == ("ids 0 to 999: 100 records before, 99 after, contents differ",)


def test_a_changed_record_fails(verdict):
    assert verdict(BEFORE, BEFORE | {950: 6}, **GROWING).outcome == "failed"


def test_growth_within_a_range_hides_what_else_changed(verdict):
    found = verdict(BEFORE, BEFORE | {1100: 1}, **GROWING)
    assert found.outcome == "inconclusive"
    assert "200 records before, 201 after" in found.summary
    assert "ids 1000 to 1999: 100 records before, 101 after" in found.hint


def test_a_loss_elsewhere_fails_in_spite_of_the_growth(verdict):
    after = {key: 5 for key in BEFORE if key != 950} | {1100: 1}
    assert verdict(BEFORE, after, **GROWING).outcome == "failed"


def test_without_an_allowance_growth_fails(verdict):
    assert verdict(BEFORE, BEFORE | {1100: 1}).outcome == "failed"
