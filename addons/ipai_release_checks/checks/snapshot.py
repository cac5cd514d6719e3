"""One read-only look at a database, on a connection of its own.

All statements of a snapshot see the same moment (``REPEATABLE READ READ ONLY``), whatever users do
meanwhile. Each runs in a savepoint, so that one that fails spoils none of the others.

Only a query gets through, and PostgreSQL decides what is one: the text is opened as a cursor, from
a session setting, in a constant block. PL/pgSQL refuses to open anything that is more than one
statement or returns no rows; the transaction refuses whatever writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2
from psycopg2 import extensions, extras, sql

from . import secrets_view, sql_rules
from .base import CheckError, ParameterError
from .sql_errors import problem_of, said_by
from .values import jsonable

#: A forgotten snapshot must not hold back vacuum for ever; a slow phase must not lose it either.
_IDLE_LIMIT_MS = 3_600_000
_CONNECT_TIMEOUT_S = 10
_BATCH = 5_000

_OPEN_AS_CURSOR = """
    DO $$
    DECLARE found refcursor := 'ipai_check';
    BEGIN
        OPEN found FOR EXECUTE pg_catalog.current_setting('ipai.statement');
    END $$
"""

# Odoo changes psycopg2's types for its whole process (numeric becomes float) and dates of the year
# "infinity" have no Python value. On this connection decimals stay decimals and times stay text.
_DECIMAL = extensions.new_type((1700,), "IPAI_DECIMAL", extensions.DECIMAL)
_TEXT = extensions.new_type(
    (1082, 1083, 1114, 1184, 1186, 1266), "IPAI_TEXT", lambda value, _cursor: value
)
_TEXTS = extensions.new_array_type((1182, 1183, 1115, 1185, 1187, 1270), "IPAI_TEXTS", _TEXT)


@dataclass(frozen=True)
class SnapshotIdentity:
    """``name`` is PostgreSQL's own (``pg_current_snapshot()``), ``taken_at`` is in UTC."""

    name: str
    taken_at: datetime


@dataclass(frozen=True)
class Result:
    """What a query returned: ``rows`` as JSON objects, at most ``max_rows`` of ``row_count``."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    row_count: int

    @property
    def truncated(self) -> bool:
        """Whether there are more rows than are kept."""
        return self.row_count > len(self.rows)


class Snapshot:
    """A snapshot of one database; a context manager that opens when it is first used.

    ``connection``  keyword arguments of ``psycopg2.connect``, or a connection string
    ``role``        a role with fewer rights to act as; the login must be a member of it
    """

    def __init__(
        self,
        connection: Mapping[str, Any] | str,
        statement_timeout_ms: int = 30_000,
        role: str | None = None,
    ) -> None:
        if statement_timeout_ms <= 0:
            raise ValueError("statement_timeout_ms must be positive: a check must end.")
        self.statement_timeout_ms = statement_timeout_ms
        given = {"dsn": connection} if isinstance(connection, str) else connection
        self._arguments = {"connect_timeout": _CONNECT_TIMEOUT_S, **given}
        self._role = role
        self._connection: Any = None
        self._identity: SnapshotIdentity | None = None
        self._hidden: frozenset[tuple[str, str]] = frozenset()

    def __enter__(self) -> Snapshot:
        self.open()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def identity(self) -> SnapshotIdentity:
        """Which moment this is."""
        self.open()
        return self._identity

    @property
    def is_open(self) -> bool:
        """Whether statements can be run: it was opened, and the connection has not been lost."""
        return self._identity is not None and not self._connection.closed

    def close(self) -> None:
        """End the transaction and the connection. A closed snapshot never opens again."""
        if self._connection is not None:
            self._connection.close()

    def query(
        self, statement: str, params: Mapping | Sequence | None = None, max_rows: int = 1000
    ) -> Result:
        """Run one query and return its rows.

        Raises `CheckError` for what is not one reading query, for a missing table or column and
        for a lost connection, `Inconclusive` for a time-out, `ParameterError` for values that do
        not fit.
        """
        with self._cursor_on(statement, params) as cursor:
            columns, rows = _fetch(cursor, max_rows)
            cursor.execute("MOVE FORWARD ALL IN ipai_check")
            return Result(columns, rows, len(rows) + cursor.rowcount)

    def stream(
        self, statement: str, params: Mapping | Sequence | None = None
    ) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
        """Run one query and yield ``(columns, rows)`` in batches, so that any size fits in memory.

        Yields at least once, with no rows when there are none. Raises what `query` raises.
        """
        with self._cursor_on(statement, params) as cursor:
            columns, rows = _fetch(cursor, _BATCH)
            yield columns, rows
            while len(rows) == _BATCH:
                columns, rows = _fetch(cursor, _BATCH)
                if rows:
                    yield columns, rows

    @contextmanager
    def _cursor_on(self, statement: str, params: Any) -> Iterator[Any]:
        self.open()
        try:
            with self._connection.cursor() as cursor, _savepoint(cursor):
                text = _bound(cursor, statement, params)
                sql_rules.refuse_by_text(text)
                secrets_view.refuse_behind(text, self._hidden)
                sql_rules.refuse_by_catalogue(text, cursor)
                cursor.execute("SELECT set_config('ipai.statement', %s, true)", (text,))
                cursor.execute(_OPEN_AS_CURSOR)
                yield cursor
        except psycopg2.Error as error:
            raise problem_of(error) from error

    def open(self) -> None:
        """Connect and take the snapshot, unless that was done; queries do it by themselves.

        Raises `CheckError` when that fails, `Inconclusive` when somebody locks a table too long.
        """
        if self._connection is not None:
            return
        try:
            self._connection = psycopg2.connect(**self._arguments)
            self._connection.autocommit = True
            self._connection.set_client_encoding("UTF8")
            with self._connection.cursor() as cursor:
                self._prepare(cursor)
                self._begin(cursor)
        except psycopg2.OperationalError as error:
            self.close()
            raise problem_of(error) from error
        except psycopg2.Error as error:
            self.close()
            raise CheckError(
                f"The read-only snapshot could not be opened: {said_by(error)}.",
                "Check the role of the checks: it must exist, the database user must be a member "
                "of it, and that user needs the right TEMPORARY on the database.",
            ) from error

    def _prepare(self, cursor: Any) -> None:
        extensions.register_type(_DECIMAL, self._connection)
        extensions.register_type(_TEXT, self._connection)
        extensions.register_type(_TEXTS, self._connection)
        extras.register_default_json(self._connection)
        extras.register_default_jsonb(self._connection)
        settings = {
            "application_name": "ipai_release_checks",
            "statement_timeout": self.statement_timeout_ms,
            "lock_timeout": self.statement_timeout_ms,
            "idle_in_transaction_session_timeout": _IDLE_LIMIT_MS,
            "timezone": "UTC",
            "datestyle": "ISO",
            "standard_conforming_strings": "on",
        }
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, str(value)))

    def _begin(self, cursor: Any) -> None:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self._hidden = secrets_view.hide(cursor, self._role)
        # From here on nothing can be written, and nothing can make the transaction writable again.
        cursor.execute("SET TRANSACTION READ ONLY")
        if self._role:
            cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(self._role)))
        cursor.execute("SELECT pg_current_snapshot()::text, clock_timestamp()::text")
        name, taken_at = cursor.fetchone()
        self._identity = SnapshotIdentity(name, datetime.fromisoformat(taken_at + ":00"))


@contextmanager
def _savepoint(cursor: Any) -> Iterator[None]:
    # Rolled back in every case: it closes the check's cursor and gives back what it held.
    cursor.execute("SAVEPOINT ipai_check")
    try:
        yield
    finally:
        if not cursor.connection.closed:
            cursor.execute("ROLLBACK TO SAVEPOINT ipai_check")


def _fetch(cursor: Any, count: int) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    cursor.execute("FETCH FORWARD %s FROM ipai_check", (count,))
    columns = tuple(column.name for column in cursor.description)
    sql_rules.refuse_columns(columns)
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise CheckError(
            f"The statement returns more than one column named {', '.join(twice)}.",
            "Give each column a name of its own: SELECT count(*) AS posted_payments.",
        )
    return columns, [
        {name: jsonable(value) for name, value in zip(columns, row, strict=True)}
        for row in cursor.fetchall()
    ]


def _bound(cursor: Any, statement: str, params: Any) -> str:
    if "\x00" in statement:
        raise ParameterError("sql", "holds a NUL character.", "Remove it.")
    try:
        return cursor.mogrify(statement, params or None).decode("utf-8")
    except (KeyError, IndexError, TypeError, ValueError, psycopg2.ProgrammingError) as error:
        raise ParameterError(
            "params",
            f"the values do not fit the placeholders of the statement ({error}).",
            "Give each %(name)s of the statement a value in 'params', and write a percent sign of "
            "the text as %% when there are values.",
        ) from error
