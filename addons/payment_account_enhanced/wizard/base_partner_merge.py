from odoo import _, models

from ..core import states


class MergePartnerAutomatic(models.TransientModel):
    """Merging writes the partner of payments in SQL, below their choke point."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        payments = self._payments_of(partner_ids)
        posted = payments._locked()
        posted._check_may_merge()
        result = super()._merge(partner_ids, dst_partner=dst_partner, extra_checks=extra_checks)
        payments.invalidate_recordset()
        payments.filtered(lambda payment: payment._is_posted())._seal()
        posted._record_history(
            "edit", from_state=states.POSTED, to_state=states.POSTED, changes=_("Partners merged")
        )
        payments._submitted()._reopen_if_changed()
        return result

    def _payments_of(self, partner_ids):
        return self.env["account.payment"].search([("partner_id", "in", list(partner_ids))])
