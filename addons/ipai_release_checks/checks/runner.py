"""Run one check: parameters in, measurement and verdict out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psycopg2

from .base import CheckError, CheckKind, CheckProblem, Measurement, Verdict
from .parameters import prepare
from .sql_errors import problem_of

if TYPE_CHECKING:
    from .context import Context


def run(
    kind: CheckKind, context: Context, params: Mapping[str, Any]
) -> tuple[Measurement | None, Verdict]:
    """Validate, collect and evaluate; return the measurement, None when there is none, and verdict.

    Known problems become the outcomes ``error`` and ``inconclusive``. Any other exception is a
    defect of the kind and is passed on.
    """
    measurement = None
    try:
        prepared = _prepare(kind, context, params)
        measurement = kind.collect(context, prepared)
        reference = kind.reference(context, prepared)
        return measurement, kind.evaluate(prepared, measurement, reference)
    except CheckProblem as problem:
        return measurement, Verdict.from_problem(problem, kind.hint)
    except psycopg2.Error as error:
        return measurement, Verdict.from_problem(problem_of(error), kind.hint)
    except OSError as error:
        return measurement, Verdict.from_problem(_unreadable(error), kind.hint)


def judge(
    kind: CheckKind,
    params: Mapping[str, Any],
    measurement: Measurement,
    reference: Measurement | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Verdict:
    """Judge a stored measurement again, as `run` did when it was taken. Does no I/O."""
    try:
        prepared = prepare(kind, params, thresholds or {})
        return kind.evaluate(prepared, measurement, reference)
    except CheckProblem as problem:
        return Verdict.from_problem(problem, kind.hint)


def _prepare(kind: CheckKind, context: Context, params: Mapping[str, Any]) -> Mapping[str, Any]:
    if context.series not in kind.series:
        supported = ", ".join(f"{series}.0" for series in kind.series)
        raise CheckError(
            f"The check kind '{kind.name}' supports Odoo {supported}, not {context.series}.0.",
            "Use another kind for this series.",
        )
    return prepare(kind, params, context.thresholds)


def _unreadable(error: OSError) -> CheckError:
    where = f" ({error.filename})" if error.filename else ""
    return CheckError(
        f"The operating system refused: {error.strerror or error}{where}.",
        "Check that the file is there and that the user Odoo runs as may read it.",
    )
