from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..core import guard, states
from .series import CANCELLED_STATES, POSTED_STATES, STATE_DEPENDS

APPROVAL_STATES = [
    ("draft", "Draft"),
    ("under_review", "Under Review"),
    ("for_approval", "For Approval"),
    ("for_authorization", "For Authorization"),
    ("approved", "Approved"),
    ("posted", "Posted"),
    ("rejected", "Rejected"),
    ("cancelled", "Cancelled"),
    ("void", "Void"),
]
#: Written by the methods of the workflow only, never by ``create`` or ``write`` from outside.
WORKFLOW_FIELDS = frozenset(
    {
        "approval_state",
        "approval_digest",
        "approval_content",
        "waiting_since",
        "rejection_reason",
        "void_reason",
        "void_move_id",
        "verifier_id",
        "verify_date",
        "sealed_digest",
        "sealed_content",
        "voucher_token",
        "history_ids",
        "override_ids",
    }
    | {f"{step.stamp}_{suffix}" for step in states.STEPS.values() for suffix in ("uid", "date")}
)
DEFAULT_KEYS = frozenset(f"default_{name}" for name in WORKFLOW_FIELDS)


class AccountPayment(models.Model):
    _inherit = "account.payment"

    approval_state = fields.Selection(
        APPROVAL_STATES,
        string="Approval",
        compute="_compute_approval_state",
        store=True,
        readonly=True,
        required=True,
        default="draft",
        copy=False,
        index=True,
    )
    approval_required = fields.Boolean(
        compute="_compute_approval_required",
        help="Whether the company asks for approval before this payment is posted.",
    )
    approval_label = fields.Char(compute="_compute_approval_label")
    approval_digest = fields.Char(
        help="SHA-256 of the content that was submitted.", readonly=True, copy=False
    )
    approval_content = fields.Text(readonly=True, copy=False)
    waiting_since = fields.Datetime(readonly=True, copy=False)
    submit_uid = fields.Many2one("res.users", string="Submitted by", readonly=True, copy=False)
    submit_date = fields.Datetime(string="Submitted on", readonly=True, copy=False)
    review_uid = fields.Many2one("res.users", string="Reviewed by", readonly=True, copy=False)
    review_date = fields.Datetime(string="Reviewed on", readonly=True, copy=False)
    approve_uid = fields.Many2one("res.users", string="Approved by", readonly=True, copy=False)
    approve_date = fields.Datetime(string="Approved on", readonly=True, copy=False)
    authorize_uid = fields.Many2one("res.users", string="Authorized by", readonly=True, copy=False)
    authorize_date = fields.Datetime(string="Authorized on", readonly=True, copy=False)
    rejection_reason = fields.Char(readonly=True, copy=False)
    document_number = fields.Char(
        help="Number of the supporting document, as it is printed on it.",
        copy=False,
    )
    verifier_id = fields.Many2one("res.users", string="Verified by", readonly=True, copy=False)
    verify_date = fields.Datetime(string="Verified on", readonly=True, copy=False)
    allocation_ids = fields.One2many(
        "account.payment.allocation", "payment_id", string="Bills to Pay", copy=False
    )
    history_ids = fields.One2many("account.payment.history", "payment_id", readonly=True)
    override_ids = fields.One2many("account.payment.override", "payment_id", readonly=True)
    override_end = fields.Datetime(compute="_compute_override_end")
    void_reason = fields.Char(readonly=True, copy=False)
    void_move_id = fields.Many2one(
        "account.move",
        string="Voided by Entry",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )

    @api.depends(*STATE_DEPENDS)
    def _compute_approval_state(self):
        for payment in self:
            payment.approval_state = states.follow(
                payment.approval_state or states.DRAFT, payment._posting_status()
            )

    @api.depends("name")
    def _compute_approval_label(self):
        for payment in self:
            payment.approval_label = _(
                "%(name)s (%(partner)s)",
                name=payment._history_name(),
                partner=payment.partner_id.display_name or _("no partner"),
            )

    @api.depends("override_ids.end_datetime", "override_ids.revoked")
    def _compute_override_end(self):
        for payment in self:
            active = payment.override_ids.filtered(lambda override: override.state == "active")
            payment.override_end = max(active.mapped("end_datetime"), default=False)

    def _posting_status(self):
        """Return ``draft``, ``posted`` or ``cancelled``: what Odoo says of the payment."""
        self.ensure_one()
        if self.state in CANCELLED_STATES:
            return states.CANCELLED
        return states.POSTED if self._is_posted() else states.DRAFT

    def _is_posted(self):
        """Whether the payment stands in the books: by its entry, or by its state if it has none."""
        self.ensure_one()
        if self.move_id:
            return self.move_id.state == "posted"
        return self.state in POSTED_STATES

    def _history_name(self):
        self.ensure_one()
        name = self.name or ""
        return name if name not in ("", "/") else _("Draft payment %s", self.id)

    def _history_identity(self):
        """Return the values by which a history line knows its payment."""
        self.ensure_one()
        return {
            "payment_id": self.id,
            "payment_key": self.id,
            "payment_name": self._history_name(),
            "company_id": self.company_id.id,
        }

    def _record_history(self, event, **values):
        """Add a history line to each payment; see ``account.payment.history._append``."""
        return self.env["account.payment.history"]._append(self, event, **values)

    def _write_workflow(self, vals):
        """Write fields of the workflow, which ``write`` refuses to everybody else."""
        return guard.lifted(self).write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        if not guard.is_lifted(self.env):
            forged = set().union(*vals_list) & WORKFLOW_FIELDS
            self._refuse_forged(
                forged | {key[8:] for key in DEFAULT_KEYS & self.env.context.keys()}
            )
            entries = [vals.get("move_id", self._context_entry()) for vals in vals_list]
            if any(entries):
                self._refuse_entry()
        payments = super().create(vals_list)
        posted = payments.filtered(lambda payment: payment._is_posted())
        if posted:
            posted._check_approved()
            posted._after_posting()
        return payments

    def _context_entry(self):
        return self.env.context.get("default_move_id")

    def _refuse_forged(self, names):
        if names:
            raise UserError(
                _(
                    "The approval of a payment cannot be entered: %s. "
                    "Use Submit for Review, Review, Approve and Authorize.",
                    ", ".join(sorted(names)),
                )
            )
