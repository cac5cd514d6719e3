from datetime import timedelta

from odoo import _, api, fields, models

from ..core import states
from .account_payment_approval import GROUP

ACTIVITY = "payment_account_enhanced.activity_payment_step"


class AccountPayment(models.Model):
    """Tells whoever is next, and reminds them."""

    _inherit = "account.payment"

    def _plan_next_step(self):
        """Replace the open activities by one for each person who can take the next step."""
        self._close_activities()
        # Without an address of its own the user cannot send the mail that goes with an activity.
        quietly = self.with_context(mail_activity_quick_update=not self.env.user.email)
        for payment in quietly:
            for user in payment._next_users():
                payment.activity_schedule(
                    ACTIVITY, user_id=user.id, summary=payment._next_summary()
                )

    def _close_activities(self):
        # sudo: the activities belong to other people, who are asked no longer.
        self.sudo().activity_unlink([ACTIVITY])

    def _next_users(self):
        """Return the people who are asked for the next step; the managers are not asked."""
        self.ensure_one()
        if self.approval_state in (states.REJECTED, states.APPROVED):
            return self.submit_uid
        step = states.NEXT_STEP.get(self.approval_state)
        if not step:
            return self.env["res.users"]
        role = states.STEPS[step].roles[0]
        done = {user.id for user in self._steps_taken()} | {self.create_uid.id}
        users = self.company_id._payment_role_users(GROUP % role)
        return users.filtered(lambda user: user.id not in done)

    def _next_summary(self):
        labels = dict(self._fields["approval_state"]._description_selection(self.env))
        return _(
            "%(state)s: %(payment)s",
            state=labels[self.approval_state],
            payment=self.approval_label,
        )

    @api.model
    def _cron_remind(self):
        """Post a reminder on payments that wait longer than their company allows."""
        waiting = self.search([("approval_state", "in", states.WAITING)])
        for company, payments in waiting.grouped("company_id").items():
            limit = fields.Datetime.now() - timedelta(days=company.payment_reminder_days)
            for payment in payments.filtered(
                lambda payment, limit=limit: payment.waiting_since and payment.waiting_since < limit
            ):
                payment._remind()

    def _remind(self):
        """Write to everybody who is asked for the next step."""
        self.ensure_one()
        partners = self._next_users().partner_id
        if partners:
            self.message_notify(
                partner_ids=partners.ids,
                subject=_("Payment waits for you: %s", self.approval_label),
                body=_(
                    "%(summary)s, waiting since %(since)s UTC.",
                    summary=self._next_summary(),
                    since=fields.Datetime.to_string(self.waiting_since),
                ),
            )
