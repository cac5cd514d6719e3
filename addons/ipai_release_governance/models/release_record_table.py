"""One table of a release's record: rows out as JSON, rows back with the same ids.

PostgreSQL itself turns rows into JSON and back, so that every column comes through, whatever
addons add. Odoo's models are not asked: they would refuse, complete or notify.
"""

import json

from psycopg2.sql import SQL, Identifier

EVENT = "ipai_release_event"
ATTACHMENT = "ir_attachment"
#: Columns that are left out: a search index may be large, and Odoo makes it anew.
LEFT_OUT = frozenset({"index_content"})

COLUMNS = """
SELECT attribute.attname, attribute.attnotnull
  FROM pg_attribute attribute
 WHERE attribute.attrelid = %s::regclass AND attribute.attnum > 0
   AND NOT attribute.attisdropped AND attribute.attgenerated = ''
"""
REFERENCES = """
SELECT attribute.attname, target.relname
  FROM pg_constraint constraint_
  JOIN pg_attribute attribute
    ON attribute.attrelid = constraint_.conrelid AND attribute.attnum = constraint_.conkey[1]
  JOIN pg_class target ON target.oid = constraint_.confrelid
 WHERE constraint_.conrelid = %s::regclass AND constraint_.contype = 'f'
   AND cardinality(constraint_.conkey) = 1
"""


class RecordTable:
    """Rows of one release in one table.

    :param cr: cursor
    :param name: of the table
    :param condition: SQL on its columns, with the bound value ``release``
    """

    def __init__(self, cr, name, condition):
        self._cr = cr
        self.name = name
        self._condition = condition
        cr.execute(COLUMNS, [name])
        self._columns = {
            column: required for column, required in cr.fetchall() if column not in LEFT_OUT
        }
        cr.execute(REFERENCES, [name])
        #: ``{column: table it refers to}``
        self.references = dict(cr.fetchall())

    # -- out ---------------------------------------------------------------------------------

    def rows(self, release):
        """The rows of a release, as JSON objects in a fixed order."""
        query = SQL("SELECT to_jsonb(t)::text FROM (SELECT {} FROM {} WHERE {}) t ORDER BY 1")
        columns = SQL(", ").join(map(Identifier, self._columns))
        self._cr.execute(
            query.format(columns, Identifier(self.name), self._condition), {"release": release}
        )
        rows = [json.loads(text) for (text,) in self._cr.fetchall()]
        return sorted(rows, key=lambda row: row.get("id", 0))

    # -- back --------------------------------------------------------------------------------

    def taken(self, rows, release):
        """Ids of ``rows`` that now belong to somebody else's row."""
        ids = [row["id"] for row in rows if "id" in row]
        query = SQL("SELECT id FROM {} WHERE id = ANY(%(ids)s) AND NOT coalesce(({}), false)")
        if not ids:
            return []
        self._cr.execute(
            query.format(Identifier(self.name), self._condition), {"ids": ids, "release": release}
        )
        return [row_id for (row_id,) in self._cr.fetchall()]

    def next_id(self):
        self._cr.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [self.name])
        return self._cr.fetchone()[0]

    def put(self, rows):
        """Write rows over those of the same id, and beside them."""
        self._insert(rows, self._replace(rows))

    def append(self, rows, length):
        """Add the rows whose ``sequence`` is beyond ``length``; what is there is not touched."""
        self._insert([row for row in rows if row["sequence"] > length], SQL(""))

    def move_sequence(self):
        """Let the next new row come after those that came back."""
        if "id" not in self._columns:
            return
        query = SQL(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), greatest(max(id), "
            "nextval(pg_get_serial_sequence(%s, 'id')))) FROM {}"
        )
        self._cr.execute(query.format(Identifier(self.name)), [self.name, self.name])

    def _insert(self, rows, conflict):
        if not rows:
            return
        query = SQL(
            "INSERT INTO {table} ({columns}) SELECT {values} "
            "FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) AS r WHERE {whole} {conflict}"
        )
        names = self._written(rows)
        self._cr.execute(
            query.format(
                table=Identifier(self.name),
                columns=SQL(", ").join(map(Identifier, names)),
                values=SQL(", ").join(map(self._value, names)),
                whole=self._whole(names),
                conflict=conflict,
            ),
            [json.dumps(rows)],
        )

    def _written(self, rows):
        """Columns that record and table both know: either may be of an older version."""
        return [name for name in self._columns if name in rows[0]]

    def _value(self, name):
        """A column's value; a reference to a row that is not here any more becomes empty."""
        column = SQL("r.{}").format(Identifier(name))
        if name not in self.references:
            return column
        return SQL("CASE WHEN {exists} THEN {column} END").format(
            exists=self._exists(name), column=column
        )

    def _exists(self, name):
        return SQL("EXISTS (SELECT FROM {target} x WHERE x.id = r.{column})").format(
            target=Identifier(self.references[name]), column=Identifier(name)
        )

    def _whole(self, names):
        """Leaves out rows that cannot be without a row that is not here, such as a new user's."""
        needed = [name for name in names if name in self.references and self._columns[name]]
        return SQL(" AND ").join([SQL("true"), *map(self._exists, needed)])

    def _replace(self, rows):
        names = [name for name in self._written(rows) if name != "id"] if rows else []
        if "id" not in self._columns or not names:
            return SQL("ON CONFLICT DO NOTHING")
        return SQL("ON CONFLICT (id) DO UPDATE SET {}").format(
            SQL(", ").join(
                SQL("{name} = EXCLUDED.{name}").format(name=Identifier(name)) for name in names
            )
        )
