from odoo import _, api, models

from ..core import guard, states
from . import locks


class AccountMoveLine(models.Model):
    """The choke point of journal items: those of entries behind posted payments."""

    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not guard.is_lifted(self.env):
            lines._check_items_of_posted(_("Journal items added"))
        return lines

    def write(self, vals):
        if guard.is_lifted(self.env):
            return super().write(vals)
        edits = self._locked_changes(vals)
        payments = self.env["account.payment"].union(*(payment for payment, _changes in edits))
        lines = guard.lifted_for(self, payments) if edits else self
        result = super(AccountMoveLine, lines).write(vals)
        for payment, changes in edits:
            payment._record_edits({payment: changes}, self._name)
        return result

    def unlink(self):
        if self and not guard.is_lifted(self.env):
            self._check_items_of_posted(_("Journal items deleted"))
        return super().unlink()

    def _check_items_of_posted(self, note):
        """Record that items of posted payments come or go, if the user may do that.

        :raises UserError: the user may not.
        """
        payments = self.move_id._posted_payments()._locked()
        payments._check_may_change({"line_ids"}, "account.move")
        payments._record_history("edit", from_state=states.POSTED, changes=note)

    def _locked_changes(self, vals):
        """Return ``[(payment, changes)]``, one for each item of a posted payment that changes.

        :raises UserError: the user may not change one of them.
        """
        if self.env.su or not locks.LINE & vals.keys():
            return []
        edits = []
        # Not by parent_state: that copy of the entry's state can be written by whoever calls.
        for line in self.filtered(lambda line: line.move_id.state == "posted"):
            payments = line.move_id._posted_payments()._locked()
            changes = locks.changes(line, vals, locks.LINE) if payments else {}
            if changes:
                payments._check_may_change(changes.keys(), self._name)
                edits += [(payment, changes) for payment in payments]
        if vals.get("move_id"):
            # An item that is moved must not land in the entry of a posted payment either.
            target = self.env["account.move"].browse(vals["move_id"])
            target._posted_payments()._locked()._check_may_change({"line_ids"}, "account.move")
        return edits
