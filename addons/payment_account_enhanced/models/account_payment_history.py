from odoo import _, api, fields, models
from odoo.exceptions import AccessError

from ..core import chain, guard
from .account_payment import APPROVAL_STATES

EVENTS = [
    ("before", "Before the workflow"),
    ("submit", "Submitted"),
    ("review", "Reviewed"),
    ("approve", "Approved"),
    ("authorize", "Authorized"),
    ("reject", "Rejected"),
    ("reopen", "Sent back to draft"),
    ("verify", "Verified"),
    ("unverify", "Verification withdrawn"),
    ("cancel", "Cancelled before posting"),
    ("post", "Posted"),
    ("edit", "Changed after posting"),
    ("reset", "Reset or cancelled after posting"),
    ("unreconcile", "Reconciliation removed"),
    ("delete", "Deleted"),
    ("override", "Override granted"),
    ("revoke", "Override revoked"),
    ("void", "Voided"),
]


class AccountPaymentHistory(models.Model):
    """One line for every decision on a payment and every change of a posted one.

    Nobody has the right to write here, and the methods refuse whoever asks, the superuser
    included: lines come from the payment's own methods, and each carries the hash of the one
    before it.
    """

    _name = "account.payment.history"
    _description = "Payment History"
    _order = "id desc"
    _rec_name = "event"

    payment_id = fields.Many2one("account.payment", index=True, readonly=True)
    payment_key = fields.Integer(
        string="Payment Id",
        help="Stays when the payment is deleted.",
        required=True,
        index=True,
        readonly=True,
    )
    payment_name = fields.Char(string="Payment Number", readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    event = fields.Selection(EVENTS, required=True, readonly=True)
    user_id = fields.Many2one("res.users", string="By", required=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True)
    from_state = fields.Selection(APPROVAL_STATES, string="From", readonly=True)
    to_state = fields.Selection(APPROVAL_STATES, string="To", readonly=True)
    reason = fields.Char(readonly=True)
    changes = fields.Text(help="Field, value before, value after.", readonly=True)
    digest = fields.Char(
        string="Digest of the Content",
        help="SHA-256 of what the decision was about.",
        readonly=True,
    )
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(required=True, readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        self._check_caller()
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(_("The history of a payment cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_refused(self):
        raise AccessError(_("The history of a payment cannot be deleted."))

    def _check_caller(self):
        if not guard.is_lifted(self.env):
            raise AccessError(
                _("The history of a payment is written by its workflow only. Use its buttons.")
            )

    @api.model
    def _append(self, payments, event, **values):
        """Add one line for each of ``payments``.

        :param payments: account.payment records.
        :param str event: a key of ``EVENTS``.
        :param values: the other fields; a callable is called with the payment.
        """
        if not payments:
            return self.browse()
        now = fields.Datetime.now()
        self._claim(payments)
        previous = self._last_hashes(payments)
        lines = []
        for payment in payments:
            line = {
                name: value(payment) if callable(value) else value for name, value in values.items()
            }
            line.update(payment._history_identity(), event=event, date=now, user_id=self.env.uid)
            line["previous_hash"] = previous.get(payment.id, "")
            line["hash"] = self._hash(line)
            lines.append(line)
        # sudo: nobody has the right to create history, that is the point of it.
        return guard.lifted(self.sudo()).create(lines)

    @api.model
    def _claim(self, payments):
        """Make two sessions that append to one payment at a time conflict.

        A lock alone would let the second one go on, with its older view of the chain. A new version
        of the row makes PostgreSQL refuse it, and Odoo tries it again.
        """
        self.env.cr.execute(
            "UPDATE account_payment SET write_date = account_payment.write_date"
            " FROM (SELECT id FROM account_payment WHERE id = ANY(%s)"
            " ORDER BY id FOR NO KEY UPDATE) AS claimed WHERE account_payment.id = claimed.id",
            [payments.ids],
        )

    @api.model
    def _last_hashes(self, payments):
        self.flush_model(["payment_key", "hash"])
        self.env.cr.execute(
            "SELECT DISTINCT ON (payment_key) payment_key, hash FROM account_payment_history"
            " WHERE payment_key = ANY(%s) ORDER BY payment_key, id DESC",
            [payments.ids],
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _hash(self, line):
        return chain.link_hash(
            {name: line.get(name) for name in chain.FIELDS}
            | {"date": fields.Datetime.to_string(line["date"])}
        )

    def _chain_lines(self):
        """Return the lines, oldest first, as ``core.chain`` reads them."""
        return [
            {name: line[name] for name in chain.FIELDS}
            | {
                "user_id": line.user_id.id,
                "date": fields.Datetime.to_string(line.date),
                "hash": line.hash,
            }
            for line in self.sorted("id")
        ]
