"""Reading the log of Odoo's own tests, and what is worse with the payment addon."""

from tests.upstream.results import Results

START = "2026-01-01 00:00:00,000 1 ERROR db odoo.addons.account.tests.test_x: "
SUMMARY = "2026-01-01 00:00:00,000 1 INFO db odoo.tests.result: 2 failed, 1 error(s) of {} tests\n"


def log(*failures, number=10):
    lines = [f"{START}{failure}\nTraceback (most recent call last):\n" for failure in failures]
    return "".join(lines) + SUMMARY.format(number)


def test_tests_subtests_and_whole_classes_that_fail_are_named():
    results = Results.parse(
        log(
            "FAIL: TestA.test_one",
            "ERROR: TestA.test_two",
            "FAIL: Subtest TestB.test_three (case='x')",
            "ERROR: setUpClass (odoo.addons.account.tests.test_x.TestC)",
        )
    )
    assert results.number == 10
    assert results.failed == {
        "TestA.test_one",
        "TestA.test_two",
        "TestB.test_three",
        "setUpClass (odoo.addons.account.tests.test_x.TestC)",
    }


def test_what_stock_fails_too_is_no_problem():
    same = Results.parse(log("FAIL: TestA.test_one"))
    assert same.problems_beside(same, {}) == []


def test_new_failures_are_problems_unless_they_differ_by_design():
    without = Results.parse(log())
    worse = Results.parse(log("FAIL: TestA.test_one"))
    assert worse.problems_beside(without, {}) == ["fails with the addon only: TestA.test_one"]
    assert worse.problems_beside(without, {"TestA.test_one": "a reason"}) == []


def test_a_run_that_was_cut_short_is_a_problem():
    without, cut = Results.parse(log()), Results.parse(log(number=3))
    assert cut.problems_beside(without, {}) == ["3 tests ran with the addon, 10 without"]
    assert Results.parse("").problems_beside(without, {}) == ["no test ran with the addon"]


def test_kept_results_are_what_they_were():
    results = Results.parse(log("FAIL: TestA.test_one"))
    assert Results.loads(results.dumps()) == results
