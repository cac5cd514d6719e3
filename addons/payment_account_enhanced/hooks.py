"""Installing on a database that holds payments already, and leaving it again."""

import logging

from odoo.addons.ipai_series.compat import SERIES
from odoo.tools import SQL

from .core import chain

_logger = logging.getLogger(__name__)

#: Payments per statement: short enough to show progress, long enough to be quick.
CHUNK = 50_000

#: The approval state of a payment that is older than the workflow, from its real state.
STATE_SQL = (
    """
    CASE WHEN payment.state IN ('canceled', 'rejected') OR move.state = 'cancel' THEN 'cancelled'
         WHEN move.state = 'posted' THEN 'posted'
         WHEN move.id IS NULL AND payment.state IN ('in_process', 'paid') THEN 'posted'
         ELSE 'draft' END
    """
    if SERIES >= 18
    else """
    CASE move.state WHEN 'posted' THEN 'posted' WHEN 'cancel' THEN 'cancelled' ELSE 'draft' END
    """
)
COMPANY_SQL = "payment.company_id" if SERIES >= 18 else "move.company_id"


def pre_init_hook(env):
    """Add the computed columns filled: Odoo would compute a million payments one by one."""
    env.cr.execute(
        "ALTER TABLE account_payment"
        " ADD COLUMN IF NOT EXISTS approval_state varchar,"
        " ADD COLUMN IF NOT EXISTS sealed_content text,"
        " ADD COLUMN IF NOT EXISTS sealed_digest varchar"
    )
    statement = SQL(
        "UPDATE account_payment target SET approval_state = %s FROM account_payment payment"
        " LEFT JOIN account_move move ON move.id = payment.move_id"
        " WHERE target.id = payment.id AND target.approval_state IS NULL",
        SQL(STATE_SQL),
    )
    _run_in_chunks(env.cr, statement, "target.id", "approval states")


def post_init_hook(env):
    """Give every payment that was here before its first line of history."""
    env.flush_all()
    date = "date_trunc('second', now() AT TIME ZONE 'UTC')"
    hashed = {
        "previous_hash": "''",
        "payment_key": "payment.id::text",
        "event": "'before'",
        "user_id": "'1'",
        "date": f"to_char({date}, 'YYYY-MM-DD HH24:MI:SS')",
        "to_state": "payment.approval_state",
    }
    text = ", ".join(hashed.get(name, "''") for name in chain.FIELDS)
    statement = SQL(
        "INSERT INTO account_payment_history (payment_id, payment_key, payment_name, company_id,"
        " event, user_id, date, to_state, previous_hash, hash, create_uid, create_date, write_uid,"
        " write_date)"
        " SELECT payment.id, payment.id, %(name)s, %(company)s, 'before', 1, %(date)s,"
        " payment.approval_state, '',"
        " encode(sha256(convert_to(concat_ws(%(separator)s, %(text)s), 'UTF8')), 'hex'),"
        " 1, %(date)s, 1, %(date)s"
        " FROM account_payment payment LEFT JOIN account_move move ON move.id = payment.move_id"
        " WHERE NOT EXISTS (SELECT FROM account_payment_history line"
        " WHERE line.payment_key = payment.id)",
        name=SQL("COALESCE(payment.name, move.name)" if SERIES >= 18 else "move.name"),
        company=SQL(COMPANY_SQL),
        date=SQL(date),
        separator=chain.SEPARATOR,
        text=SQL(text),
    )
    _run_in_chunks(env.cr, statement, "payment.id", "first lines of history")


def uninstall_hook(env):
    """Take back what an uninstallation would stumble over."""
    activity_type = env.ref(
        "payment_account_enhanced.activity_payment_step", raise_if_not_found=False
    )
    if activity_type:
        env["mail.activity"].search([("activity_type_id", "=", activity_type.id)]).unlink()


def _run_in_chunks(cr, statement, id_column, what):
    """Run a statement for ranges of payment ids and say how far it is.

    :param SQL statement: ends in a WHERE clause that more conditions can follow.
    :param str id_column: the payment's id in the statement, a constant of this file.
    """
    cr.execute("SELECT MIN(id), MAX(id) FROM account_payment")
    first, last = cr.fetchone()
    if first is None:
        return
    for start in range(first, last + 1, CHUNK):
        ranged = SQL(
            "%s AND %s >= %s AND %s < %s",
            statement,
            SQL(id_column),
            start,
            SQL(id_column),
            start + CHUNK,
        )
        cr.execute(ranged)
        _logger.info("Payments up to id %s of %s: %s filled", min(start + CHUNK, last), last, what)
