from odoo import _, api, fields, models
from odoo.addons.base.models.res_users import check_identity
from odoo.exceptions import UserError
from odoo.http import request


def forget_identity():
    """Have the next signature ask for the password again.

    Odoo asks only once in ten minutes; a signature that rests on the password of another one says
    nothing about who sits there now.
    """
    if request:
        request.session["identity-check-last"] = 0


class ReleaseSignoffWizard(models.TransientModel):
    """Approve or reject, with the evidence on the same screen."""

    _name = "ipai.release.signoff.wizard"
    _description = "Sign-off"

    signoff_id = fields.Many2one("ipai.release.signoff", required=True, readonly=True)
    release_id = fields.Many2one(related="signoff_id.release_id", related_sudo=False)
    stage = fields.Selection(related="signoff_id.stage", related_sudo=False)
    meaning = fields.Char(related="signoff_id.meaning", related_sudo=False)
    note = fields.Text(compute="_compute_note")
    phase_ids = fields.Many2many("ipai.release.phase", compute="_compute_phase_ids")
    issue_item_ids = fields.Many2many("ipai.release.item", compute="_compute_issue_item_ids")
    evidence_digest = fields.Char(
        string="Evidence SHA-256",
        compute="_compute_evidence_digest",
        store=True,
        readonly=False,
        help="Of what is shown here; what changes meanwhile is looked at again before it is "
        "signed.",
    )
    reason = fields.Text(string="Notes", help="Needed to reject.")
    typed_name = fields.Char()
    signature = fields.Binary(string="Drawn Signature", attachment=False)

    @api.depends("signoff_id")
    def _compute_phase_ids(self):
        for wizard in self:
            release = wizard.release_id
            wizard.phase_ids = release.phase_ids.filtered(
                lambda phase, own=release: own.rolling_back or phase.stage != "rollback"
            )

    @api.depends("signoff_id")
    def _compute_issue_item_ids(self):
        for wizard in self:
            wizard.issue_item_ids = wizard.release_id._issue_items()

    @api.depends("signoff_id")
    def _compute_evidence_digest(self):
        for wizard in self:
            wizard.evidence_digest = wizard.release_id._evidence_digest(wizard.signoff_id.stage)

    @api.depends("signoff_id")
    def _compute_note(self):
        for wizard in self:
            wizard.note = "\n".join(wizard.signoff_id._notes_for(self.env.user))

    def action_approve(self):
        return self._ask_identity("approved")

    def action_reject(self):
        return self._ask_identity("rejected")

    def _ask_identity(self, state):
        """Ask for the password before each single signature."""
        self.ensure_one()
        self._refuse_changed_evidence()
        self.signoff_id._refuse_incomplete(state, *self._decision())
        forget_identity()
        return self._approve() if state == "approved" else self._reject()

    @check_identity
    def _approve(self):
        return self._sign("approved")

    @check_identity
    def _reject(self):
        return self._sign("rejected")

    def _refuse_changed_evidence(self):
        """Nobody signs what came after they looked."""
        if self.evidence_digest != self.release_id._evidence_digest(self.stage):
            raise UserError(
                _("The evidence changed since you opened this. Close it, look again, then sign.")
            )

    def _sign(self, state):
        self._refuse_changed_evidence()
        self.signoff_id._sign(state, *self._decision())
        forget_identity()

    def _decision(self):
        return self.reason or "", self.typed_name or "", self.signature
