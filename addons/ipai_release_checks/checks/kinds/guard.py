"""Are forbidden acts refused? They are tried, not looked up by line number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckKind, Inconclusive, Measurement, Verdict
from ..parameters import parameters_schema
from ..values import plural, text_table


class GuardCheck(CheckKind):
    """Let the surroundings try forbidden acts as an ordinary user, and judge what was refused."""

    name = "guard"
    title = "Guard probe"
    description = (
        "Tries each forbidden act as an ordinary user, in a savepoint that is rolled back. A guard "
        "holds when the act is refused."
    )
    severity = "critical"
    hint = "Check that the version with this guard is installed, and who may pass it."
    schema = parameters_schema(
        {
            "guards": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "minItems": 1,
                "uniqueItems": True,
                "description": "Codes of the guards to try; absent: all that are known.",
            },
            "options": {
                "type": "object",
                "description": "Passed on to the probes, such as the user to try as.",
            },
        }
    )

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Try the acts."""
        rows = [
            {
                "code": probe.code,
                "title": probe.title,
                "held": probe.held,
                "message": probe.message,
            }
            for probe in context.probe(params)
            if probe.code in params.get("guards", [probe.code])
        ]
        return Measurement(
            values={
                "held": sum(row["held"] is True for row in rows),
                "not_held": sum(row["held"] is False for row in rows),
                "not_tried": sum(row["held"] is None for row in rows),
            },
            output=text_table(("code", "title", "held", "message"), rows),
            rows=rows,
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Fail when an act went through; an act nobody could try proves nothing."""
        rows = measurement.rows
        broken = [_line(row) for row in rows if row["held"] is False]
        if broken:
            count = plural(len(rows), "guard")
            return self.failed(f"{len(broken)} of {count} did not hold: {broken[0]}.", broken)
        known = {row["code"] for row in rows}
        untried = [_line(row) for row in rows if row["held"] is None]
        untried += [code for code in params.get("guards", ()) if code not in known]
        if untried or not rows:
            raise Inconclusive(
                f"{plural(len(untried), 'guard')} could not be tried: {'; '.join(untried)}."
                if untried
                else "No guard was tried: nothing was measured.",
                "Check that the addon with the guards is installed and that there are records (a "
                "posted payment, a reconciled one) and an ordinary user to try with.",
            )
        return self.passed(f"{plural(len(rows), 'guard')} tried, all held.")


def _line(row: Mapping[str, Any]) -> str:
    text = f"{row['title']} ({row['code']})"
    return f"{text}: {row['message']}" if row["message"] else text
