"""Hide secret columns of tables that a check may otherwise read.

Refusing the columns' names is not enough: ``SELECT move FROM account_move move`` names none of them
and returns all. For each such table a temporary view of the same name, without the secret columns,
stands before the table on the search path. It is made in the snapshot's own transaction and never
committed: nobody else sees it, and no upgrade of the table ever fails because a view depends on it.
"""

from __future__ import annotations

import re
from typing import Any

from psycopg2 import sql

from .base import CheckError
from .sql_rules import SECRET_COLUMN, SECRET_TABLES, words_of

#: Tables in which every column that sounds like a secret is one; elsewhere `payment_token_id` is
#: none.
_TABLES = ("res_users", "res_partner")
_SOUNDS_SECRET = re.compile(r"password|passwd|secret|token|api_?key")

#: What looks a table up by its name, and would find the view.
_BY_NAME = re.compile(r"\b(?:to_)?regclass\b|\bpg_\w+_size\s*\(\s*e?'", re.IGNORECASE)

_COLUMNS = """
    SELECT nspname, relname, array_agg(attname::text ORDER BY attnum)
      FROM pg_catalog.pg_class
      JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
      JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
     WHERE relkind IN ('r', 'p') AND nspname <> 'pg_catalog' AND NOT relname = ANY(%s)
       AND pg_table_is_visible(pg_class.oid)
       AND has_table_privilege(coalesce(%s, current_user), pg_class.oid, 'SELECT')
     GROUP BY nspname, relname
    HAVING bool_or(attname ~ %s)
"""


def hide(cursor: Any, role: str | None) -> frozenset[tuple[str, str]]:
    """Create the views for ``role`` (None: the session's); return schema and name of the tables.

    ``cursor`` is in a transaction that can still write.
    """
    cursor.execute(_COLUMNS, (list(SECRET_TABLES), role, _SOUNDS_SECRET.pattern))
    hidden = set()
    for schema, table, columns in cursor.fetchall():
        shown = [column for column in columns if not _is_secret(table, column)]
        if len(shown) < len(columns):
            _create_view(cursor, schema, table, shown, role)
            hidden.add((schema, table))
    cursor.execute(
        "SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)"
    )
    return frozenset(hidden)


def _is_secret(table: str, column: str) -> bool:
    if table in _TABLES:
        return bool(_SOUNDS_SECRET.search(column))
    return bool(SECRET_COLUMN.fullmatch(column))


def _create_view(cursor: Any, schema: str, table: str, shown: list[str], role: str | None) -> None:
    cursor.execute(
        sql.SQL("CREATE TEMPORARY VIEW {} AS SELECT {} FROM {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, shown)),
            sql.Identifier(schema, table),
        )
    )
    if role:
        cursor.execute(
            sql.SQL("GRANT SELECT ON {} TO {}").format(
                sql.Identifier("pg_temp", table), sql.Identifier(role)
            )
        )


def refuse_behind(text: str, hidden: frozenset[tuple[str, str]]) -> None:
    """Raise `CheckError` when the text would reach behind a view, or take it for the table."""
    for schema in {schema for schema, _table in hidden}:
        if re.search(rf'\b{re.escape(schema)}"?\s*(?:\.|--|/\*)', text, re.IGNORECASE):
            raise CheckError(
                f"The statement names the schema '{schema}'.",
                "Name tables without their schema.",
            )
    tables = words_of(text) & {table for _schema, table in hidden}
    if tables and _BY_NAME.search(text):
        raise CheckError(
            f"The statement looks up {', '.join(sorted(tables))} by name and would find the view "
            "that hides its secret columns, not the table.",
            "Compare relname, with relkind = 'r', in pg_class and use its oid.",
        )
