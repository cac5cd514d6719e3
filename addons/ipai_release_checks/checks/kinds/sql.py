"""Ask the database one question and compare the answer with what is expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..base import CheckError, CheckKind, Inconclusive, Measurement, ParameterError, Verdict
from ..parameters import FIGURE, SQL, SQL_PARAMS, for_series, parameters_schema
from ..values import OPERATORS, exact, holds, plural, shown, text_table

_ROWS_KEPT = 1_000
_LABELS = ("label", "name", "display_name", "reference")
_OPERATOR_NAMES = [*OPERATORS, "in"]

_VALUE = {
    "anyOf": [
        *FIGURE["anyOf"],
        {"type": ["string", "boolean", "null"]},
        {"type": "array", "items": {"type": ["number", "string", "boolean", "null"]}},
    ],
    "description": 'A value, a list of them for "in", or {"threshold": name}.',
}

_EXPECTATION = parameters_schema(
    {
        "column": {"type": "string", "description": "The column of the result to look at."},
        "op": {"enum": _OPERATOR_NAMES, "description": "How the two are compared."},
        "value": _VALUE,
        "other_column": {
            "type": "string",
            "description": "The column to compare with, instead of a value.",
        },
        "on_failure": {
            "enum": ["fail", "warn"],
            "default": "fail",
            "description": "Whether a miss fails the check or only warns.",
        },
    },
    ("column", "op"),
)

_ROW_COUNT = parameters_schema({"op": {"enum": list(OPERATORS)}, "value": FIGURE}, ("op", "value"))


class SqlCheck(CheckKind):
    """Run one SELECT in the phase's snapshot and judge its rows."""

    name = "sql"
    title = "Database query"
    description = (
        "Runs one SELECT in the phase's read-only snapshot. Every expectation must hold for every "
        "row; expect_rows 0 means that each row returned is an offending record."
    )
    severity = "critical"
    hint = "Look at the records named, and correct them before the release goes on."
    uses_snapshot = True
    schema = parameters_schema(
        {
            "sql": SQL,
            "params": SQL_PARAMS,
            "expect": {
                "type": "array",
                "items": _EXPECTATION,
                "minItems": 1,
                "description": "What must hold for every row returned.",
            },
            "expect_rows": {
                "anyOf": [{"type": "integer", "minimum": 0}, _ROW_COUNT],
                "description": 'How many rows there must be: 0, or {"op": ">=", "value": 1}.',
            },
            "label": {
                "type": "string",
                "description": "The column that names a record in messages.",
            },
            "max_records": {
                "type": "integer",
                "minimum": 1,
                "maximum": _ROWS_KEPT,
                "default": 20,
                "description": "How many records are named at most.",
            },
        },
        ("sql",),
    )

    def validate(self, params: Mapping[str, Any]) -> None:
        """Require at least one expectation, each with exactly one thing to compare with."""
        if "expect" not in params and "expect_rows" not in params:
            raise ParameterError(
                "expect",
                "and 'expect_rows' are missing: a query without an expectation proves nothing.",
                "Add what the result must be, such as "
                '[{"column": "orphaned", "op": "==", "value": 0}].',
            )
        for index, expected in enumerate(params.get("expect", ())):
            _validate_expectation(f"expect[{index}]", expected)

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Run the statement for this series."""
        statement = for_series(params["sql"], context.series, "sql")
        found = context.snapshot.query(statement, params.get("params"), _ROWS_KEPT)
        single = found.rows[0] if found.row_count == 1 else {}
        return Measurement(
            values={**single, "row_count": found.row_count},
            output=text_table(found.columns, found.rows, found.row_count),
            rows=found.rows,
            data={"columns": list(found.columns), "statement": statement},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Compare row count and columns with what is expected."""
        misses, warnings, held = [], [], []
        if "expect_rows" in params:
            held_text = self._row_count(params, measurement, misses)
            held.append(held_text)
        if params.get("expect"):
            _require_rows(measurement)
            for expected in params["expect"]:
                bucket = warnings if expected.get("on_failure") == "warn" else misses
                held.append(_expectation(expected, params, measurement, bucket))
        return self._verdict(params, misses, warnings, [text for text in held if text])

    def _row_count(self, params: Mapping, measurement: Measurement, misses: list) -> str:
        wanted = params["expect_rows"]
        rule = wanted if isinstance(wanted, Mapping) else {"op": "==", "value": wanted}
        count = measurement.values["row_count"]
        rows = plural(count, "row")
        expected = f"expected {_rule_text(rule['op'], rule['value'])}"
        if holds(count, rule["op"], rule["value"]):
            return f"{rows}, {expected}"
        # More rows than expected: each of them is an offending record. Fewer: none can be named.
        named = measurement.rows if holds(0, rule["op"], rule["value"]) else ()
        misses.append((f"{rows}, {expected}", [_record(row, params) for row in named], count))
        return ""

    def _verdict(
        self, params: Mapping[str, Any], misses: list, warnings: list, held: list[str]
    ) -> Verdict:
        if not misses and not warnings:
            return self.passed(f"{'; '.join(held)}.")
        summary = "; ".join(text for text, _records, _total in misses + warnings)
        limit = params["max_records"]
        records = list(dict.fromkeys(name for miss in misses + warnings for name in miss[1]))
        total = max(len(records), *(total for _text, _records, total in misses + warnings))
        shown_records = records[:limit]
        if shown_records and total > limit:
            shown_records.append(f"… and {total - limit} more")
        verdict = self.failed if misses else self.warned
        return verdict(f"{summary}.", shown_records)


def _validate_expectation(path: str, expected: Mapping[str, Any]) -> None:
    if ("value" in expected) == ("other_column" in expected):
        raise ParameterError(path, "needs either 'value' or 'other_column', and not both.")
    is_list = isinstance(expected.get("value"), Sequence) and not isinstance(
        expected.get("value"), str
    )
    if is_list != (expected["op"] == "in"):
        raise ParameterError(f"{path}.value", "is a list for 'in' and only for 'in'.")


def _require_rows(measurement: Measurement) -> None:
    count = measurement.values["row_count"]
    if count == 0:
        raise Inconclusive(
            "The query returned no row: nothing was measured.",
            "Use a query that always returns a row, such as SELECT count(*), or 'expect_rows'.",
        )
    if count > len(measurement.rows):
        raise Inconclusive(
            f"The query returned {count} rows; expectations are checked on at most {_ROWS_KEPT}.",
            "Select only the offending records and use 'expect_rows': 0, or aggregate them.",
        )


def _expectation(
    expected: Mapping[str, Any], params: Mapping, measurement: Measurement, misses: list
) -> str:
    """Return what held for every row, or note a miss and return an empty text."""
    offending = [row for row in measurement.rows if not _row_holds(expected, row)]
    if not offending:
        return _figures(expected, measurement.rows[0], len(measurement.rows))
    single = len(measurement.rows) == 1
    text = _figures(expected, offending[0], 1)
    if not single:
        text = f"{plural(len(offending), 'row')} of {len(measurement.rows)}: {text}"
    records = [] if single else [_record(row, params) for row in offending]
    misses.append((text, records, len(records)))
    return ""


def _row_holds(expected: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    for column in (expected["column"], expected.get("other_column")):
        if column is not None and column not in row:
            raise CheckError(
                f"The result has no column '{column}'; it has {', '.join(row)}.",
                "Name the column in the statement with AS, or correct the expectation.",
            )
    return holds(row[expected["column"]], expected["op"], _wanted(expected, row))


def _wanted(expected: Mapping[str, Any], row: Mapping[str, Any]) -> Any:
    other = expected.get("other_column")
    return expected.get("value") if other is None else row[other]


def _figures(expected: Mapping[str, Any], row: Mapping[str, Any], rows: int) -> str:
    """Return such as ``512 posted payments, expected > 100``."""
    column = expected["column"]
    wanted = _rule_text(expected["op"], _wanted(expected, row))
    if "other_column" in expected:
        other = expected["other_column"]
        wanted = f"{expected['op']} {other.replace('_', ' ')}"
        wanted += f" ({shown(row[other])})" if rows == 1 else ""
    if rows > 1:
        return f"{column.replace('_', ' ')} in all {rows} rows as expected {wanted}"
    value, name = shown(row[column]), column.replace("_", " ")
    found = f"{value} {name}" if isinstance(exact(row[column]), Decimal) else f"{name} {value}"
    return f"{found}, expected {wanted}"


def _rule_text(op: str, value: Any) -> str:
    if isinstance(value, list):
        return f"{op} {', '.join(shown(item) for item in value)}"
    return shown(value) if op == "==" else f"{op} {shown(value)}"


def _record(row: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    label = params.get("label") or next((name for name in _LABELS if name in row), None)
    if label is not None and label not in row:
        raise CheckError(
            f"The result has no column '{label}' to name records by; it has {', '.join(row)}.",
            "Correct the parameter 'label'.",
        )
    rest = ", ".join(f"{name} {shown(value)}" for name, value in row.items() if name != label)
    if label is None:
        return rest
    return f"{shown(row[label])} ({rest})" if rest else shown(row[label])
