from odoo import fields, models, tools
from odoo.addons.ipai_series.compat import AGGREGATOR, SERIES

from ..core import states


class AccountPaymentWaiting(models.Model):
    """What waits for a decision, how long, and for which role; a view of the database."""

    _name = "account.payment.waiting"
    _description = "Payments Waiting"
    _auto = False
    _order = "waiting_days desc"

    payment_id = fields.Many2one("account.payment", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True)
    role = fields.Selection(
        [("reviewer", "Reviewer"), ("approver", "Approver"), ("authorizer", "Authorizer")],
        string="Waits for",
        readonly=True,
    )
    waiting_since = fields.Datetime(readonly=True)
    waiting_days = fields.Float(string="Days Waiting", readonly=True, **{AGGREGATOR: "avg"})
    amount = fields.Float(string="Amount in Company Currency", readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        roles = " ".join(
            f"WHEN '{state}' THEN '{states.STEPS[step].roles[0]}'"
            for state, step in states.NEXT_STEP.items()
        )
        owner = "payment" if SERIES >= 18 else "move"
        self.env.cr.execute(  # pylint: disable=sql-injection
            f"""
            CREATE VIEW {self._table} AS
            SELECT payment.id, payment.id AS payment_id, {owner}.company_id, {owner}.journal_id,
                   payment.partner_id, payment.waiting_since,
                   CASE payment.approval_state {roles} END AS role,
                   EXTRACT(epoch FROM now() AT TIME ZONE 'UTC' - payment.waiting_since) / 86400.0
                       AS waiting_days,
                   ABS(payment.amount_company_currency_signed) AS amount
              FROM account_payment payment
              LEFT JOIN account_move move ON move.id = payment.move_id
             WHERE payment.approval_state IN {states.WAITING}
            """  # noqa: S608 names and states are constants of this addon
        )
