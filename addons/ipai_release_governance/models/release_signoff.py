import base64

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core import journal, vocabulary
from .runbook_signoff import SIGNOFF_STAGES

#: Nobody has decided yet: withdrawn when the release goes back or ends.
OPEN_STATES = ("waiting", "requested")


class ReleaseSignoff(models.Model):
    """A role's decision on a release, bound to a digest of the evidence it saw."""

    _name = "ipai.release.signoff"
    _description = "Release Sign-off"
    _inherit = ["ipai.release.part.mixin"]
    _order = "release_id, stage, sequence, id"

    role_id = fields.Many2one("ipai.release.role", required=True, readonly=True)
    stage = fields.Selection(SIGNOFF_STAGES, required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    meaning = fields.Char(readonly=True)
    user_id = fields.Many2one("res.users", string="Signer", readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("withdrawn", "Withdrawn"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    requested_at = fields.Datetime(readonly=True)
    signed_by_id = fields.Many2one("res.users", readonly=True)
    signed_at = fields.Datetime(readonly=True)
    reason = fields.Text(string="Notes", readonly=True)
    typed_name = fields.Char(readonly=True)
    # In the row: a file could be replaced by whoever may write the sign-off.
    signature = fields.Binary(readonly=True, attachment=False)
    evidence_digest = fields.Char(
        string="Evidence SHA-256", readonly=True, help="Digest of the outcomes and evidence seen."
    )
    is_mine = fields.Boolean(compute="_compute_is_mine", search="_search_is_mine")

    @api.depends("role_id", "stage")
    def _compute_display_name(self):
        stages = dict(self._fields["stage"]._description_selection(self.env))
        for signoff in self:
            signoff.display_name = f"{signoff.role_id.name} ({stages.get(signoff.stage, '')})"

    @api.depends("state", "user_id", "role_id")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        for signoff in self:
            signoff.is_mine = signoff.state == "requested" and not signoff._obstacle(self.env.user)

    @api.model
    def _search_is_mine(self, operator, value):
        wanted = (operator in ("=", "in")) == bool(value)
        mine = self.search([("state", "=", "requested")]).filtered("is_mine")
        return [("id", "in" if wanted else "not in", mine.ids)]

    # -- who may sign ------------------------------------------------------------------------

    def _obstacle(self, user):
        """Why ``user`` may not sign this, as a sentence; empty when nothing is in the way.

        Nobody approves what they executed, whatever groups they hold. Extend it.
        """
        self.ensure_one()
        team = self.release_id._users_of_role(self.role_id)
        if not self.role_id._is_played_by(user):
            return _(
                "%(user)s does not hold the role %(role)s.", user=user.name, role=self.role_id.name
            )
        if user not in team:
            return _(
                "%(role)s of this release is %(team)s.",
                role=self.role_id.name,
                team=", ".join(team.mapped("name")) or _("nobody yet"),
            )
        if user in self.release_id._executors():
            return _("%s executed a part of this release and cannot approve it.", user.name)
        return ""

    def _refuse_signing(self):
        self.ensure_one()
        self._refuse_other_stage()
        if self.state != "requested":
            raise UserError(_("%s is not asked for a signature now.", self.display_name))
        obstacle = self._obstacle(self.env.user)
        if obstacle:
            raise AccessError(obstacle)

    def _signature_digest(self):
        """SHA-256 of the drawn signature, empty without one."""
        return journal.digest_bytes(base64.b64decode(self.signature)) if self.signature else ""

    # -- the setters -------------------------------------------------------------------------

    def _set(self, kind, values):
        self.ensure_one()
        self._store(values)
        self.release_id._log(
            kind,
            {
                "role": self.role_id.code,
                "stage": self.stage,
                "state": self.state,
                "reason": values.get("reason") or "",
                "evidence": values.get("evidence_digest") or "",
                "signature": self._signature_digest(),
            },
        )
        self.release_id._notify_progress()

    def _request(self):
        for signoff in self:
            signoff._set(
                "signoff_requested", {"state": "requested", "requested_at": fields.Datetime.now()}
            )
            signoff._invite()

    def _sign(self, state, reason="", typed_name="", signature=False):
        """Record the decision of the current user.

        :param state: ``approved`` or ``rejected``
        :raises AccessError: for who may not sign
        :raises UserError: when nothing is asked, or a rejection gives no reason
        """
        self._refuse_signing()
        if state == "rejected" and not reason:
            raise UserError(_("Reason: say why you reject."))
        if not (typed_name or signature):
            raise UserError(_("Signature: draw it, or type your name."))
        self._set(
            f"signoff_{state}",
            {
                "state": state,
                "signed_by_id": self.env.uid,
                "signed_at": fields.Datetime.now(),
                "reason": reason,
                "typed_name": typed_name,
                "signature": signature,
                "evidence_digest": self.release_id._evidence_digest(self.stage),
            },
        )
        self._after_signing()

    def _after_signing(self):
        """A decision was made: close its activity and go on. Extend it."""
        release = self.release_id
        if not release.signoff_ids.filtered(
            lambda row: row.user_id == self.user_id and row.state == "requested"
        ):
            release._close_activities(self.user_id)
        asked = release.signoff_ids.filtered(lambda row: row.stage == self.stage)
        if self.state == "rejected":
            release._tell_rejection(self)
        elif not asked._still_open():
            release._signoffs_finished(self.stage)

    def _refuse_other_stage(self):
        """A release that goes back or has ended asks for nothing more."""
        if not self.release_id._asks_for(self.stage):
            raise UserError(
                _("%s is not asked for any more: the release went on.", self.display_name)
            )

    def _withdraw(self):
        """Nobody is asked any more: the release goes back, or has ended."""
        for signoff in self.filtered(lambda row: row.state in OPEN_STATES):
            signoff._set("signoff_withdrawn", {"state": "withdrawn"})

    def _still_open(self):
        """Roles that have not approved: a rejection stays open until it is asked again."""
        return self.role_id - self.filtered(lambda row: row.state == "approved").role_id

    def _invite(self):
        """Ask the signer: an activity on the release and a mail with the link."""
        self.ensure_one()
        if not self.user_id:
            return
        # The context: Odoo's own mail about the activity would repeat the one below.
        self.release_id.with_context(mail_activity_quick_update=True)._schedule_activity(
            self.user_id, _("Sign off %s", self.release_id.display_name), self.meaning or ""
        )
        template = self.env.ref(
            "ipai_release_governance.mail_signoff_request", raise_if_not_found=False
        )
        if template:
            # sudo: the mail goes out in the name of the release, not of the last tester.
            template.sudo().send_mail(self.id)

    # -- buttons -----------------------------------------------------------------------------

    def action_sign(self):
        """Open the dialog to approve or reject."""
        self._refuse_signing()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "ipai.release.signoff.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_signoff_id": self.id},
        }

    def action_ask_again(self):
        """After a rejection was answered: ask the role once more. The rejection stays."""
        for signoff in self:
            signoff.release_id._require_executor()
            signoff._refuse_other_stage()
            if signoff.state != "rejected":
                raise UserError(_("%s was not rejected.", signoff.display_name))
            again = self._insert([signoff._renewed_values()])
            again._request()

    def _renewed_values(self):
        return {
            "release_id": self.release_id.id,
            "role_id": self.role_id.id,
            "stage": self.stage,
            "meaning": self.meaning,
            "sequence": self.sequence,
            "user_id": self.user_id.id,
        }


class Release(models.Model):
    _inherit = "ipai.release"

    def _evidence_items(self, stage):
        """Items that a signature of ``stage`` is about, in the order of the record."""
        self.ensure_one()
        seen = vocabulary.EVIDENCE_SEEN[stage]
        return self.item_ids.filtered(lambda item: item.stage in seen)

    def _evidence_digest(self, stage):
        """SHA-256 over what a signer of ``stage`` sees: the digests of its items, as a list.

        Whoever verifies a signature computes this again, see ``journal.digest``.
        """
        return journal.digest([item._evidence_digest() for item in self._evidence_items(stage)])

    def _asks_for(self, stage):
        """Whether signatures of this stage are asked for in the present state."""
        self.ensure_one()
        return not self.rolling_back and self._current_stage() == stage

    def _request_signoffs(self, stage):
        """Ask the roles of a stage, or go on where nobody is to be asked."""
        asked = self.signoff_ids.filtered(lambda row: row.stage == stage and row.state == "waiting")
        if asked:
            asked._request()
        else:
            self._signoffs_finished(stage)
