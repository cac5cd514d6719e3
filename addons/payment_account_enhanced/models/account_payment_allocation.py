from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_repr

from ..core import guard, states
from .series import RECONCILABLE_STATES

#: What nobody enters.
DERIVED = frozenset({"company_id", "forced_rate", "move_id"})
#: States of a bill of which nothing is left to pay.
SETTLED = ("paid", "in_payment", "reversed")


class AccountPaymentAllocation(models.Model):
    """A bill that a payment pays once it is posted, and how much of it."""

    _name = "account.payment.allocation"
    _description = "Payment Allocation"
    _order = "sequence, id"
    _rec_name = "move_id"

    payment_id = fields.Many2one("account.payment", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(related="payment_id.company_id", store=True, precompute=True)
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Bill Item",
        help="The receivable or payable item that is reconciled when the payment is posted.",
        required=True,
        index=True,
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        related="move_line_id.move_id", string="Bill", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_display")
    amount = fields.Monetary(
        string="Amount to Pay",
        help="In the currency of the payment; negative for a credit note.",
        required=True,
    )
    residual = fields.Monetary(
        string="Still Due", compute="_compute_display", currency_field="line_currency_id"
    )
    line_currency_id = fields.Many2one(
        "res.currency", string="Bill Currency", compute="_compute_display"
    )
    forced_rate = fields.Float(
        help="Rate the Pay wizard found between bill and payment; 0 if none.",
        digits=0,
        readonly=True,
    )

    def _compute_display(self):
        # Without dependencies: they would cost every reconciliation in the database a query.
        for allocation in self:
            line = allocation.move_line_id
            allocation.currency_id = allocation.payment_id.currency_id
            allocation.line_currency_id = line.currency_id
            allocation.residual = abs(line.amount_residual_currency)

    def _is_partial(self):
        """Whether something of the bill stays due after this payment."""
        self.ensure_one()
        amount = abs(self._amount_in(self.line_currency_id))
        return self.line_currency_id.compare_amounts(amount, self.residual) < 0

    def _payable_problem(self):
        """Return why the bill does not take this amount, or an empty string."""
        self.ensure_one()
        line, bill = self.move_line_id, self.move_line_id.move_id
        settled = line.reconciled or bill.payment_state in SETTLED
        if settled or line.parent_state not in RECONCILABLE_STATES:
            return _("%s is paid already, or cancelled.", bill.display_name)
        over = line.currency_id.compare_amounts(abs(self.amount), self.residual) > 0
        # In another currency the difference may be one of rates.
        if over and line.currency_id == self.currency_id:
            return _(
                "Of %(bill)s %(residual)s %(currency)s are due, not %(amount)s.",
                bill=bill.display_name,
                residual=float_repr(self.residual, line.currency_id.decimal_places),
                currency=line.currency_id.name,
                amount=float_repr(abs(self.amount), line.currency_id.decimal_places),
            )
        return ""

    def _pay_part(self, item):
        """Reconcile just this amount of the bill with the payment's ``item``.

        Both stay open, so no difference of rates is due yet.
        """
        self.ensure_one()
        line = self.move_line_id
        amounts = {item: abs(self.amount), line: abs(self._amount_in(line.currency_id))}
        shares = [
            amount * abs(each.amount_residual / each.amount_residual_currency)
            for each, amount in amounts.items()
        ]
        debit, credit = (item, line) if item.amount_residual > 0 else (line, item)
        partial = self.env["account.partial.reconcile"].create(
            {
                "debit_move_id": debit.id,
                "credit_move_id": credit.id,
                "amount": line.company_currency_id.round(min(shares)),
                "debit_amount_currency": amounts[debit],
                "credit_amount_currency": amounts[credit],
            }
        )
        if line.company_id.tax_exigibility:
            partial._create_tax_cash_basis_moves()

    def _amount_in(self, currency):
        """Return the amount in another currency, at the date of the payment."""
        self.ensure_one()
        payment = self.payment_id
        return payment.currency_id._convert(self.amount, currency, payment.company_id, payment.date)

    @api.constrains("move_line_id", "payment_id")
    def _check_account(self):
        valid = self.env["account.payment"]._get_valid_payment_account_types()
        for allocation in self:
            line = allocation.move_line_id
            if line.account_id.account_type not in valid or line.parent_state == "cancel":
                raise ValidationError(
                    _(
                        "%s is no open receivable or payable item. Choose one of a posted bill.",
                        line.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_derived({name for vals in vals_list for name, value in vals.items() if value})
        allocations = super().create(vals_list)
        allocations._check_visible()
        allocations.payment_id._bills_changed()
        return allocations

    def write(self, vals):
        self._refuse_derived(vals.keys())
        payments = self.payment_id
        result = super().write(vals)
        if "move_line_id" in vals:
            self._check_visible()
        (payments | self.payment_id)._bills_changed()
        return result

    def unlink(self):
        payments = self.payment_id
        result = super().unlink()
        payments.exists()._bills_changed()
        return result

    def _refuse_derived(self, names):
        """Raise when somebody enters what follows from payment, bill or the Pay wizard."""
        if DERIVED & names and not guard.is_lifted(self.env):
            described = self.fields_get(sorted(DERIVED & names), ["string"])
            labels = ", ".join(field["string"] for field in described.values())
            raise UserError(_("This follows from the payment or its bill: %s.", labels))

    def _check_visible(self):
        """Raise when a bill item is not one the user may see: its name would be told here."""
        items = self.move_line_id
        if len(items.search([("id", "in", items.ids)])) < len(items):
            raise UserError(_("You cannot see this bill in your companies: Bill Item."))

    @api.model
    def _waiting_for(self, lines):
        """Return the allocations of payments under approval to the journal items ``lines``."""
        return self.search(
            [
                ("move_line_id", "in", lines.ids),
                ("payment_id.approval_state", "in", states.OPEN),
            ]
        )

    @api.model
    def _check_not_paid_twice(self, lines):
        """Raise when a payment under approval pays one of the items already.

        :raises UserError: names the bill and the payment.
        """
        for line, waiting in self._waiting_for(lines).grouped("move_line_id").items():
            total = sum(allocation._amount_in(line.currency_id) for allocation in waiting)
            residual = abs(line.amount_residual_currency)
            if line.currency_id.compare_amounts(abs(total), residual) >= 0:
                raise UserError(
                    _(
                        "%(bill)s is already paid by %(payment)s, which is under approval. "
                        "Wait for it, or send it back and delete it.",
                        bill=line.move_id.display_name,
                        payment=", ".join(waiting.payment_id.mapped("approval_label")),
                    )
                )
