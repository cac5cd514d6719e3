"""Values out of a database as JSON, compared exactly, and shown as text."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from .base import CheckError, Inconclusive

_LONGEST_CELL = 200

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def jsonable(value: Any) -> Any:
    """Return ``value`` as JSON without losing a digit.

    A decimal becomes a number where the number reads back as the same decimal, else a string; dates
    become ISO 8601, bytes hexadecimal, anything else its text.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _decimal_as_json(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [jsonable(item) for item in value]
    return str(value)


def _decimal_as_json(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else format(value.normalize(), "f")


def exact(value: Any) -> Any:
    """Return a number, or text that reads as a finite number, as Decimal; all else unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return value
    return number if number.is_finite() else value


def holds(value: Any, op: str, wanted: Any) -> bool:
    """Return whether ``value op wanted`` (`OPERATORS`, or ``in`` a list), numbers exactly.

    Raises `Inconclusive` when an empty value would have to be ordered, `CheckError` when the two
    have no order between them.
    """
    if op not in ("==", "!=", "in") and (value is None or wanted is None):
        raise Inconclusive(
            "The value to compare is empty (NULL): nothing was measured.",
            "Check that the statement finds records, or use coalesce() where empty means zero.",
        )
    if op == "in":
        return any(holds(value, "==", choice) for choice in wanted)
    # Two texts are equal as texts only: the reference "0100" is not the reference "100".
    both_text = isinstance(value, str) and isinstance(wanted, str) and op in ("==", "!=")
    left, right = (value, wanted) if both_text else (exact(value), exact(wanted))
    try:
        return bool(OPERATORS[op](left, right))
    except TypeError:
        raise CheckError(
            f"{value!r} and {wanted!r} cannot be compared with '{op}'.",
            "Compare numbers with numbers and text with text.",
        ) from None


def shown(value: Any) -> str:
    """Return ``value`` for people: ``NULL`` for None, JSON's words for booleans, never cut."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def text_table(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], total: int | None = None
) -> str:
    """Return rows as an aligned text table, as psql prints it; ``total`` is the true row count.

    Line breaks in a cell become a visible mark; a cell of more than 200 characters is cut, marked.
    """
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    numeric = [
        all(isinstance(exact(row.get(column)), Decimal | None) for row in rows)
        for column in columns
    ]
    lines = [" | ".join(name.ljust(width) for name, width in zip(columns, widths, strict=True))]
    lines.append("-+-".join("-" * width for width in widths))
    for row in cells:
        padded = zip(row, widths, numeric, strict=True)
        lines.append(" | ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in padded))
    return "\n".join([*(line.rstrip() for line in lines), _counted(len(rows), total)])


def _cell(value: Any) -> str:
    text = "" if value is None else shown(value)
    text = text.replace("\r", "␍").replace("\n", "␤").replace("\t", " ")
    if len(text) > _LONGEST_CELL:
        return f"{text[:_LONGEST_CELL]}… [{len(text)} characters]"
    return text


def _counted(printed: int, total: int | None) -> str:
    total = printed if total is None else total
    noun = "row" if total == 1 else "rows"
    return f"({total} {noun})" if total == printed else f"({total} {noun}, {printed} printed)"


def plural(count: int | str, singular: str, several: str | None = None) -> str:
    """Return ``count`` with its noun: ``1 record``, ``2 records``."""
    return f"{count} {singular if count == 1 else several or singular + 's'}"
