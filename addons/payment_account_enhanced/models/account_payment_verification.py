from odoo import _, fields, models
from odoo.exceptions import UserError

from ..core import states
from . import locks


class AccountPayment(models.Model):
    """Somebody else has compared the payment with its documents."""

    _inherit = "account.payment"

    def write(self, vals):
        verified = self._verified_contents(vals)
        result = super().write(vals)
        self._withdraw_verification(verified)
        return result

    def action_mark_verified(self):
        """Confirm that the payments agree with the documents attached to them.

        :raises UserError: no document number or document, or the user entered the payment.
        """
        self._check_role(states.ROLES, _("verify"))
        for payment in self:
            payment._check_verifiable()
        self._write_workflow({"verifier_id": self.env.uid, "verify_date": fields.Datetime.now()})
        self._record_history(
            "verify",
            from_state=lambda payment: payment.approval_state,
            to_state=lambda payment: payment.approval_state,
            reason=lambda payment: payment.document_number,
        )

    def _check_verifiable(self):
        self.ensure_one()
        if not self.document_number:
            raise UserError(_("Enter the Document Number of %s first.", self.approval_label))
        if self._posting_status() == states.CANCELLED:
            raise UserError(_("%s is cancelled and needs no verification.", self.approval_label))
        if not self.message_attachment_count:
            raise UserError(
                _("Attach the supporting document of %s first (paper clip).", self.approval_label)
            )
        if self.env.user in (self.create_uid | self.submit_uid):
            raise UserError(
                _("%s must be verified by somebody who did not enter it.", self.approval_label)
            )

    def _keeps_documents(self):
        """Whether somebody has relied on the documents of this payment."""
        self.ensure_one()
        handed_in = self.approval_state in states.SUBMITTED
        return handed_in or bool(self.verifier_id) or self._is_posted()

    def _verified_contents(self, vals):
        """Return ``{payment: content}`` of the verified payments that ``vals`` may change."""
        if not locks.CONTENT & vals.keys():
            return {}
        return {payment: payment._approval_content() for payment in self if payment.verifier_id}

    def _withdraw_verification(self, verified):
        """Take the verification back from payments that are not what was verified.

        :param dict verified: from :meth:`_verified_contents`, before the change.
        """
        changed = self.browse().union(
            *(payment for payment, was in verified.items() if payment._approval_content() != was)
        )
        changed._record_history(
            "unverify",
            from_state=lambda payment: payment.approval_state,
            to_state=lambda payment: payment.approval_state,
        )
        if changed:
            changed._write_workflow({"verifier_id": False, "verify_date": False})
