"""Record figures or records before a release, and find what differs after it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..base import CheckError, CheckKind, Inconclusive, Measurement, Verdict
from ..parameters import FIGURE, SQL, SQL_PARAMS, for_series, parameters_schema
from ..rowset import Difference, RowSet, compare
from ..values import exact, jsonable, plural, shown, text_table

#: Whatever the size, or whichever way.
ANY = "any"
_PRINTED = 200
_NAMED = 50
_RANGES_NAMED = 5


class BaselineCheck(CheckKind):
    """Record, or compare with what was recorded."""

    name = "baseline"
    title = "Before/after comparison"
    description = (
        "Without compare_to the statement's result is recorded. With it, the result is compared "
        "with what that item recorded, and the check names the records that are missing, changed "
        "or new."
    )
    severity = "critical"
    hint = "Find out what changed the records named. If nothing explains it, roll back."
    uses_snapshot = True
    schema = parameters_schema(
        {
            "sql": SQL
            | {
                "description": "One row for each record with the columns id, label (optional) and "
                "the values to watch; or one row of figures without a column id. "
                + SQL["description"]
            },
            "params": SQL_PARAMS,
            "compare_to": {
                "type": "string",
                "minLength": 1,
                "description": "Code of the item that recorded the state before; absent: record.",
            },
            "allowed_difference": {
                "anyOf": [{"const": ANY}, FIGURE],
                "default": 0,
                "description": "Records that may be new or missing, or amount a figure may move; "
                '"any" together with a direction, where users go on working.',
            },
            "direction": {
                "enum": [ANY, "increase", "decrease"],
                "default": ANY,
                "description": "The direction in which the allowed difference may go.",
            },
            "critical": {
                "type": "boolean",
                "default": True,
                "description": "Whether a mismatch fails the check or only warns.",
            },
            "allow_empty": {
                "type": "boolean",
                "default": False,
                "description": "Whether no record at all is a valid state to record.",
            },
        },
        ("sql",),
    )

    def reference(self, context: Any, params: Mapping[str, Any]) -> Measurement | None:
        """Return what the item named by ``compare_to`` recorded."""
        return context.baseline(params["compare_to"]) if "compare_to" in params else None

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Read all rows in batches; only what fits is kept row by row."""
        statement = for_series(params["sql"], context.series, "sql")
        batches = context.snapshot.stream(statement, params.get("params"))
        columns, first = next(batches)
        if "id" not in columns:
            return _figures(columns, first)
        found = RowSet()
        found.add(columns, first)
        for batch in batches:
            found.add(*batch)
        return Measurement(
            values={"records": found.count}
            | {f"sum_{name}": jsonable(total) for name, total in found.sums.items()},
            output=text_table(columns, first[:_PRINTED], found.count),
            data={"records": found.to_data()},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Accept what is recorded, or compare it with ``reference``."""
        if "compare_to" not in params:
            return self._recorded(params, measurement)
        if reference is None:
            raise Inconclusive(
                f"The item '{params['compare_to']}' has recorded nothing to compare with.",
                "Run that item first; if the change is made already, the state before is unknown.",
            )
        _require_same_shape(reference, measurement)
        if "figures" in measurement.data:
            return self._compare_figures(params, reference, measurement)
        return self._compare_records(params, reference, measurement)

    def _recorded(self, params: Mapping[str, Any], measurement: Measurement) -> Verdict:
        if measurement.values.get("records") == 0 and not params["allow_empty"]:
            raise Inconclusive(
                "The statement found no records: there is nothing to compare with later.",
                "Check the statement, or set 'allow_empty' where no record is a valid state.",
            )
        values = dict(measurement.values)
        found = [plural(values.pop("records"), "record")] if "records" in values else []
        return self.passed(f"Recorded {', '.join([*found, *_listed(values)])}.")

    def _compare_figures(
        self, params: Mapping[str, Any], reference: Measurement, measurement: Measurement
    ) -> Verdict:
        before, after = reference.data["figures"], measurement.data["figures"]
        wrong = [
            f"{name}: {shown(before[name])} → {shown(after[name])}"
            for name in after
            if not _within(params, before[name], after[name])
        ]
        if wrong:
            summary = f"{plural(len(wrong), 'figure')} of {len(after)} changed: {'; '.join(wrong)}."
            return self._mismatch(params, summary, wrong)
        return self.passed(f"{_pairs(before, after)}{_allowance(params)}.")

    def _compare_records(
        self, params: Mapping[str, Any], reference: Measurement, measurement: Measurement
    ) -> Verdict:
        before = RowSet.from_data(reference.data["records"])
        after = RowSet.from_data(measurement.data["records"])
        difference = compare(before, after)
        counts = f"{plural(before.count, 'record')} before, {after.count} after"
        if _difference_allowed(params, difference):
            _require_clear(difference, counts)
            found = difference.summary or "none changed"
            return self.passed(f"{counts}, {found}{_allowance(params)}.")
        records = list(difference.records[:_NAMED])
        if len(difference.records) > _NAMED:
            records.append(f"… and {len(difference.records) - _NAMED} more")
        return self._mismatch(params, f"{counts}: {difference.summary}.", records)

    def _mismatch(self, params: Mapping[str, Any], summary: str, records: list[str]) -> Verdict:
        judged = self.failed if params["critical"] else self.warned
        return judged(summary, records)


def _figures(columns: tuple[str, ...], rows: list[Mapping[str, Any]]) -> Measurement:
    if len(rows) != 1:
        raise CheckError(
            f"The statement returned {plural(len(rows), 'row')} without a column 'id', and one row "
            "of figures was expected.",
            "Return one row of figures, or one row for each record with a column 'id'.",
        )
    empty = [name for name, value in rows[0].items() if value is None]
    if empty:
        raise Inconclusive(
            f"The statement returned nothing for {', '.join(empty)} (NULL): nothing was measured.",
            "Use count() or coalesce() where empty means zero.",
        )
    return Measurement(
        values=rows[0], output=text_table(columns, rows), rows=rows, data={"figures": rows[0]}
    )


def _require_same_shape(reference: Measurement, measurement: Measurement) -> None:
    before, after = _shape(reference), _shape(measurement)
    if before != after:
        raise Inconclusive(
            f"Before and after cannot be compared: recorded were the columns {', '.join(before)}, "
            f"found are {', '.join(after)}.",
            "Use the same statement, or statements that return the same columns, in both items.",
        )


def _shape(measurement: Measurement) -> list[str]:
    if "figures" in measurement.data:
        return sorted(measurement.data["figures"])
    return sorted(measurement.data.get("records", {}).get("columns", ["(no baseline)"]))


def _limit(params: Mapping[str, Any]) -> Decimal:
    allowed = params["allowed_difference"]
    return Decimal("Infinity") if allowed == ANY else exact(allowed)


def _within(params: Mapping[str, Any], before: Any, after: Any) -> bool:
    try:
        moved = exact(after) - exact(before)
    except TypeError:
        return before == after
    allowed = _limit(params)
    direction = params["direction"]
    lowest = 0 if direction == "increase" else -allowed
    highest = 0 if direction == "decrease" else allowed
    return lowest <= moved <= highest


def _difference_allowed(params: Mapping[str, Any], difference: Difference) -> bool:
    direction = params["direction"]
    forbidden = bool(difference.changed)
    forbidden |= direction == "increase" and bool(difference.missing)
    forbidden |= direction == "decrease" and bool(difference.new)
    found = len(difference.missing) + len(difference.new)
    return not forbidden and found <= _limit(params)


def _require_clear(difference: Difference, counts: str) -> None:
    if difference.unclear:
        raise Inconclusive(
            f"{counts}; so many records are compared by ranges of ids, and in "
            f"{plural(len(difference.unclear), 'range')} records came or went: whether others "
            "changed with them cannot be seen.",
            "Find out who entered what meanwhile: "
            f"{'; '.join(difference.unclear[:_RANGES_NAMED])}.",
        )


def _allowance(params: Mapping[str, Any]) -> str:
    allowed = params["allowed_difference"]
    direction = params["direction"]
    if allowed == ANY:
        return f" (any {'difference' if direction == ANY else direction} allowed)"
    way = "" if direction == ANY else f" ({direction} only)"
    return f" (allowed difference {shown(allowed)}{way})" if allowed else ""


def _listed(values: Mapping[str, Any]) -> list[str]:
    return [f"{name.replace('_', ' ')} {shown(value)}" for name, value in values.items()]


def _pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {shown(before[name])} before, {shown(after[name])} after"
        for name in after
    )
