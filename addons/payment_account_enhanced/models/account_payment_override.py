from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .account_payment_guard import MANAGER


class AccountPaymentOverride(models.Model):
    """A manager's permission to change one posted payment, with a reason and an end.

    What ``account.lock_exception`` is for lock dates. It ends by itself, or is revoked; nothing
    else of it can be changed.
    """

    _name = "account.payment.override"
    _description = "Payment Override"
    _order = "id desc"
    _rec_name = "reason"

    payment_id = fields.Many2one(
        "account.payment", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="payment_id.company_id", store=True, index=True, precompute=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="For",
        help="The Payment Manager who may change the payment.",
        required=True,
        default=lambda self: self.env.user,
    )
    reason = fields.Char(required=True)
    end_datetime = fields.Datetime(string="Until", required=True)
    revoked = fields.Boolean(readonly=True, copy=False)
    state = fields.Selection(
        [("active", "Active"), ("expired", "Expired"), ("revoked", "Revoked")],
        compute="_compute_state",
    )

    @api.depends("end_datetime", "revoked")
    def _compute_state(self):
        now = fields.Datetime.now()
        for override in self:
            running = (
                "active" if override.end_datetime and override.end_datetime > now else "expired"
            )
            override.state = "revoked" if override.revoked else running

    @api.constrains("end_datetime")
    def _check_end(self):
        for override in self:
            if override.end_datetime <= fields.Datetime.now():
                raise ValidationError(_("The end of an override must lie in the future: Until."))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.user.has_group(MANAGER):
            raise AccessError(_("Only a Payment Manager grants an override."))
        overrides = super().create(vals_list)
        for override in overrides:
            override._announce()
        return overrides

    def write(self, vals):
        if set(vals) - {"revoked"}:
            raise UserError(
                _("An override cannot be changed once granted. Revoke it and grant another one.")
            )
        if not vals.get("revoked", True):
            raise UserError(_("A revoked override cannot be revived. Grant another one."))
        for override in self.filtered(lambda record: record.state == "active"):
            override.payment_id._record_history("revoke", reason=override.reason)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_refused(self):
        raise UserError(_("An override cannot be deleted; it is part of the payment's history."))

    def action_revoke(self):
        self.filtered(lambda record: record.state == "active").revoked = True

    def _announce(self):
        self.ensure_one()
        self.payment_id._record_history(
            "override",
            reason=self.reason,
            changes=_(
                "For %(user)s until %(end)s UTC",
                user=self.user_id.name,
                end=fields.Datetime.to_string(self.end_datetime),
            ),
        )
        recipients = self._recipients()
        if recipients:
            template = self.env.ref("payment_account_enhanced.mail_template_override")
            # sudo: the manager who grants it need not be allowed to read mail templates.
            template.sudo().send_mail(
                self.id, email_values={"recipient_ids": [fields.Command.set(recipients.ids)]}
            )

    def _recipients(self):
        """Return who is told; whoever grants it knows."""
        return (self.company_id._payment_finance_people() - self.env.user).partner_id
