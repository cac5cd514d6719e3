"""Damages the accounting data of a database by SQL, as a careless hand on a console would.

For copies only: the release that runs on the copy has to find every damage and name its records.
``python -m tools.demo.damage DATABASE`` does all damages and prints what was broken.
Each function breaks one thing in the first suitable records and returns what it broke. The caller
commits. The role needs to own the tables, it need not be a superuser.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

from tools.say import command, say

MISPLACED = "0.01"


@dataclass(frozen=True)
class Damage:
    """What was damaged: code, table and id of the record, and the name people know it by."""

    code: str
    table: str
    record_id: int
    name: str
    detail: str


def orphaned_line(cr) -> Damage:
    """Delete the head of a paid customer invoice; its lines and their matching stay behind."""
    move, name, lines = _first(
        cr,
        """
        SELECT move.id, move.name, count(DISTINCT line.id)
          FROM account_move move
          JOIN account_move_line line ON line.move_id = move.id
         WHERE move.move_type = 'out_invoice' AND move.state = 'posted'
           AND EXISTS (SELECT 1 FROM account_partial_reconcile partial
                         JOIN account_move_line matched ON matched.id = partial.debit_move_id
                        WHERE matched.move_id = move.id)
         GROUP BY move.id ORDER BY move.id LIMIT 1
        """,
        "a posted customer invoice that was paid",
    )
    with _without_foreign_key(cr, "account_move_line", "move_id"):
        cr.execute("DELETE FROM account_move WHERE id = %s", [move])
    return Damage(
        "orphaned_line", "account_move", move, name, f"{lines} journal items without an entry"
    )


def imbalance(cr) -> Damage:
    """Add one cent to the debit of one line of a posted vendor bill."""
    line, move, name = _first(
        cr,
        """
        SELECT line.id, move.id, move.name
          FROM account_move_line line JOIN account_move move ON move.id = line.move_id
         WHERE move.move_type = 'in_invoice' AND move.state = 'posted'
           AND line.display_type = 'product' AND line.debit > 0
         ORDER BY move.id, line.id LIMIT 1
        """,
        "a posted vendor bill",
    )
    cr.execute(
        """
        UPDATE account_move_line
           SET debit = debit + %(cent)s::numeric, balance = balance + %(cent)s::numeric
         WHERE id = %(line)s
        """,
        {"cent": MISPLACED, "line": line},
    )
    return Damage("imbalance", "account_move", move, name, f"debit exceeds credit by {MISPLACED}")


def missing_payment(cr) -> Damage:
    """Delete the row of a posted and matched payment; its journal entry stays behind."""
    payment, name = _first(
        cr,
        """
        SELECT payment.id, move.name
          FROM account_payment payment JOIN account_move move ON move.id = payment.move_id
         WHERE move.state = 'posted'
           AND EXISTS (SELECT 1 FROM account_partial_reconcile partial
                         JOIN account_move_line matched
                           ON matched.id IN (partial.debit_move_id, partial.credit_move_id)
                        WHERE matched.move_id = move.id)
         ORDER BY payment.id LIMIT 1
        """,
        "a posted payment that was matched",
    )
    cr.execute("DELETE FROM account_payment WHERE id = %s", [payment])
    return Damage(
        "missing_payment", "account_payment", payment, name, "journal entry without its payment"
    )


DAMAGES: dict[str, Callable] = {
    function.__name__: function for function in (orphaned_line, imbalance, missing_payment)
}


def apply(cr, codes: Iterable[str] = tuple(DAMAGES)) -> list[Damage]:
    """Do the damages named by ``codes`` (all of them if none is named); return what was broken.

    Raises ``KeyError`` for an unknown code and ``LookupError`` if there is nothing to damage.
    """
    return [DAMAGES[code](cr) for code in codes]


def _first(cr, query: str, what: str, parameters=()) -> tuple:
    cr.execute(query, parameters)
    row = cr.fetchone()
    if row is None:
        raise LookupError(f"cannot damage this database: it holds not even {what}")
    return row


@contextmanager
def _without_foreign_key(cr, table: str, column: str):
    """Drop the foreign key of a column meanwhile, and put it back without checking the rows.

    With the key in place PostgreSQL would delete the lines together with their entry.
    """
    name, definition = _first(
        cr,
        """
        SELECT con.conname, pg_get_constraintdef(con.oid)
          FROM pg_constraint con
          JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = con.conkey[1]
         WHERE con.contype = 'f' AND con.conrelid = %s::regclass AND att.attname = %s
        """,
        f"a foreign key on {table}.{column}",
        (table, column),
    )
    names = {"table": sql.Identifier(table), "name": sql.Identifier(name)}
    cr.execute(sql.SQL("ALTER TABLE {table} DROP CONSTRAINT {name}").format(**names))
    yield
    restore = "ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID"
    cr.execute(sql.SQL(restore).format(**names, definition=sql.SQL(definition)))


def main():
    with psycopg2.connect(dbname=sys.argv[1]) as connection, connection.cursor() as cursor:
        for damage in apply(cursor):
            say(f"   damaged: {damage.name} ({damage.code}): {damage.detail}")


if __name__ == "__main__":
    command(main)
