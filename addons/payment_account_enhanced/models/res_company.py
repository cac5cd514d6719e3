from odoo import fields, models
from odoo.addons.ipai_series.compat import ALL_GROUPS

from ..core import policy
from .account_payment_approval import GROUP

#: Roles without which no payment could ever be approved.
NEEDED_ROLES = ("reviewer", "approver")
#: The same for a company and its branches.
OF_THE_ROOT = (
    "payment_approval_policy",
    "payment_approval_minimum",
    "payment_authorization_threshold",
    "payment_small_team",
    "payment_lock_mode",
)


class ResCompany(models.Model):
    _inherit = "res.company"

    payment_approval_policy = fields.Selection(
        [
            (policy.NONE, "No payment"),
            (policy.OUTBOUND, "Outbound payments"),
            (policy.ALL, "All payments"),
            (policy.AMOUNT, "Payments above an amount"),
            (policy.JOURNAL, "Payments of marked journals"),
        ],
        string="Approval Needed for",
        default=policy.OUTBOUND,
        required=True,
    )
    payment_approval_minimum = fields.Monetary(
        string="Approval above", help="Payments above this amount need approval."
    )
    payment_authorization_threshold = fields.Monetary(
        string="Authorization above",
        help="Approved payments above this amount also need authorization. Zero: none does.",
    )
    payment_small_team = fields.Boolean(
        string="Small Team",
        help="One person may take two steps on a payment. History and voucher say so.",
    )
    payment_lock_mode = fields.Selection(
        [
            ("open", "Open: Payment Managers change posted payments, and the history says so"),
            ("strict", "Strict: only under an override with a reason and an end"),
        ],
        string="Posted Payments",
        default="open",
        required=True,
    )
    payment_finance_manager_id = fields.Many2one(
        "res.users",
        string="Finance Manager",
        help="Is told of every override. Where there is none, the Payment Managers are.",
    )
    payment_reminder_days = fields.Integer(
        string="Remind after", help="Days a payment waits before a reminder is sent.", default=2
    )
    payment_approval_since = fields.Datetime(
        string="Approval in Force since",
        help="When the company first had a Payment Reviewer and a Payment Approver. Until then "
        "nobody could approve anything, so payments are posted without approval. It does not end "
        "when the roles are taken away again.",
        readonly=True,
    )

    def _get_company_root_delegated_field_names(self):
        return [*super()._get_company_root_delegated_field_names(), *OF_THE_ROOT]

    def _payment_policy(self):
        """Return what the company asks for as ``core.policy`` takes it."""
        self.ensure_one()
        return policy.Policy(
            self.payment_approval_policy,
            self.payment_approval_minimum,
            self.payment_authorization_threshold,
        )

    def _payment_approval_in_force(self):
        """Whether payments of the company can be held back for approval.

        True from the moment somebody can review and somebody can approve, and ever since. A branch
        is held back with the company above it: it must be no way round that company's approval.
        """
        self.ensure_one()
        if self.payment_approval_policy == policy.NONE:
            return False
        # sudo: who works in a branch need not see the company above it.
        return any(company._payment_roles_since() for company in self.sudo().parent_ids)

    def _payment_roles_since(self):
        """Return when somebody held the needed roles first, noted when it is asked for."""
        if not self.payment_approval_since and self._has_payment_roles():
            # sudo: whoever posts the first payment need not be allowed to configure the company.
            self.sudo().payment_approval_since = fields.Datetime.now()
        return self.payment_approval_since

    def _has_payment_roles(self):
        return all(self._payment_role_users(GROUP % role, limit=1) for role in NEEDED_ROLES)

    def _payment_finance_people(self):
        """Return who is told of what must not go unseen: the Finance Manager, or the managers."""
        return self.payment_finance_manager_id or self._payment_role_users(GROUP % "manager")

    def _payment_role_users(self, xmlid, limit=None):
        """Return the active people of this company who hold a role."""
        # sudo: names of colleagues only, for whoever handles payments.
        group = self.env.ref(xmlid).sudo()
        domain = [
            (ALL_GROUPS, "in", group.ids),
            ("company_ids", "in", self.ids),
            ("share", "=", False),
        ]
        return self.env["res.users"].sudo().search(domain, limit=limit).sudo(False)
