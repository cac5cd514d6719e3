from odoo import _, fields, models
from odoo.exceptions import UserError

from .account_payment_guard import MANAGER
from .series import POSTED_STATES


class AccountJournal(models.Model):
    _inherit = "account.journal"

    payment_approval = fields.Boolean(
        string="Payments Need Approval",
        help="Used where the company asks for approval per journal.",
    )

    def write(self, vals):
        changed = {"active", "currency_id"} & vals.keys()
        if changed and not self.env.su and not self.env.user.has_group(MANAGER):
            self._check_no_posted_payments(vals, changed)
        return super().write(vals)

    def _check_no_posted_payments(self, vals, names):
        """Raise when a journal whose posted payments this would touch is archived or converted."""
        for journal in self:
            if not any(
                self.env["account.move"]._field_will_change(journal, vals, name) for name in names
            ):
                continue
            domain = [("journal_id", "=", journal.id), ("state", "in", POSTED_STATES)]
            if self.env["account.payment"].search_count(domain, limit=1):
                raise UserError(
                    _(
                        "Posted payments cannot be modified: %s holds posted payments, so it "
                        "cannot be archived and keeps its currency. Ask a Payment Manager.",
                        journal.display_name,
                    )
                )
