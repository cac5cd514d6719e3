import base64
import secrets
from collections import defaultdict

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools.image import image_data_uri

from ..core import policy, states
from .series import MEMO

VOUCHER_STATES = (states.POSTED, states.VOID)


class AccountPayment(models.Model):
    """The printed voucher, and what its QR code leads to."""

    _inherit = "account.payment"

    voucher_token = fields.Char(
        groups="base.group_system", readonly=True, copy=False, index="btree_not_null"
    )

    def action_print_voucher(self):
        """Print the vouchers of posted payments.

        :raises UserError: a payment is not posted.
        """
        self._check_printable()
        return self.env.ref("payment_account_enhanced.report_voucher").report_action(self)

    def _check_printable(self):
        wrong = self.filtered(lambda payment: payment.approval_state not in VOUCHER_STATES)
        if wrong:
            raise UserError(
                _("Vouchers are printed for posted payments only: %s", wrong._names_with_state())
            )

    def _voucher_url(self):
        """Return the address behind the QR code; the first call makes it and seals the content."""
        self.ensure_one()
        payment = self.sudo()  # sudo: the token is for the voucher only, no user reads it
        if not payment.voucher_token:
            payment._write_workflow({"voucher_token": secrets.token_urlsafe(32)})
        if not payment.sealed_digest:
            payment._seal()
        return f"{self.get_base_url()}/payment/voucher/{payment.voucher_token}"

    def _voucher_qr(self):
        """Return the QR code as an address of image data."""
        code = self.env["ir.actions.report"].barcode(
            "QR", self._voucher_url(), width=200, height=200
        )
        return image_data_uri(base64.b64encode(code))

    def _voucher_amount_in_words(self):
        language = self.partner_id.lang or self.env.lang
        return self.currency_id.with_context(lang=language).amount_to_text(self.amount)

    def _voucher_memo(self):
        return self[MEMO]

    def _voucher_steps(self):
        """Return ``(label, user, date)`` of the decisions, in order."""
        labels = dict(
            self.env["account.payment.history"]._fields["event"]._description_selection(self.env)
        )
        return [
            (labels[name], self[f"{step.stamp}_uid"].name, self[f"{step.stamp}_date"])
            for name, step in states.STEPS.items()
            if self[f"{step.stamp}_uid"]
        ]

    def _voucher_repeated(self):
        """Return the names of the people who took two steps, as a small team may."""
        return ", ".join(user.name for user in policy.repeated(self._steps_taken()))

    def _voucher_bills(self):
        """Return ``(document, amount)``: what this payment paid of each, in its own currency."""
        self.ensure_one()
        paid = defaultdict(float)
        for line, amount in self._paid_items():
            paid[line.move_id] += amount
        documents = [move for move in paid if move.is_invoice(include_receipts=True)]
        documents.sort(key=lambda move: (move.invoice_date or move.date, move.name))
        return [(move, paid[move]) for move in documents]

    def _paid_items(self):
        """Return the items paid, each with the amount in its currency."""
        if not self.move_id:
            return [
                (allocation.move_line_id, allocation._amount_in(allocation.line_currency_id))
                for allocation in self.allocation_ids
            ]
        lines = self.move_id.line_ids
        return [
            *((each.debit_move_id, each.debit_amount_currency) for each in lines.matched_debit_ids),
            *(
                (each.credit_move_id, each.credit_amount_currency)
                for each in lines.matched_credit_ids
            ),
        ]

    def _voucher_void(self):
        """Return the line of history that says who gave the payment up, and when."""
        return self.history_ids.filtered(lambda line: line.event == "void")[:1]

    def _voucher_verdict(self):
        """Return ``valid``, ``changed`` or ``void``: all the public page tells."""
        self.ensure_one()
        if self.approval_state == states.VOID:
            return "void"
        sealed = self.approval_state == states.POSTED and self.sealed_digest
        return "valid" if sealed and not self._changed_since_seal() else "changed"
