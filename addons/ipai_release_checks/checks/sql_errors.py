"""What PostgreSQL's errors mean for a check. The only place that maps them."""

from __future__ import annotations

import psycopg2
from psycopg2 import errors

from .base import CheckError, CheckProblem, Inconclusive

_TABLE_HINT = (
    "Check the spelling, that the addon which brings it is installed, and that the statement is "
    "the one for this Odoo series."
)
_GROUP_HINT = (
    "Name every column you select in GROUP BY. The primary key alone is not enough for a table "
    "with secret columns: a check sees a view of it."
)
_SELECT_HINT = "Write one SELECT that only reads; a check never changes data."

#: (class of error, outcome, what happened, what to do), the first that fits.
_MEANINGS: tuple[tuple[type, type[CheckProblem], str, str], ...] = (
    (
        errors.QueryCanceled,
        Inconclusive,
        "The statement ran longer than the time limit and was cancelled",
        "Make the statement faster, or raise the target's statement time limit.",
    ),
    (
        errors.LockNotAvailable,
        Inconclusive,
        "Another session holds a lock on the table",
        "Wait until it is done (an upgrade, a vacuum full) and run the check again.",
    ),
    (errors.UndefinedTable, CheckError, "A table is missing", _TABLE_HINT),
    (errors.UndefinedColumn, CheckError, "A column is missing", _TABLE_HINT),
    (errors.UndefinedFunction, CheckError, "A function or operator is missing", _TABLE_HINT),
    (
        errors.ReadOnlySqlTransaction,
        CheckError,
        "PostgreSQL refused a statement that writes",
        _SELECT_HINT,
    ),
    (
        errors.InvalidCursorDefinition,
        CheckError,
        "PostgreSQL refused what is not one single query",
        _SELECT_HINT,
    ),
    (
        errors.InsufficientPrivilege,
        CheckError,
        "The database role of the checks may not read this",
        "Grant SELECT on it to the role, or leave it out of the statement.",
    ),
    (
        errors.GroupingError,
        CheckError,
        "A column is neither grouped nor aggregated",
        _GROUP_HINT,
    ),
    (errors.SyntaxError, CheckError, "The statement has a syntax error", "Correct the statement."),
    (
        psycopg2.OperationalError,
        CheckError,
        "The connection to PostgreSQL failed",
        "Check that the database runs and accepts connections, then run the check again.",
    ),
    (
        psycopg2.InterfaceError,
        CheckError,
        "The connection to PostgreSQL is closed",
        "Run the check again.",
    ),
)


def said_by(error: psycopg2.Error) -> str:
    """Return PostgreSQL's own words, without a full stop."""
    return (error.diag.message_primary or str(error)).strip().rstrip(".")


def problem_of(error: psycopg2.Error) -> CheckProblem:
    """Return the problem that ``error`` stands for, with PostgreSQL's own words in it."""
    said = said_by(error)
    for kind, problem, happened, remedy in _MEANINGS:
        if isinstance(error, kind):
            return problem(f"{happened}: {said}.", remedy)
    return CheckError(f"PostgreSQL could not run the statement: {said}.", "Correct the statement.")
