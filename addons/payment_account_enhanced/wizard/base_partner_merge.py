from odoo import _, models

from ..core import guard


class MergePartnerAutomatic(models.TransientModel):
    """Merging writes the partner of payments in SQL, below their choke point."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        sources = self.env["res.partner"].browse(partner_ids).exists()
        sources -= dst_partner or self._get_ordered_partner(sources.ids)[-1:]
        payments = self._payments_of(sources)
        posted = payments.filtered(lambda payment: payment._is_posted())
        if not self.env.su and not guard.is_lifted(self.env):
            posted._check_may_merge()
        before = {payment: payment.partner_id.display_name for payment in posted}
        result = super()._merge(partner_ids, dst_partner=dst_partner, extra_checks=extra_checks)
        payments.invalidate_recordset()
        self._record_merge(before)
        payments._submitted()._reopen_if_changed()
        return result

    def _payments_of(self, partners):
        """Return the payments, of all companies, that carry one of these partners."""
        # sudo: whoever merges need not see payments, and those of other companies change as well.
        return (
            self.env["account.payment"]
            .sudo()
            .search(
                [
                    "|",
                    ("partner_id", "in", partners.ids),
                    ("move_id.line_ids.partner_id", "in", partners.ids),
                ]
            )
        )

    def _record_merge(self, before):
        """Seal posted payments with their new partner, and say in the history what it was.

        :param dict before: posted payment → name of its partner.
        """
        for payment, name in before.items():
            payment._seal()
            changes = {"partner_id": (name, payment.partner_id.display_name)}
            payment._record_history(
                "edit",
                from_state=payment.approval_state,
                to_state=payment.approval_state,
                reason=_("Partners merged"),
                changes=payment._describe(changes),
            )
