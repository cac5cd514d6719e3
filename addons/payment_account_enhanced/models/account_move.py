from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..core import guard, states
from . import locks
from .account_payment_guard import MANAGER
from .series import MOVE_PAYMENT

#: The payments that a bill names as its own, since 18.
MATCHED = "matched_payment_ids"


class AccountMove(models.Model):
    """The choke point of journal entries: those behind payments, and every posted one's state."""

    _inherit = "account.move"

    payment_allocation_ids = fields.One2many("account.payment.allocation", "move_id")
    payment_under_approval = fields.Boolean(
        string="Payment under Approval",
        compute="_compute_payment_under_approval",
        search="_search_payment_under_approval",
        help="A payment of this document waits for approval.",
    )

    def _compute_payment_under_approval(self):
        # Without dependencies: they would cost every posted payment a query.
        for move in self:
            payments = move.payment_allocation_ids.payment_id
            move.payment_under_approval = bool(payments._under_approval())

    def _search_payment_under_approval(self, operator, value):
        waiting = [("payment_id.approval_state", "in", states.OPEN)]
        allocations = self.env["account.payment.allocation"].search(waiting)
        wanted = (operator in ("=", "in")) == bool(any(value) if operator == "in" else value)
        return [("id", "in" if wanted else "not in", allocations.move_id.ids)]

    def action_open_payments_under_approval(self):
        payments = self.payment_allocation_ids.payment_id._under_approval()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "payment_account_enhanced.action_payment_approval"
        )
        return action | {"domain": [("id", "in", payments.ids)], "context": {}}

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        if any(MATCHED in vals for vals in vals_list):
            moves._check_may_link(moves.env["account.payment"])
        return moves

    def write(self, vals):
        if guard.is_lifted(self.env):
            return super().write(vals)
        edits = self._locked_changes(vals)
        submitted = self._submitted_payments(vals)
        linked = self[MATCHED] if MATCHED in vals else None
        payments = submitted.union(*edits)
        moves = guard.lifted_for(self, payments) if payments else self
        result = super(AccountMove, moves).write(vals)
        payments._record_edits(edits, "account.move")
        submitted._reopen_if_changed()
        if linked is not None:
            self._check_may_link(linked)
        return result

    def unlink(self):
        if not self or guard.is_lifted(self.env):
            return super().unlink()
        payments = self._posted_payments()._locked()
        (self.payment_ids - payments)._before_entry_is_deleted()
        if payments:
            payments._check_may_change({"state"})
            payments._record_history("delete", from_state=states.POSTED)
            return super(AccountMove, guard.lifted(self)).unlink()
        return super().unlink()

    def _reverse_moves(self, default_values_list=None, cancel=False):
        payments = self._posted_payments()._locked()
        if payments:
            payments._check_may_change({"state"})
            payments._record_history(
                "edit", from_state=states.POSTED, changes=_("Journal entry reversed")
            )
        return super()._reverse_moves(default_values_list=default_values_list, cancel=cancel)

    def _entry_payments(self):
        """Return the payments whose entry is one of these, found from both ends of the link."""
        return self[MOVE_PAYMENT] | self.payment_ids

    def _posted_payments(self):
        """Return the payments behind those of these entries that are posted."""
        posted = self.filtered(lambda move: move.state == "posted")
        if not posted:  # asked for with every item that is entered
            return self.env["account.payment"]
        return posted._entry_payments().filtered(lambda payment: payment._is_posted())

    def _submitted_payments(self, vals):
        """Return the payments whose approval ``vals`` may end, once for each outermost write."""
        if not locks.MOVE & vals.keys():
            return self.env["account.payment"]
        drafts = self.filtered(lambda move: move.move_type == "entry" and move.state == "draft")
        payments = drafts[MOVE_PAYMENT]._submitted()
        return payments.filtered(lambda payment: not payment._is_permitted())

    def _locked_changes(self, vals):
        """Return ``{payment: changes}`` of the entries of posted payments that ``vals`` change.

        :raises UserError: the user may not change one of them, or reset it.
        """
        if self.env.su or not locks.MOVE & vals.keys():
            return {}
        edits = {}
        for move in self.filtered(lambda move: move.state == "posted"):
            if vals.get(locks.STATE, move.state) != move.state:
                move._check_hash()
            behind = move._posted_payments()
            payments = behind._locked()
            changes = locks.changes(move, vals, locks.MOVE) if payments else {}
            if changes:
                payments._check_may_change(changes.keys(), "account.move")
                edits.update(dict.fromkeys(payments, changes))
            elif not behind and vals.get(locks.STATE, move.state) != move.state:
                move._check_may_reset()
        return edits

    def _check_hash(self):
        """Raise when this entry is locked by its hash: nobody takes it out of the books."""
        if self.inalterable_hash:
            raise UserError(
                _("%s is locked by its hash and cannot be reset to draft. Reverse it.", self.name)
            )

    def _check_may_reset(self):
        """Raise unless the user may take this posted document out of the books.

        It is no payment's entry: those are asked for themselves.
        """
        self.ensure_one()
        if self.move_type == "entry":
            self._check_not_voiding()
        if self.env.user.has_group(MANAGER):
            return
        if self.move_type == "entry":
            raise UserError(
                _(
                    "Posted journal entries cannot be reset to draft or cancelled: %s. "
                    "Reverse the entry, or ask a Payment Manager.",
                    self.name,
                )
            )
        paid_by = self._reconciled_posted_payments()
        if paid_by:
            raise UserError(
                _(
                    "Posted documents paid by a posted payment cannot be reset to draft or "
                    "cancelled: %(document)s is paid by %(payments)s. "
                    "Ask a Payment Manager, or enter a credit note.",
                    document=self.name,
                    payments=", ".join(paid_by.mapped("approval_label")),
                )
            )

    def _check_not_voiding(self):
        """Raise when this entry is what made a payment void."""
        # sudo: whoever resets an entry need not be allowed to read payments.
        payments = self.env["account.payment"].sudo()
        payments.search([("void_move_id", "in", self.ids)])._check_not_void()

    def _reconciled_posted_payments(self):
        lines = self.line_ids
        others = lines.matched_debit_ids.debit_move_id | lines.matched_credit_ids.credit_move_id
        return (others.move_id - self)._posted_payments() | self._payments_without_entry()

    def _payments_without_entry(self):
        """Return the posted payments that pay these bills by being linked to them (since 18)."""
        if MATCHED not in self._fields:
            return self.env["account.payment"]
        return self[MATCHED].filtered(lambda payment: payment._is_posted() and not payment.move_id)

    def _check_may_link(self, linked):
        """Raise unless the user may change which posted payments pay these bills.

        :param linked: the payments that were linked before.
        """
        payments = self[MATCHED]
        changed = (payments - linked) | (linked - payments)
        changed.filtered(lambda payment: payment._is_posted())._locked()._check_may_unreconcile()
