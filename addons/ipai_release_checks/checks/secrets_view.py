"""Hide secret columns of tables that a check may otherwise read.

For each such table a temporary view of the same name, without the secret columns, stands before the
table on the search path. It is made in the snapshot's own transaction and never committed: nobody
else sees it, and no upgrade of the table ever fails because a view depends on it.
"""

from __future__ import annotations

import re
from typing import Any

from psycopg2 import sql

from .base import CheckError

#: Tables of which a check needs much, but never the secrets.
_TABLES = ("res_users", "res_partner")
_SECRET = re.compile(r"password|passwd|secret|token|api_?key")

_COLUMNS = """
    SELECT nspname, relname, array_agg(attname::text ORDER BY attnum)
      FROM pg_catalog.pg_class
      JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
      JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
     WHERE relname = ANY(%s) AND relkind IN ('r', 'p') AND pg_table_is_visible(pg_class.oid)
       AND has_table_privilege(coalesce(%s, current_user), pg_class.oid, 'SELECT')
     GROUP BY nspname, relname
"""


def hide(cursor: Any, role: str | None) -> frozenset[str]:
    """Create the views for ``role`` (None: the session's) and return the schemas behind them.

    ``cursor`` is in a transaction that can still write.
    """
    cursor.execute(_COLUMNS, (list(_TABLES), role))
    schemas = set()
    for schema, table, columns in cursor.fetchall():
        shown = [column for column in columns if not _SECRET.search(column)]
        if len(shown) < len(columns):
            _create_view(cursor, schema, table, shown, role)
            schemas.add(schema)
    cursor.execute(
        "SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)"
    )
    return frozenset(schemas)


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


def refuse_schema(text: str, schemas: frozenset[str]) -> None:
    """Raise `CheckError` when the text names a schema in order to reach behind a view."""
    for schema in schemas:
        if re.search(rf'\b{re.escape(schema)}"?\s*(?:\.|--|/\*)', text, re.IGNORECASE):
            raise CheckError(
                f"The statement names the schema '{schema}'.",
                "Name tables without their schema.",
            )
