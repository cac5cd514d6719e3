from odoo import _, fields, models

from .account_payment_guard import MANAGER


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    payment_approval_policy = fields.Selection(
        related="company_id.payment_approval_policy", readonly=False, required=True
    )
    payment_approval_minimum = fields.Monetary(
        related="company_id.payment_approval_minimum",
        currency_field="payment_currency_id",
        readonly=False,
    )
    payment_authorization_threshold = fields.Monetary(
        related="company_id.payment_authorization_threshold",
        currency_field="payment_currency_id",
        readonly=False,
    )
    payment_small_team = fields.Boolean(related="company_id.payment_small_team", readonly=False)
    payment_lock_mode = fields.Selection(
        related="company_id.payment_lock_mode", readonly=False, required=True
    )
    payment_finance_manager_id = fields.Many2one(
        related="company_id.payment_finance_manager_id", readonly=False
    )
    payment_reminder_days = fields.Integer(
        related="company_id.payment_reminder_days", readonly=False
    )
    payment_approval_since = fields.Datetime(related="company_id.payment_approval_since")
    payment_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company's Currency"
    )
    payment_managers_implied = fields.Boolean(compute="_compute_payment_managers_implied")

    def _compute_payment_managers_implied(self):
        # sudo: which group contains which is no secret.
        manager = self.env.ref("account.group_account_manager").sudo()
        self.payment_managers_implied = self.env.ref(MANAGER) in manager.implied_ids

    def action_separate_payment_managers(self):
        """Accounting managers are Payment Managers no longer, unless they were made one."""
        # sudo: on its own the settings screen does not give the right to write groups.
        accounting = self.env.ref("account.group_account_manager").sudo()
        accounting._remove_group(self.env.ref(MANAGER).sudo())
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": _("Now give the role Payment Manager to the people who shall have it."),
                "next": {"type": "ir.actions.client", "tag": "reload"},
            },
        }
