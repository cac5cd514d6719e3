"""The kinds ``sql`` and ``baseline`` on a real database."""

import pytest
import release_checks as checks
from release_checks import rowset
from release_checks.base import CheckError, Measurement
from release_checks.snapshot import Snapshot
from surroundings import Surroundings

PAID = (
    "SELECT count(*) AS paid_payments, max(amount) AS largest FROM account_payment"
    " WHERE state = %(state)s"
)
EACH = "SELECT id, name AS label, amount, state FROM account_payment"


@pytest.fixture
def run(payments, database):
    opened = []

    def run(kind, params, **arguments):
        # A new snapshot each time: what was committed in between is seen.
        snapshot = Snapshot({"dbname": database}, statement_timeout_ms=3_000)
        opened.append(snapshot)
        context = Surroundings(snapshot=snapshot, **arguments)
        return checks.run(checks.get(kind), context, params)

    yield run
    for snapshot in opened:
        snapshot.close()


def _query(run, sql, **params):
    return run("sql", {"sql": sql, **params})


def test_expectations_hold_with_figures_in_the_summary(run):
    measurement, verdict = _query(
        run,
        PAID,
        params={"state": "paid"},
        expect=[
            {"column": "paid_payments", "op": ">=", "value": {"threshold": "min_posted_payments"}},
            {"column": "largest", "op": "==", "value": 100.1},
        ],
    )
    assert verdict.outcome == "passed"
    assert verdict.summary == "100 paid payments, expected >= 100; 100.1 largest, expected 100.1."
    assert measurement.values == {"paid_payments": 100, "largest": 100.1, "row_count": 1}
    assert measurement.output.splitlines()[-1] == "(1 row)"


def test_a_miss_fails_and_may_only_warn(run):
    expected = {"column": "paid_payments", "op": ">", "value": 100}
    _m, verdict = _query(run, PAID, params={"state": "paid"}, expect=[expected])
    assert (verdict.outcome, verdict.summary) == ("failed", "100 paid payments, expected > 100.")
    assert verdict.hint
    expected["on_failure"] = "warn"
    _m, verdict = _query(run, PAID, params={"state": "paid"}, expect=[expected])
    assert verdict.outcome == "warned"


def test_offending_rows_are_named_and_counted(run):
    sql = "SELECT name, amount FROM account_payment WHERE state = 'draft' ORDER BY id"
    _m, verdict = _query(run, sql, expect_rows=0, max_records=2)
    assert verdict.outcome == "failed"
    assert verdict.summary == "20 rows, expected 0."
    assert verdict.records == ("PAY/101 (amount 101.1)", "PAY/102 (amount 102.1)", "… and 18 more")


def test_more_offending_rows_than_are_kept_are_counted(run):
    sql = "SELECT n AS id FROM generate_series(1, 2500) n"
    measurement, verdict = _query(run, sql, expect_rows=0, max_records=1)
    assert verdict.records == ("id 1", "… and 2499 more")
    assert (len(measurement.rows), measurement.values["row_count"]) == (1000, 2500)


def test_no_offending_row_passes(run):
    _m, verdict = _query(run, "SELECT name FROM account_payment WHERE id < 0", expect_rows=0)
    assert (verdict.outcome, verdict.summary) == ("passed", "0 rows, expected 0.")


def test_too_few_rows_fail_and_name_none(run):
    _m, verdict = _query(
        run,
        "SELECT name FROM account_payment WHERE state = 'draft'",
        expect_rows={"op": ">=", "value": 21},
    )
    assert (verdict.outcome, verdict.summary, verdict.records) == (
        "failed",
        "20 rows, expected >= 21.",
        (),
    )


def test_every_row_is_held_to_an_expectation_and_the_bad_ones_are_named(run):
    expected = [{"column": "state", "op": "in", "value": ["paid"]}]
    sql = "SELECT name, state FROM account_payment WHERE id IN (1, 101) ORDER BY id"
    _m, verdict = _query(run, sql, expect=expected)
    assert verdict.outcome == "failed"
    assert verdict.records == ("PAY/101 (state draft)",)
    assert verdict.summary == "1 row of 2: state draft, expected in paid."


def test_columns_are_compared_with_each_other(run):
    expected = [{"column": "a", "op": "==", "other_column": "b"}]
    _m, verdict = _query(run, "SELECT 3 AS a, 3 AS b", expect=expected)
    assert (verdict.outcome, verdict.summary) == ("passed", "3 a, expected == b (3).")
    _m, verdict = _query(run, "SELECT 3 AS a, 4 AS b", expect=expected)
    assert (verdict.outcome, verdict.summary) == ("failed", "3 a, expected == b (4).")


@pytest.mark.parametrize(
    ("sql", "outcome", "says"),
    [
        ("SELECT id AS n FROM account_payment WHERE id < 0", "inconclusive", "no row"),
        ("SELECT sum(id) AS n FROM account_payment WHERE id < 0", "inconclusive", "NULL"),
        ("SELECT n FROM generate_series(1, 1500) n", "inconclusive", "1500 rows"),
        ("SELECT 1 AS other", "error", "no column 'n'; it has other"),
        ("SELECT 'x' AS n", "error", "cannot be compared"),
        ("SELECT n FROM missing_table", "error", "A table is missing"),
        ("DELETE FROM account_payment", "error", "not a SELECT"),
        ("SELECT 1 AS n FROM generate_series(1, 1000000000)", "inconclusive", "time limit"),
    ],
)
def test_what_was_not_measured_never_passes(run, sql, outcome, says):
    _m, verdict = _query(run, sql, expect=[{"column": "n", "op": ">=", "value": 0}])
    assert verdict.outcome == outcome, verdict
    assert says in verdict.summary
    assert verdict.hint


def test_the_statement_of_the_series_is_run(run):
    sql = {"17": "SELECT 17 AS series", "default": "SELECT 19 AS series"}
    for series in (17, 19):
        measurement, _verdict = run("sql", {"sql": sql, "expect_rows": 1}, series=series)
        assert measurement.values["series"] == series


def _baseline(run, before=None, **params):
    compared = {"baselines": {"5.0": before}} if before else {}
    if before:
        params["compare_to"] = "5.0"
    return run("baseline", {"sql": EACH, **params}, **compared)


def test_a_baseline_is_recorded(run):
    measurement, verdict = _baseline(run)
    assert verdict.outcome == "passed"
    assert verdict.summary == "Recorded 120 records, sum amount 7272."
    assert Measurement.from_json(measurement.to_json()) == measurement


def test_the_same_records_in_any_order_are_equal(run):
    before, _verdict = _baseline(run)
    _m, verdict = _baseline(run, before, sql=EACH + " ORDER BY id DESC")
    assert (verdict.outcome, verdict.summary) == (
        "passed",
        "120 records before, 120 after, none changed.",
    )


def test_records_are_named_even_when_counts_are_equal(run, payments):
    before, _verdict = _baseline(run)
    payments("DELETE FROM account_payment WHERE id = 7")
    payments("UPDATE account_payment SET amount = amount + 0.01 WHERE id = 9")
    payments("UPDATE account_payment SET state = NULL WHERE id = 10")
    payments("INSERT INTO account_payment (id, name, amount) VALUES (500, 'PAY/500', 1)")
    _m, verdict = _baseline(run, before)
    assert verdict.outcome == "failed"
    assert verdict.summary == "120 records before, 120 after: 1 missing, 2 changed, 1 new."
    assert verdict.records == (
        "id 7 (PAY/7): missing",
        "id 9 (PAY/9): amount 9.1 → 9.11",
        "id 10 (PAY/10): state paid → NULL",
        "id 500 (PAY/500): new",
    )


def test_a_mismatch_that_is_not_critical_warns(run, payments):
    before, _verdict = _baseline(run)
    payments("DELETE FROM account_payment WHERE id = 7")
    assert _baseline(run, before, critical=False)[1].outcome == "warned"


@pytest.mark.parametrize(
    ("allowed", "direction", "outcome"),
    [
        (0, "any", "failed"),
        (2, "any", "passed"),
        (1, "any", "failed"),
        (2, "increase", "passed"),
        (2, "decrease", "failed"),
        ("any", "increase", "passed"),
        ("any", "decrease", "failed"),
    ],
)
def test_a_difference_may_be_allowed_in_one_direction(run, payments, allowed, direction, outcome):
    before, _verdict = _baseline(run)
    payments("INSERT INTO account_payment (id, name) VALUES (501, 'a'), (502, 'b')")
    _m, verdict = _baseline(run, before, allowed_difference=allowed, direction=direction)
    assert verdict.outcome == outcome
    if outcome == "passed":
        words = "any increase allowed" if allowed == "any" else "allowed difference 2"
        assert "2 new" in verdict.summary and words in verdict.summary


def test_a_changed_record_is_never_an_allowed_difference(run, payments):
    before, _verdict = _baseline(run)
    payments("UPDATE account_payment SET amount = 0 WHERE id = 1")
    assert _baseline(run, before, allowed_difference=99)[1].outcome == "failed"


def test_a_large_set_still_finds_the_range(run, payments, monkeypatch):
    monkeypatch.setattr(rowset, "ROWS_KEPT", 50)
    before, verdict = _baseline(run)
    assert verdict.outcome == "passed"
    assert "rows" not in before.data["records"]
    assert _baseline(run, before, sql=EACH + " ORDER BY id DESC")[1].outcome == "passed"
    payments("UPDATE account_payment SET amount = amount + 0.01 WHERE id = 9")
    payments("INSERT INTO account_payment (id, name) VALUES (5001, 'x')")
    _m, verdict = _baseline(run, before)
    assert verdict.records == (
        "ids 0 to 999: 120 records before, 120 after, contents differ",
        "ids 5000 to 5999: 0 records before, 1 after, contents differ",
    )


def test_a_set_that_grew_over_the_limit_is_compared_by_range(run, payments, monkeypatch):
    before, _verdict = _baseline(run)
    payments("INSERT INTO account_payment (id, name) VALUES (5001, 'x')")
    monkeypatch.setattr(rowset, "ROWS_KEPT", 120)
    _m, verdict = _baseline(run, before)
    assert verdict.records == ("ids 5000 to 5999: 0 records before, 1 after, contents differ",)


def test_a_loss_fails_where_any_increase_is_allowed(run, payments):
    before, _verdict = _baseline(run)
    payments("DELETE FROM account_payment WHERE id = 9")
    payments("INSERT INTO account_payment (id, name) VALUES (501, 'a'), (502, 'b')")
    _m, verdict = _baseline(run, before, allowed_difference="any", direction="increase")
    assert verdict.outcome == "failed"


def test_figures_are_compared(run, payments):
    sql = "SELECT count(*) AS payments, sum(amount) AS total FROM account_payment"
    before, verdict = _baseline(run, sql=sql)
    assert verdict.summary == "Recorded payments 120, total 7272."
    _m, verdict = _baseline(run, before, sql=sql)
    assert verdict.summary == "payments 120 before, 120 after, total 7272 before, 7272 after."
    payments("UPDATE account_payment SET amount = amount - 0.01 WHERE id = 9")
    _m, verdict = _baseline(run, before, sql=sql)
    assert (verdict.outcome, verdict.records) == ("failed", ("total: 7272 → 7271.99",))
    allowed = {"allowed_difference": 0.01, "direction": "decrease"}
    assert _baseline(run, before, sql=sql, **allowed)[1].outcome == "passed"
    allowed["direction"] = "increase"
    assert _baseline(run, before, sql=sql, **allowed)[1].outcome == "failed"


@pytest.mark.parametrize(
    ("sql", "outcome", "says"),
    [
        (EACH + " WHERE id < 0", "inconclusive", "no records"),
        ("SELECT sum(id) AS total FROM account_payment WHERE id < 0", "inconclusive", "NULL"),
        ("SELECT 1 AS a FROM account_payment", "error", "120 rows without a column 'id'"),
        ("SELECT 1 AS a WHERE false", "error", "0 rows without a column 'id'"),
        ("SELECT 1 AS id FROM account_payment", "error", "the id 1 twice"),
        ("SELECT NULL AS id", "error", "a row without an id"),
        ("SELECT id FROM missing_table", "error", "A table is missing"),
    ],
)
def test_what_cannot_be_recorded(run, sql, outcome, says):
    _m, verdict = _baseline(run, sql=sql)
    assert (verdict.outcome, says in verdict.summary) == (outcome, True), verdict


def test_an_empty_state_may_be_valid(run):
    before, verdict = _baseline(run, sql=EACH + " WHERE id < 0", allow_empty=True)
    assert verdict.outcome == "passed"
    assert _baseline(run, before)[1].summary == "0 records before, 120 after: 120 new."


def test_nothing_recorded_before_is_inconclusive(run):
    _m, verdict = run("baseline", {"sql": EACH, "compare_to": "5.0"})
    assert verdict.outcome == "inconclusive"
    assert "'5.0' has recorded nothing" in verdict.summary


@pytest.mark.parametrize("other", ["SELECT id, amount FROM account_payment", "SELECT 1 AS a"])
def test_another_statement_is_not_compared(run, other):
    before, _verdict = _baseline(run, sql=other)
    _m, verdict = _baseline(run, before)
    assert verdict.outcome == "inconclusive"
    assert "cannot be compared" in verdict.summary


def test_rows_are_kept_small():
    found = rowset.RowSet()
    rows = [{"id": n, "label": f"PAY/{n}", "amount": n / 4} for n in range(20_000)]
    found.add(("id", "label", "amount"), rows)
    data = found.to_data()
    assert len(data["rows"]) < 300_000
    again = rowset.RowSet.from_data(data)
    assert (again.rows, again.sums, again.count) == (found.rows, found.sums, 20_000)


def test_text_ids_are_kept_only_while_rows_are(monkeypatch):
    monkeypatch.setattr(rowset, "ROWS_KEPT", 3)
    found = rowset.RowSet()
    with pytest.raises(CheckError, match="not whole numbers"):
        found.add(("id",), [{"id": f"2025/{n}"} for n in range(5)])


def test_a_judged_measurement_can_be_judged_again(run):
    params = {"sql": PAID, "params": {"state": "paid"}}
    params["expect"] = [{"column": "paid_payments", "op": "==", "value": 100}]
    kind = checks.get("sql")
    measurement, verdict = run("sql", params)
    stored = Measurement.from_json(measurement.to_json())
    assert checks.judge(kind, params, stored) == verdict
    params["expect"][0]["value"] = 101
    assert checks.judge(kind, params, stored).outcome == "failed"


def test_another_error_of_postgresql_is_told(run):
    _m, verdict = _query(run, "SELECT 1 / 0 AS n", expect_rows=1)
    assert (verdict.outcome, "division by zero" in verdict.summary) == ("error", True)
