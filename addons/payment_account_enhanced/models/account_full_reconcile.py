from odoo import models

from ..core import guard
from . import locks


class AccountFullReconcile(models.Model):
    """The mark of a full reconciliation goes only with its partials."""

    _inherit = "account.full.reconcile"

    def write(self, vals):
        if locks.FULL & vals.keys():
            self._check_payments()
        return super().write(vals)

    def unlink(self):
        self._check_payments()
        return super().unlink()

    def _check_payments(self):
        if not guard.is_lifted(self.env):
            self.reconciled_line_ids.move_id._posted_payments()._locked()._check_may_unreconcile()
