from odoo import _, models
from odoo.exceptions import UserError

from ..core import guard, states
from . import locks
from .account_payment import WORKFLOW_FIELDS
from .series import POSTED_ENTRY_FOLLOWS

MANAGER = "payment_account_enhanced.group_payment_manager"


class AccountPayment(models.Model):
    """The choke point of payments, below every button: ``write`` and ``unlink``."""

    _inherit = "account.payment"

    def write(self, vals):
        if guard.is_lifted(self.env):
            return super().write(vals)
        self._refuse_forged(WORKFLOW_FIELDS & vals.keys())
        edits = self._locked_changes(vals)
        submitted = self._submitted_changes(vals)
        entries = {payment: payment.move_id for payment in submitted}
        payments = guard.lifted_for(self, self) if edits or submitted else self
        result = super(AccountPayment, payments).write(vals)
        self._record_edits(edits)
        submitted._reopen_if_changed(entries)
        return result

    def _submitted_changes(self, vals):
        """Return the payments whose approval ``vals`` may end, once for each outermost write."""
        if not (locks.CONTENT | {"move_id"}) & vals.keys():
            return self.browse()
        return self._submitted().filtered(lambda payment: not payment._is_permitted())

    def _is_permitted(self):
        return guard.permits(self.env, self.id)

    def unlink(self):
        if self and not guard.is_lifted(self.env):  # Odoo deletes none with every reconciliation
            self._check_deletion()
            self._record_history("delete", from_state=lambda payment: payment.approval_state)
            # The payment is gone for good: its entry and reconciliations go with it.
            return super(AccountPayment, guard.lifted(self)).unlink()
        return super().unlink()

    def action_draft(self):
        # Those under approval stay what they are: Odoo does nothing to them either.
        decided = self.filtered(
            lambda payment: payment._steps_taken() and payment._posting_status() != states.DRAFT
        )
        result = super(AccountPayment, self._open_for_reset()).action_draft()
        if decided:
            # What was approved is not what will be posted next.
            decided._write_workflow(decided._clean_round())
        return result

    def action_cancel(self):
        return super(AccountPayment, self._open_for_reset()).action_cancel()

    def _open_for_reset(self):
        """Return the payments in a context in which they can be reset, if the user may do that.

        :raises UserError: a posted payment is not the user's to reset.
        """
        posted = self._locked()
        if not posted:
            return self
        posted._check_may_change({"state"})
        posted._record_history(
            "reset", from_state=states.POSTED, changes=lambda payment: payment._reset_note()
        )
        return guard.lifted(self)

    def _reset_note(self):
        bills = self._reconciled_documents()
        return _("Reconciled with %s", ", ".join(bills.mapped("name"))) if bills else ""

    def _submitted(self):
        return self.filtered(lambda payment: payment.approval_state in states.SUBMITTED)

    def _locked(self):
        """Return the posted payments that the caller has to ask for; none for the system itself."""
        if self.env.su or guard.is_lifted(self.env):
            return self.browse()
        return self.filtered(
            lambda payment: (
                (payment._is_posted() or payment.approval_state == states.VOID)
                and not payment._is_permitted()
            )
        )

    def _locked_changes(self, vals):
        """Return ``{payment: changes}`` of the posted payments that ``vals`` would change.

        :raises UserError: the user may not change one of them.
        """
        if not locks.PAYMENT & vals.keys():
            return {}
        edits = {}
        for payment in self._locked():
            changes = locks.changes(payment, vals, locks.PAYMENT)
            if changes:
                payment._check_may_change(changes.keys())
                payment._check_entry_follows(locks.BOOKED & changes.keys())
                edits[payment] = changes
        return edits

    def _check_entry_follows(self, names):
        """Raise when books and payment would differ after a change of these fields.

        Since 19 a posted entry stays what it is when its payment is written.
        """
        if names and not POSTED_ENTRY_FOLLOWS and self.move_id.state == "posted":
            raise UserError(
                _(
                    "The journal entry of %(payment)s is posted and would not follow: %(fields)s. "
                    "Reset the payment to draft, change it and post it again.",
                    payment=self.approval_label,
                    fields=self._field_labels(names, self._name),
                )
            )

    def _check_may_change(self, names, model="account.payment"):
        """Raise unless the user may change the fields ``names`` of these posted payments.

        :param names: names of fields of ``model``: the payment, its entry or the entry's items.
        :raises UserError: says which payment and field, and what to do.
        """
        self._check_not_void()
        is_manager = self.env.user.has_group(MANAGER)
        for payment in self:
            if is_manager and payment._has_override():
                continue
            closed = locks.CLOSED_WHEN_RECONCILED.intersection(names)
            if closed and payment._has_reconciliation():
                raise UserError(payment._reconciled_message(closed, model))
            if not is_manager or payment.company_id.payment_lock_mode == "strict":
                raise UserError(payment._posted_message(names, model, is_manager))
        if locks.STATE not in names:
            self._report_changed_since_seal()

    def _check_not_void(self):
        void = self.filtered(lambda payment: payment.approval_state == states.VOID)
        if void:
            names = ", ".join(void.mapped("approval_label"))
            raise UserError(_("Voided payments stay as they are: %s.", names))

    def _check_may_unreconcile(self):
        """Raise unless the user may take these posted payments out of their reconciliation."""
        self._check_not_void()
        if self and not self.env.user.has_group(MANAGER):
            names = ", ".join(self.mapped("approval_label"))
            raise UserError(
                _(
                    "Cannot modify reconciled payment details: %s stays reconciled. "
                    "Ask a Payment Manager to unreconcile or void it.",
                    names,
                )
            )
        strict = self.filtered(lambda payment: payment.company_id.payment_lock_mode == "strict")
        for payment in strict.filtered(lambda payment: not payment._has_override()):
            raise UserError(payment._posted_message({locks.STATE}, self._name, is_manager=True))

    def _check_may_merge(self):
        """Raise unless the user may merge the partners of these posted payments.

        That makes two partners one and changes no payment's content, so a manager may do it with
        reconciled payments too.
        """
        if self and not self.env.user.has_group(MANAGER):
            raise UserError(
                _(
                    "Posted payments cannot be modified: merging would change the partner of %s. "
                    "Ask a Payment Manager to merge.",
                    ", ".join(self[:5].mapped("approval_label")),
                )
            )

    def _behind(self, references):
        """Return the payments that references point at, directly or by their entry.

        :param references: pairs of model and id, as messages and attachments carry them.
        """
        ids = {self._name: set(), "account.move": set()}
        for model, res_id in references:
            if model in ids and res_id:
                ids[model].add(res_id)
        if not any(ids.values()):
            return self.browse()
        # sudo: whoever writes on a bill need not be allowed to read payments.
        known = self.sudo()
        payments = known.browse(ids[self._name])
        payments |= known.env["account.move"].browse(ids["account.move"]).exists()._entry_payments()
        return payments.exists()

    def _under_approval(self):
        """Return the payments that are neither posted nor given up."""
        return self.filtered(lambda payment: payment.approval_state in states.OPEN)

    def _has_override(self):
        self.ensure_one()
        return any(
            override.state == "active" and override.user_id == self.env.user
            for override in self.override_ids
        )

    def _has_reconciliation(self):
        self.ensure_one()
        lines = self.move_id.line_ids
        return bool(lines.matched_debit_ids or lines.matched_credit_ids)

    def _reconciled_documents(self):
        """Return the entries reconciled with this payment, bills and statement lines alike."""
        self.ensure_one()
        lines = self.move_id.line_ids
        partners = lines.matched_debit_ids.debit_move_id | lines.matched_credit_ids.credit_move_id
        return partners.move_id - self.move_id

    def _field_labels(self, names, model):
        described = self.env[model].fields_get(list(names), ["string"])
        return ", ".join(described[name]["string"] for name in sorted(described))

    def _reconciled_message(self, names, model):
        return _(
            "Cannot modify reconciled payment details: %(fields)s of %(payment)s. "
            "Ask a Payment Manager to grant an override for this payment (Override, with a reason "
            "and an end), or to void it.",
            fields=self._field_labels(names, model),
            payment=self.approval_label,
        )

    def _posted_message(self, names, model, is_manager):
        labels = {"fields": self._field_labels(names, model), "payment": self.approval_label}
        if locks.STATE in names:
            message = _(
                "Posted payments cannot be reset to draft or cancelled: %(payment)s.", **labels
            )
        else:
            message = _("Posted payments cannot be modified: %(fields)s of %(payment)s.", **labels)
        if is_manager:
            remedy = _(
                "Grant an override for this payment first (Override, with a reason and an end)."
            )
        else:
            remedy = _("Ask a Payment Manager to change it, or to void it.")
        return f"{message} {remedy}"

    def _record_edits(self, edits, model="account.payment"):
        """Write what a manager changed into the history, and seal the new content."""
        for payment, changes in edits.items():
            event = "reset" if locks.STATE in changes else "edit"
            payment._record_history(
                event, from_state=states.POSTED, changes=payment._describe(changes, model)
            )
            payment._seal()

    def _describe(self, changes, model="account.payment"):
        """Return ``{field: (before, after)}`` as lines of text with the fields' labels."""
        described = self.env[model].fields_get(list(changes), ["string"])
        return "\n".join(
            f"{described[name]['string'] if name in described else name}: {before} → {after}"
            for name, (before, after) in changes.items()
        )

    def _check_deletion(self):
        posted = self._locked()
        if posted:
            posted._check_may_change({"state"})
        self._check_not_submitted()

    def _check_not_submitted(self):
        submitted = self._submitted()
        if submitted and not self.env.su:
            raise UserError(
                _(
                    "Payments under approval cannot be deleted: %s. Send them back to draft first.",
                    ", ".join(submitted.mapped("approval_label")),
                )
            )

    def _before_entry_is_deleted(self):
        """Ask and note what deleting these payments' entries does to them."""
        self._check_not_submitted()
        if self._fields["state"].inherited:
            # The database deletes a payment with its entry, past ``unlink``.
            self._record_history("delete", from_state=lambda payment: payment.approval_state)
        elif self:
            # Without its entry a payment "in process" counts as posted.
            self._held()._hold_back()
