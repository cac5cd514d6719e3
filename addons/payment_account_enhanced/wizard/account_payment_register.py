from odoo import models

from ..core import guard, states
from ..models.account_payment_approval import GROUP


class AccountPaymentRegister(models.TransientModel):
    """The Pay button: a payment that needs approval waits, with its bills attached."""

    _inherit = "account.payment.register"

    def _create_payments(self):
        self.env["account.payment.allocation"]._check_not_paid_twice(self.line_ids)
        return super()._create_payments()

    def _post_payments(self, to_process, edit_mode=False):
        waiting = self._waiting(to_process)
        for vals in waiting:
            vals["payment"]._hold_back()
            self._attach_bills(vals)
        self._submit([vals["payment"] for vals in waiting])
        direct = [vals for vals in to_process if vals not in waiting]
        if direct:
            super()._post_payments(direct, edit_mode=edit_mode)

    def _reconcile_payments(self, to_process, edit_mode=False):
        # Since 18 Odoo notes the posted payment on its bills, reached by their items.
        direct = [
            vals | {"to_reconcile": guard.lifted(vals["to_reconcile"])}
            for vals in to_process
            if not vals["payment"].allocation_ids
        ]
        if direct:
            super()._reconcile_payments(direct, edit_mode=edit_mode)

    def _waiting(self, to_process):
        payments = self.env["account.payment"].union(*(vals["payment"] for vals in to_process))
        needing = payments._needing_approval()
        return [vals for vals in to_process if vals["payment"] in needing]

    def _attach_bills(self, vals):
        """Note which bills the payment will pay, in the order and with the rate of the wizard."""
        payment = vals["payment"]
        left = payment.amount
        allocations = []
        dues = {line: self._due(payment, line) for line in vals["to_reconcile"]}
        # Credit notes first: what they give can be spent on the bills. Then what is due longest.
        order = sorted(
            dues, key=lambda line: (dues[line] > 0, line.date_maturity or line.date, -dues[line])
        )
        for sequence, line in enumerate(order):
            amount = min(dues[line], left)
            left -= amount
            allocations.append(
                {
                    "payment_id": payment.id,
                    "sequence": sequence,
                    "move_line_id": line.id,
                    "amount": amount,
                    "forced_rate": vals.get("rate", 0.0),
                }
            )
        # The rate is the wizard's, and nobody else enters one.
        guard.lifted(self.env["account.payment.allocation"]).create(allocations)

    def _due(self, payment, line):
        """Return what is due on a bill's item in the currency of the payment.

        Negative for a credit note.
        """
        residual = line.currency_id._convert(
            line.amount_residual_currency, payment.currency_id, payment.company_id, payment.date
        )
        return -residual if payment.payment_type == "outbound" else residual

    def _submit(self, payments):
        """Submit for whoever may; for others the payment waits in draft."""
        roles = (GROUP % role for role in states.ROLES)
        if payments and any(self.env.user.has_group(role) for role in roles):
            self.env["account.payment"].union(*payments).action_submit_for_review()
