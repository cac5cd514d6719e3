from odoo import _, fields, models
from odoo.addons.ipai_series.compat import SERIES
from odoo.exceptions import UserError

from ..core import digest, guard, states
from . import locks
from .series import CANCELLED_STATES, POSTED_STATES, RECONCILABLE_STATES


class AccountPayment(models.Model):
    """What happens when a payment is posted: its content is sealed and its bills are paid."""

    _inherit = "account.payment"

    sealed_content = fields.Text(
        compute="_compute_seal", store=True, readonly=True, copy=False, default=False
    )
    sealed_digest = fields.Char(
        compute="_compute_seal",
        store=True,
        readonly=True,
        copy=False,
        default=False,
        help="SHA-256 of the content when the payment was posted.",
    )

    def _compute_seal(self):
        """Fix the content as it stands; runs when ``_seal`` asks for it, not on every change."""
        seals = {payment: payment._seal_values() for payment in self}
        if SERIES < 18:
            self._store_seals(seals)
        else:
            for payment, (content, content_digest) in seals.items():
                payment.sealed_content = content
                payment.sealed_digest = content_digest

    def _seal_values(self):
        """Return the content of a posted payment, spelled out, and its digest."""
        if not self._is_posted():
            return None, None
        content = self._sealable_content()
        return digest.canonical(content), digest.digest(content)

    def _store_seals(self, seals):
        """Store all seals in one statement: before 18 Odoo needs one for each value."""
        payments = [payment for payment in seals if payment._origin]
        self.env.cr.execute(
            "UPDATE account_payment SET sealed_content = seal.content, sealed_digest = seal.digest"
            " FROM unnest(%s, %s::text[], %s::text[]) AS seal(id, content, digest)"
            " WHERE account_payment.id = seal.id",
            [
                [payment.id for payment in payments],
                *map(list, zip(*(seals[payment] for payment in payments), strict=True)),
            ],
        )
        self.invalidate_recordset(["sealed_content", "sealed_digest"], flush=False)

    def _sealable_content(self):
        """Return what must stay as it is once posted: the approved content, number and company."""
        content = self._approval_content() | {"name": self.name, "company_id": self.company_id.id}
        # Where it was booked is in its entry by now.
        return {name: value for name, value in content.items() if name not in locks.BOOKING}

    def write(self, vals):
        if vals.get("state") in CANCELLED_STATES and not self._fields["state"].inherited:
            self._submitted()._note_cancellation()
        unapproved = self._check_posting(vals)
        result = super().write(vals)
        # With what was written they may need an approval that they did not need before.
        unapproved.filtered(lambda payment: payment._is_posted())._check_approved()
        return result

    def action_post(self):
        result = super().action_post()
        # A payment without an entry is posted by its state alone.
        self.filtered(lambda payment: not payment.move_id and payment._is_posted())._after_posting()
        return result

    def _hold_back(self):
        """Show payments whose entry exists already, in draft, as the drafts they are (since 18).

        Odoo says "in process" as soon as there is an entry, and then closes the form.
        """
        early = self.filtered(
            lambda payment: payment.state in POSTED_STATES and not payment._is_posted()
        )
        if early:
            early._write_workflow({"state": "draft"})

    def _note_cancellation(self):
        """Record that payments under approval are given up, before they are."""
        self._record_history(
            "cancel",
            from_state=lambda payment: payment.approval_state,
            to_state=states.CANCELLED,
            digest=lambda payment: payment.approval_digest,
        )
        self._close_activities()

    def action_post_each(self):
        """Post those payments that can be posted, and say of each other one why it was not.

        :return: a notification for the web client.
        """
        problems = []
        for payment in self:
            try:
                with self.env.cr.savepoint():
                    payment.action_post()
            except UserError as error:
                problems.append(f"{payment.approval_label}: {error.args[0]}")
        return self._notification(len(self) - len(problems), problems)

    def _notification(self, posted, problems):
        message = _("%(posted)s of %(all)s payments posted.", posted=posted, all=len(self))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if problems else "success",
                "sticky": bool(problems),
                "message": "\n".join([message, *problems]),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _after_posting(self):
        """Seal the payments, pay their bills and close what waited for them."""
        self._seal()
        approved = self.filtered("approve_uid")
        approved._record_history(
            "post",
            from_state=states.APPROVED,
            to_state=states.POSTED,
            digest=lambda payment: payment.approval_digest,
        )
        approved._close_activities()
        allocated = self.filtered("allocation_ids")
        for payment in allocated:
            payment._pay_bills()

    def _pay_bills(self):
        """Reconcile the payment with its bills: all paid in full at once, then the others.

        So credit notes among them count. Each bill gets its own amount and no more.
        """
        self.ensure_one()
        self._check_payable()
        partial = self.allocation_ids.filtered(lambda allocation: allocation._is_partial())
        in_full = self.allocation_ids - partial
        self._reconcile_with(in_full.move_line_id)
        left = self.amount - sum(in_full.mapped("amount"))
        for allocation in partial:
            left -= allocation.amount
            item = self._open_item(allocation.move_line_id)
            if item and self.currency_id.compare_amounts(left, 0.0) > 0:
                allocation._pay_part(item)
            else:  # all that is left, with what is written off
                self._reconcile_with(allocation.move_line_id)
        self._link_bills()

    def _check_payable(self):
        """Raise when a bill does not take what is to be paid of it: it would be paid twice."""
        problems = [problem for each in self.allocation_ids if (problem := each._payable_problem())]
        if problems:
            raise UserError(
                _(
                    "%(payment)s does not fit its bills any more: %(problems)s Send it back to "
                    "draft, change Bills to Pay and submit it again.",
                    payment=self.approval_label,
                    problems=" ".join(problems),
                )
            )

    def _open_item(self, line):
        """Return the payment's open item that the item of a bill is reconciled with."""
        return self.move_id.line_ids.filtered(
            lambda item: (
                item.account_id == line.account_id
                and item.currency_id == self.currency_id
                and item.amount_residual * line.amount_residual < 0
            )
        )[:1]

    def _reconcile_with(self, bill_lines):
        """Reconcile the payment's open items with those of bills, account by account."""
        self.ensure_one()
        rate = max(self.allocation_ids.mapped("forced_rate"), default=0)
        context = {"forced_rate_from_register_payment": rate} if rate else {}
        open_lines = self.move_id.line_ids + bill_lines
        open_lines = open_lines.filtered(
            lambda line: line.parent_state in RECONCILABLE_STATES and not line.reconciled
        )
        for account in (bill_lines & open_lines).account_id:
            of_account = open_lines.filtered(
                lambda line, account=account: line.account_id == account
            )
            of_account.with_context(**context).reconcile()

    def _link_bills(self):
        """Tell the bills which payment pays them, as the Pay wizard does since 18."""
        if "invoice_ids" in self._fields:
            guard.lifted(self.allocation_ids.move_id).matched_payment_ids += self
