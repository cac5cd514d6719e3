"""How the results of pytest are judged and added up."""

import pytest

from tools import results

PASSED = '<testcase classname="a.B" name="good"/>'
FAILED = '<testcase classname="a.B" name="bad"><failure message="no"/></testcase>'
ERROR = '<testcase classname="a.B" name="broken"><error message="no"/></testcase>'


def _skipped(reason):
    return f'<testcase classname="a.B" name="left"><skipped message="{reason}"/></testcase>'


@pytest.fixture
def judged(tmp_path):
    def judge(*cases, status=0, series="19.0"):
        report = tmp_path / "report.xml"
        report.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
        result = results.Result("addons/a", series)
        results.read(result, report, status)
        return result

    return judge


def test_counts(judged):
    result = judged(PASSED, PASSED, FAILED, ERROR, status=1)
    assert (result.passed, result.failed) == (2, ["a.B::bad", "a.B::broken"])


@pytest.mark.parametrize(
    "reason",
    [
        "not today",
        "HttpCase and --odoo-http is not set",
        "missing tool: sh",
        "missing series: 19.0",
        "missing series: 12.0",
        "missing right: to-be-lazy",
    ],
)
def test_a_skip_without_a_true_reason_is_a_failure(judged, reason):
    result = judged(PASSED, _skipped(reason))
    assert len(result.failed) == 1
    assert not result.skipped


@pytest.mark.parametrize("reason", ["missing tool: no-such-program", "missing series: 17.0"])
def test_a_skip_that_names_what_is_missing_is_excused(judged, reason):
    result = judged(PASSED, _skipped(reason))
    assert not result.failed
    assert len(result.skipped) == 1


def test_a_missing_right_excuses_only_where_it_is_missing(judged, monkeypatch):
    reason = _skipped("missing right: namespaces")
    monkeypatch.setitem(results.RIGHTS, "namespaces", ("false",))
    assert not judged(PASSED, reason).failed
    monkeypatch.setitem(results.RIGHTS, "namespaces", ("true",))
    assert judged(PASSED, reason).failed


def test_no_test_at_all_is_a_failure(judged):
    assert judged(status=5).failed == ["addons/a: no test ran (pytest ended with status 5)"]


def test_only_excused_skips_is_no_test_at_all(judged):
    assert judged(_skipped("missing tool: no-such-program")).failed


def test_no_report_is_a_failure(tmp_path):
    result = results.Result("addons/a", "19.0")
    results.read(result, tmp_path / "none.xml", 3)
    assert result.failed == ["addons/a: no test ran (pytest ended with status 3)"]


def test_a_failure_outside_of_all_tests_is_a_failure(judged):
    assert judged(PASSED, status=1).failed == ["addons/a: pytest ended with status 1"]


def test_last_line_and_exit_status(capsys):
    good = results.Result("addons/a", "19.0", passed=3)
    bad = results.Result("addons/b", "18.0", passed=1, failed=["x"])
    assert results.summary([good, bad], ["17.0"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "4 passed, 1 failed"
    assert "Series that ran: 19.0, 18.0" in lines
    assert any("17.0" in line and "ODOO_SOURCE_17" in line for line in lines)
    assert results.summary([good], []) == 0


def test_nothing_run_is_no_success():
    assert results.summary([], []) == 1
