from odoo import api, models

from ..core import guard
from . import locks


class AccountFullReconcile(models.Model):
    """The mark of a full reconciliation goes only with its partials."""

    _inherit = "account.full.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and not guard.is_lifted(self.env):
            for vals in vals_list:
                self._check_items(vals)
        return super().create(vals_list)

    def write(self, vals):
        if locks.FULL & vals.keys():
            self._check_payments()
        return super().write(vals)

    def unlink(self):
        self._check_payments()
        return super().unlink()

    def _check_items(self, vals):
        """Raise when ``vals`` take a posted payment's item out of its reconciliation.

        Odoo marks the items of the partials, all of them, and nothing else.
        """
        items = self._named(vals, "reconciled_line_ids")
        partials = self._named(vals, "partial_reconcile_ids")
        foreign = items - partials.debit_move_id - partials.credit_move_id
        left_out = partials.full_reconcile_id.reconciled_line_ids - items
        if foreign or left_out:
            (foreign | left_out).move_id._posted_payments()._locked()._check_may_unreconcile()

    def _named(self, vals, name):
        """Return the records that the commands ``vals[name]`` set or add."""
        ids = set()
        for command, *operands in vals.get(name) or ():
            if command in (4, 6):
                ids.update(operands[1] if command == 6 else operands[:1])
        return self.env[self._fields[name].comodel_name].browse(sorted(ids))

    def _check_payments(self):
        if not guard.is_lifted(self.env):
            self.reconciled_line_ids.move_id._posted_payments()._locked()._check_may_unreconcile()
