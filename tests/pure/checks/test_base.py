"""The contract: parameters, thresholds, registry, runner, values."""

import json
from decimal import Decimal

import pytest
import release_checks as checks
from release_checks import parameters, registry
from release_checks.base import (
    CheckError,
    CheckKind,
    Inconclusive,
    Measurement,
    ParameterError,
    Verdict,
)
from release_checks.local import LocalContext
from release_checks.values import holds, jsonable, text_table
from surroundings import Surroundings


class Scripted(CheckKind):
    """A kind that does what its test says."""

    name = "scripted"
    title = "Scripted"
    schema = parameters.parameters_schema({"raise_in": {"type": "string"}})
    hint = "Ask the test."
    problem = None

    def collect(self, context, params):
        if params.get("raise_in") == "collect":
            raise self.problem
        return Measurement({"one": 1})

    def evaluate(self, params, measurement, reference=None):
        if params.get("raise_in") == "evaluate":
            raise self.problem
        return self.passed("One.")


def _run(problem, where):
    kind = Scripted()
    kind.problem = problem
    return checks.run(kind, Surroundings(), {"raise_in": where})


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        (CheckError("It is wrong."), "error"),
        (Inconclusive("Nothing there."), "inconclusive"),
        (PermissionError(13, "Permission denied", "/var/log/odoo.log"), "error"),
    ],
)
def test_known_problems_become_outcomes(problem, outcome):
    measurement, verdict = _run(problem, "collect")
    assert (measurement, verdict.outcome, verdict.hint != "") == (None, outcome, True)


def test_a_measurement_is_kept_when_it_cannot_be_judged():
    measurement, verdict = _run(Inconclusive("No rows."), "evaluate")
    assert measurement.values == {"one": 1}
    assert (verdict.outcome, verdict.hint) == ("inconclusive", "Ask the test.")


def test_a_defect_of_a_kind_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        _run(ZeroDivisionError(), "collect")


def test_an_unsupported_series_is_an_error():
    kind = Scripted()
    kind.series = (18, 19)
    _measurement, verdict = checks.run(kind, Surroundings(series=17), {})
    assert verdict.outcome == "error"
    assert "supports Odoo 18.0, 19.0, not 17.0" in verdict.summary


def test_a_missing_file_is_named():
    _measurement, verdict = _run(FileNotFoundError(2, "No such file", "/x/y.log"), "collect")
    assert "/x/y.log" in verdict.summary


@pytest.mark.parametrize(
    ("kind", "params", "parameter", "says"),
    [
        ("sql", {}, "sql", "is missing"),
        ("sql", {"sql": "SELECT 1"}, "expect", "proves nothing"),
        ("sql", {"sql": "SELECT 1", "expect": []}, "expect", "non-empty"),
        ("sql", {"sql": "SELECT 1", "expect_row": 0}, "expect_row", "Did you mean 'expect_rows'"),
        ("sql", {"sql": {"seventeen": "x"}, "expect_rows": 0}, "sql", ""),
        ("sql", {"sql": 3, "expect_rows": 0}, "sql", "One SELECT"),
        (
            "sql",
            {"sql": "SELECT 1", "expect": [{"column": "a", "op": "=", "value": 1}]},
            "expect[0].op",
            "must be one of '=='",
        ),
        (
            "sql",
            {"sql": "SELECT 1", "expect": [{"column": "a", "op": "=="}]},
            "expect[0]",
            "either 'value' or 'other_column'",
        ),
        (
            "sql",
            {"sql": "SELECT 1", "expect": [{"column": "a", "op": "in", "value": 1}]},
            "expect[0].value",
            "list for 'in'",
        ),
        (
            "sql",
            {"sql": "SELECT 1", "expect": [{"colum": "a", "op": "==", "value": 1}]},
            "expect[0].column",
            "is missing",
        ),
        ("module", {"module": "../etc"}, "module", "does not match"),
        ("group_members", {"groups": [{"group": "Payment Manager"}]}, "groups[0].group", ""),
        ("http", {"path": "//elsewhere.example.com/"}, "path", "starts with one slash"),
        ("http", {"path": "http://elsewhere.example.com/"}, "path", "starts with one slash"),
        ("log", {"ignore": ["("]}, "ignore[0]", "no regular expression"),
        ("disk", {"path": "relative"}, "path", "Absolute path"),
        ("disk", {"min_free_gb": "10"}, "min_free_gb", "Free space needed"),
        ("disk", [], "", "object"),
    ],
)
def test_wrong_parameters_are_named_with_a_remedy(kind, params, parameter, says):
    with pytest.raises(ParameterError) as refusal:
        parameters.validate(checks.get(kind), params)
    assert refusal.value.parameter == parameter
    assert says in refusal.value.message


def test_a_threshold_comes_from_the_target_and_an_unknown_one_is_named():
    params = {"min_free_gb": {"threshold": "min_free_disk_gb"}}
    kind = checks.get("disk")
    assert parameters.prepare(kind, params, {"min_free_disk_gb": 3}) == {"min_free_gb": 3}
    assert parameters.prepare(kind, {}, {"min_free_disk_gb": 3}) == {"min_free_gb": 3}
    with pytest.raises(ParameterError, match=r"'min_free_gb'.*'min_free_disk_gb' .it has: other"):
        parameters.prepare(kind, params, {"other": 1})


def test_a_text_for_each_series():
    texts = {"17": "old", "default": "new"}
    assert [parameters.for_series(texts, series, "sql") for series in (17, 18)] == ["old", "new"]
    with pytest.raises(CheckError, match=r"no text for Odoo 18.0, only for 17"):
        parameters.for_series({"17": "old"}, 18, "sql")


def test_the_registry_names_the_known_kinds():
    assert registry.names() == sorted(
        [
            "asset_cache_clear",
            "backup",
            "backup_file",
            "baseline",
            "code_fetch",
            "code_files",
            "code_switch",
            "disk",
            "group_members",
            "guard",
            "host_command",
            "host_disk",
            "host_health",
            "host_ready",
            "host_step",
            "http",
            "log",
            "log_signatures",
            "maintenance_page",
            "module",
            "python_syntax",
            "restart",
            "restore",
            "rollback",
            "sql",
            "upgrade",
            "verify_backup",
            "xml_syntax",
        ]
    )
    with pytest.raises(CheckError, match=r"no check kind 'sqll'. Known are: asset_cache_clear, b"):
        registry.get("sqll")


def test_another_addon_registers_a_kind_once(monkeypatch):
    monkeypatch.setattr(registry, "_KINDS", dict(registry._KINDS))
    assert registry.register(Scripted) is registry.register(Scripted) is checks.get("scripted")
    with pytest.raises(ValueError, match=r"'scripted' is registered by .* already"):
        registry.register(type("Other", (Scripted,), {}))
    with pytest.raises(ValueError, match="severity"):
        registry.register(type("Bad", (Scripted,), {"name": "bad", "severity": "high"}))


def test_the_description_is_complete_and_json():
    described = {kind["name"]: kind for kind in checks.describe()}
    json.dumps(described)
    for kind in described.values():
        assert kind["title"] and kind["description"] and kind["hint"] and kind["series"]
        assert all(entry["description"] and entry["type"] for entry in kind["parameters"])
    levels = next(p for p in described["log"]["parameters"] if p["name"] == "levels")
    assert (levels["required"], levels["default"]) == (False, ["ERROR", "CRITICAL"])


def test_measurement_and_verdict_survive_json():
    measurement = Measurement({"n": 1}, "1 row", [{"n": 1}], {"x": [1]})
    assert Measurement.from_json(measurement.to_json()) == measurement
    assert json.loads(Verdict("failed", "No.", ("a",)).to_json())["records"] == ["a"]
    with pytest.raises(ValueError, match="Unknown outcome"):
        Verdict("fine", "Yes.")


@pytest.mark.parametrize(
    ("value", "op", "wanted", "result"),
    [
        (0.1, "==", 0.1, True),
        ("12345678901234567.89", ">", 12345678901234567, True),
        (100, "==", 100.0, True),
        ("100", "==", 100, True),
        ("0100", "==", "100", False),
        ("posted", "in", ["posted", "paid"], True),
        ("100", "in", [99, 100], True),
        (None, "==", None, True),
        (None, "!=", 3, True),
        (True, "==", True, True),
        (True, "==", 1, True),
        ("b", ">", "a", True),
    ],
)
def test_comparison_is_exact(value, op, wanted, result):
    assert holds(value, op, wanted) is result


def test_what_has_no_order_is_no_pass():
    with pytest.raises(Inconclusive, match="empty"):
        holds(None, ">", 1)
    with pytest.raises(CheckError, match="cannot be compared"):
        holds("posted", ">", 1)


def test_decimals_become_json_without_losing_a_digit():
    assert jsonable(Decimal("100.00")) == 100
    assert jsonable(Decimal("0.10")) == 0.1
    assert jsonable(Decimal("1234567890123456789.10")) == "1234567890123456789.1"


def test_a_table_is_aligned_and_one_row_a_line():
    table = text_table(
        ("name", "amount"), [{"name": "a\nb", "amount": 1.5}, {"name": None, "amount": 10}], 5
    )
    assert table.split("\n") == [
        "name | amount",
        "-----+-------",
        "a␤b  |    1.5",
        "     |     10",
        "(5 rows, 2 printed)",
    ]


def test_a_surrounding_without_odoo_says_what_is_missing():
    context = LocalContext(19, Surroundings().window)
    for kind, params in [
        ("module", {"module": "sale"}),
        ("guard", {}),
        ("group_members", {"groups": [{"group": "base.group_user"}]}),
        ("sql", {"sql": "SELECT 1", "expect_rows": 1}),
        ("baseline", {"sql": "SELECT 1", "compare_to": "x"}),
        ("log", {}),
        ("http", {}),
        ("disk", {}),
    ]:
        measurement, verdict = checks.run(checks.get(kind), context, params)
        assert (measurement, verdict.outcome) == (None, "error"), kind
        assert verdict.hint, kind
