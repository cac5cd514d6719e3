import json

from odoo import _, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import float_repr

from ..core import digest, policy, states
from . import locks
from .series import MEMO

GROUP = "payment_account_enhanced.group_payment_%s"


class AccountPayment(models.Model):
    """The steps from draft to approved, and what an approval is for."""

    _inherit = "account.payment"

    # -------------------------------------------------------------------------
    # What needs approval
    # -------------------------------------------------------------------------

    def _compute_approval_required(self):
        needing = self._needing_approval()
        for payment in self:
            payment.approval_required = payment in needing

    def _needing_approval(self):
        """Return the payments that their companies want approved before they are posted."""
        in_force = self.company_id.filtered(lambda company: company._payment_approval_in_force())
        return self.filtered(
            lambda payment: (
                payment.company_id in in_force
                and payment._falls_under_policy()
                and not payment._is_settled_elsewhere()
            )
        )

    def _falls_under_policy(self):
        """Whether the company's policy names this payment. Meant for extension."""
        self.ensure_one()
        return policy.needs_approval(
            self.company_id._payment_policy(),
            "outbound" if self._is_own_transfer() else self.payment_type,
            self._amount_in_company_currency(),
            self.journal_id.payment_approval,
        )

    def _amount_in_company_currency(self):
        self.ensure_one()
        company = self.company_id
        return self.currency_id._convert(
            self.amount, company.currency_id, company, self.date or fields.Date.context_today(self)
        )

    # -------------------------------------------------------------------------
    # Buttons
    # -------------------------------------------------------------------------

    def action_submit_for_review(self):
        """Hand the payments in for review.

        :raises UserError: a payment is in another state, or misses what an approval needs.
        :raises AccessError: the user holds none of the payment roles.
        """
        self._check_step("submit")
        self._check_complete()
        for payment in self:
            payment.company_id._payment_approval_in_force()
            content = payment._approval_content()
            payment._write_workflow(
                payment._clean_round()
                | {
                    "approval_digest": digest.digest(content),
                    "approval_content": digest.canonical(content),
                }
            )
        self._take_step("submit")

    def action_review(self):
        self._decide("review")

    def action_approve(self):
        self._decide("approve")

    def action_authorize(self):
        self._decide("authorize")

    def action_reject_with_reason(self, reason):
        """Send payments under approval back to who entered them.

        :param str reason: told to them and kept in the history; must not be blank.
        :raises UserError: no reason, or a payment that is not under approval.
        """
        if not (reason or "").strip():
            raise UserError(_("Say why the payment is rejected: Reason."))
        self._check_state(states.SUBMITTED, _("Only payments under approval can be rejected"))
        self._check_role(("reviewer", "approver", "authorizer", "manager"), _("reject"))
        self._move_on(states.REJECTED, "reject", reason=reason)
        self._write_workflow({"rejection_reason": reason})

    def action_back_to_draft(self):
        """Take payments back, to change them."""
        self._check_state(states.HANDED_IN, _("Only payments under approval go back to draft"))
        self._move_on(states.DRAFT, "reopen", reason=_("Taken back"))

    def action_open_reject(self):
        return self._open_reason("payment_account_enhanced.action_payment_reject")

    # -------------------------------------------------------------------------
    # Checks
    # -------------------------------------------------------------------------

    def _check_step(self, name):
        step = states.STEPS[name]
        label = dict(
            self.env["account.payment.history"]._fields["event"]._description_selection(self.env)
        )
        self._check_state(step.sources, _("These payments cannot be: %s", label[name]))
        self._check_role(step.roles, label[name])

    def _check_state(self, allowed, message):
        wrong = self.filtered(lambda payment: payment.approval_state not in allowed)
        wrong |= self.filtered(lambda payment: payment._posting_status() != states.DRAFT)
        if wrong:
            names = wrong._names_with_state()
            raise UserError(_("%(message)s: %(payments)s", message=message, payments=names))

    def _names_with_state(self):
        labels = dict(self._fields["approval_state"]._description_selection(self.env))
        return ", ".join(
            f"{payment.approval_label} – {labels[payment.approval_state]}" for payment in self
        )

    def _check_role(self, roles, step):
        if any(self.env.user.has_group(GROUP % role) for role in roles):
            return
        names = [self.env.ref(GROUP % role).sudo().name for role in roles]  # sudo: names only
        raise AccessError(
            _(
                "%(user)s holds none of these roles: %(roles)s. Step: %(step)s. "
                "Ask an administrator for the role (Settings, Users).",
                user=self.env.user.name,
                roles=", ".join(names),
                step=step,
            )
        )

    def _check_complete(self):
        for payment in self:
            if payment.currency_id.is_zero(payment.amount):
                raise UserError(_("The amount of %s is zero: Amount.", payment.approval_label))
            payment._check_allocated()
            payment._check_payable()

    def _check_allocated(self):
        self.ensure_one()
        total = sum(self.allocation_ids.mapped("amount"))
        if self.currency_id.compare_amounts(total, self.amount) > 0:
            raise UserError(
                _(
                    "The bills of %(payment)s add up to %(total)s %(currency)s, more than its "
                    "amount of %(amount)s. Change Amount or Bills to Pay.",
                    payment=self.approval_label,
                    total=float_repr(total, self.currency_id.decimal_places),
                    currency=self.currency_id.name,
                    amount=float_repr(self.amount, self.currency_id.decimal_places),
                )
            )

    def _check_four_eyes(self):
        for payment in self:
            taken = payment._steps_taken()
            small_team = payment.company_id.payment_small_team
            # Who entered the payment and who submitted it are one side of the table.
            entered = payment.create_uid | payment.submit_uid
            count = [*taken, *(entered - payment.submit_uid)]
            if not policy.may_take_step(count, self.env.user, small_team):
                raise UserError(
                    _(
                        "%(user)s has already taken a step on %(payment)s. Somebody else has to "
                        "take this one.",
                        user=self.env.user.name,
                        payment=payment.approval_label,
                    )
                )

    def _check_approved(self):
        """Raise when one of these payments must not be posted yet; name each and say why."""
        asked = self._held()
        problems = [problem for payment in asked if (problem := payment._posting_problem())]
        if problems:
            raise UserError(
                _(
                    "These payments cannot be posted:\n%s",
                    "\n".join(f"- {line}" for line in problems),
                )
            )

    def _posting_problem(self):
        """Return why the payment must not be posted yet, or an empty string."""
        self.ensure_one()
        if self.approval_state == states.APPROVED:
            changed = self._changed_content()
            return changed and _(
                "%(payment)s was changed after its approval: %(fields)s. Send it back to draft "
                "and submit it again.",
                payment=self.approval_label,
                fields=self._content_labels(changed),
            )
        return _(
            "%(payment)s needs approval and is not approved yet. Use Submit for Review.",
            payment=self._names_with_state(),
        )

    # -------------------------------------------------------------------------
    # Setters
    # -------------------------------------------------------------------------

    def _decide(self, name):
        self._check_step(name)
        self._check_four_eyes()
        self._take_step(name)

    def _take_step(self, name):
        step = states.STEPS[name]
        now = fields.Datetime.now()
        self._write_workflow({f"{step.stamp}_uid": self.env.uid, f"{step.stamp}_date": now})
        authorize = self.browse()
        if name == "approve":
            authorize = self.filtered(lambda payment: payment._needs_authorization())
        authorize._move_on(states.FOR_AUTHORIZATION, name, reason=self._step_note)
        (self - authorize)._move_on(step.target, name, reason=self._step_note)

    def _step_note(self, payment):
        """Return what the history says of a step that its taker took as a second one."""
        if self.env.user.id in [user.id for user in policy.repeated(payment._steps_taken())]:
            return _("Second step of the same person (small team)")
        return ""

    def _steps_taken(self):
        """Return who took the steps of this round, one user per step."""
        self.ensure_one()
        stamps = [self[f"{step.stamp}_uid"] for step in states.STEPS.values()]
        return [user for user in stamps if user]

    def _needs_authorization(self):
        self.ensure_one()
        return policy.needs_authorization(
            self.company_id._payment_policy(), self._amount_in_company_currency()
        )

    def _move_on(self, target, event, reason=""):
        """Set the approval state: the one way to do it, and never without a line of history."""
        if not self:
            return
        self._record_history(
            event,
            from_state=lambda payment: payment.approval_state,
            to_state=target,
            reason=reason,
            digest=lambda payment: payment.approval_digest,
        )
        forgotten = self._clean_round() if target == states.DRAFT else {}
        self._write_workflow(
            forgotten | {"approval_state": target, "waiting_since": fields.Datetime.now()}
        )
        self._plan_next_step()

    def _clean_round(self):
        """Return the values that forget the decisions of an earlier round."""
        stamps = [step.stamp for step in states.STEPS.values()]
        return {f"{stamp}_{suffix}": False for stamp in stamps for suffix in ("uid", "date")} | {
            "rejection_reason": False
        }

    # -------------------------------------------------------------------------
    # Content
    # -------------------------------------------------------------------------

    def _approval_content(self):
        """Return what an approval is for, as ``core.digest`` takes it. Meant for extension."""
        self.ensure_one()
        return {
            "amount": float_repr(self.amount, self.currency_id.decimal_places),
            "currency_id": self.currency_id.name,
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "partner_bank_id": self.partner_bank_id.sanitized_acc_number or None,
            "partner_bank_id.holder": self._holder_content(),
            "journal_id": self.journal_id.id,
            "payment_method_line_id": self.payment_method_line_id.id,
            "payment_type": self.payment_type,
            "date": fields.Date.to_string(self.date),
            MEMO: self[MEMO] or None,
            "document_number": self.document_number or None,
            "allocation_ids": self._bill_content(),
            "move_id": self._entry_content(),
            **self._booking_content(),
        }

    def _holder_content(self):
        """Return whose account the money goes to, and at which bank."""
        account = self.partner_bank_id
        bank = account.bank_id
        return [account.acc_holder_name or None, bank.name or None, bank.bic or None]

    def _booking_content(self):
        return {name: getattr(self[name], "id", self[name]) or None for name in locks.BOOKING}

    def _bill_content(self):
        digits = self.currency_id.decimal_places
        return [
            [
                allocation.move_line_id.id,
                float_repr(allocation.amount, digits),
                repr(allocation.forced_rate),
            ]
            for allocation in self.allocation_ids.sorted(lambda line: (line.sequence, line.id))
        ]

    def _entry_content(self):
        """Return the journal items, each with account, partner, currency and amounts."""
        return [
            [
                line.account_id.id,
                line.partner_id.id or None,
                line.currency_id.name,
                float_repr(line.amount_currency, line.currency_id.decimal_places),
                float_repr(line.balance, line.company_currency_id.decimal_places),
            ]
            for line in self.move_id.line_ids.sorted("id")
        ]

    def _changed_content(self):
        """Return the keys of the content that differ from what was submitted."""
        self.ensure_one()
        submitted = json.loads(self.approval_content or "{}")
        changed = digest.differences(submitted, self._approval_content())
        if not submitted.get("move_id"):
            # The entry did not exist yet; posting makes it from what was approved.
            changed.pop("move_id", None)
        return list(changed)

    def _content_labels(self, names):
        names = {name.partition(".")[0] for name in names}
        return self._field_labels([name for name in names if name in self._fields], self._name)

    def _reopen_if_changed(self, entries=None):
        """Send payments whose content is not what was submitted back to draft.

        :param dict entries: the journal entry each had before: another one is a change too.
        """
        for payment in self:
            changed = payment._changed_content()
            if entries and payment.move_id != entries[payment]:
                changed.append("move_id")
            if changed and payment._is_posted():
                # The same write posted it: what is in the books was approved by nobody.
                payment._refuse_change_while_posting(changed)
            if changed:
                payment._reopen(changed)

    def _reopen(self, names):
        """Send submitted payments back to draft and say which fields were changed."""
        for payment in self:
            labels = payment._content_labels(names)
            payment._move_on(
                states.DRAFT, "reopen", reason=_("Changed after submission: %s", labels)
            )
            # Logged, not posted: whoever changed it need not have an address to send from.
            payment._message_log(
                body=_("Back to draft, because it was changed after submission: %s", labels)
            )

    def _bills_changed(self):
        """Follow a change of the bills to pay: not of a posted payment, and with a new approval."""
        self._locked()._check_may_change({"allocation_ids"})
        self._withdraw_verification({payment: None for payment in self if payment.verifier_id})
        self._submitted()._reopen_if_changed()

    def _open_reason(self, action):
        return self.env["ir.actions.act_window"]._for_xml_id(action) | {
            "context": {"active_model": self._name, "active_ids": self.ids}
        }

    def _seal(self):
        """Mark the content of posted payments to be fixed as it stands now."""
        for name in ("sealed_content", "sealed_digest"):
            self.env.add_to_compute(self._fields[name], self)
