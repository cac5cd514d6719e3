import base64

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from ..core import journal
from .runbook_signoff import SIGNOFF_STAGES

#: Nobody has decided yet: withdrawn when the release goes back or ends.
OPEN_STATES = ("waiting", "requested")


class ReleaseSignoff(models.Model):
    """A role's decision on a release, bound to a digest of the evidence it saw.

    A role that needs several signatures has as many of these. Who may sign is in
    ``release_signoff_right.py``, when a signature is void in ``release_signoff_void.py``.
    """

    _name = "ipai.release.signoff"
    _description = "Release Sign-off"
    _inherit = ["ipai.release.part.mixin"]
    _order = "release_id, stage, sequence, id"

    role_id = fields.Many2one("ipai.release.role", required=True, readonly=True)
    stage = fields.Selection(SIGNOFF_STAGES, required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    meaning = fields.Char(readonly=True)
    quorum = fields.Integer(
        default=1, readonly=True, help="Signatures that the role gives at this point."
    )
    valid_days = fields.Integer(
        string="Valid (days)", readonly=True, help="0: until the release goes on, whenever that is."
    )
    user_id = fields.Many2one("res.users", string="Signer", readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("requested", "Requested"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("void", "Void"),
            ("withdrawn", "Withdrawn"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    requested_at = fields.Datetime(readonly=True)
    signed_by_id = fields.Many2one("res.users", readonly=True)
    signed_name = fields.Char(string="Name", readonly=True, help="As it was at the time.")
    on_behalf_of_id = fields.Many2one(
        "res.users", readonly=True, help="Who delegated this signature."
    )
    signed_at = fields.Datetime(readonly=True, help="From the database's clock.")
    signed_address = fields.Char(
        string="Address", readonly=True, help="Network address that the request came from."
    )
    reason = fields.Text(string="Notes", readonly=True)
    typed_name = fields.Char(readonly=True)
    # In the row: a file could be replaced by whoever may write the sign-off.
    signature = fields.Binary(readonly=True, attachment=False)
    evidence_digest = fields.Char(
        string="Evidence SHA-256", readonly=True, help="Digest of the outcomes and evidence seen."
    )
    evidence_seen = fields.Text(
        readonly=True, help="Canonical JSON: the code of each item seen, and its digest."
    )
    void_reason = fields.Text(readonly=True)
    renews_id = fields.Many2one(
        "ipai.release.signoff",
        readonly=True,
        index=True,
        ondelete="restrict",
        help="The rejected or void sign-off after which this one was asked for.",
    )
    renewal_ids = fields.One2many("ipai.release.signoff", "renews_id", readonly=True)

    @api.depends("role_id", "stage")
    def _compute_display_name(self):
        stages = dict(self._fields["stage"]._description_selection(self.env))
        for signoff in self:
            signoff.display_name = f"{signoff.role_id.name} ({stages.get(signoff.stage, '')})"

    def _signature_digest(self):
        """SHA-256 of the drawn signature, empty without one."""
        return journal.digest_bytes(base64.b64decode(self.signature)) if self.signature else ""

    # -- the setters -------------------------------------------------------------------------

    def _set(self, kind, values):
        self.ensure_one()
        self._store(values)
        self.release_id._log(kind, self._event_payload(values))
        self.release_id._notify_progress()

    def _event_payload(self, values):
        """What the journal keeps of a change: all that makes the signature. Extend it."""
        return {
            "role": self.role_id.code,
            "stage": self.stage,
            "state": self.state,
            "meaning": self.meaning or "",
            "reason": values.get("reason") or values.get("void_reason") or "",
            "name": values.get("signed_name") or "",
            "typed_name": values.get("typed_name") or "",
            "on_behalf_of": self.on_behalf_of_id.login or "",
            "address": values.get("signed_address") or "",
            "signed_at": fields.Datetime.to_string(values.get("signed_at")) or "",
            "evidence": values.get("evidence_digest") or "",
            "signature": self._signature_digest(),
        }

    def _request(self):
        for signoff in self:
            signoff._set(
                "signoff_requested", {"state": "requested", "requested_at": fields.Datetime.now()}
            )
            # One that was added has its place among the others, also in a log printed now.
            signoff.release_id.invalidate_recordset(["signoff_ids"])
            signoff._invite(signoff.asked_user_ids)

    def _sign(self, state, reason="", typed_name="", signature=False):
        """Record the decision of the current user, who has proven who they are.

        :param state: ``approved`` or ``rejected``
        :raises AccessError: for who may not sign
        :raises UserError: when nothing is asked, or a rejection gives no reason
        """
        self._refuse_incomplete(state, reason, typed_name, signature)
        self._set(
            f"signoff_{state}",
            {
                "state": state,
                "reason": reason,
                "typed_name": typed_name,
                "signature": signature,
                **self._signer_values(),
                **self._evidence_values(),
            },
        )
        self._after_signing()

    def _signer_values(self):
        """Who signs, for whom, when and from where."""
        user = self.env.user
        principal = self._principal(user)
        return {
            "signed_by_id": user.id,
            "signed_name": user.name,
            "on_behalf_of_id": principal.id if principal != user else False,
            "signed_at": self.release_id._database_now(),
            "signed_address": request.httprequest.remote_addr if request else "",
        }

    def _evidence_values(self):
        """What the signer sees at this moment."""
        release = self.release_id
        return {
            "evidence_digest": release._evidence_digest(self.stage),
            "evidence_seen": journal.canonical(release._evidence_by_item(self.stage)),
        }

    def _after_signing(self):
        """A decision was made: take its reminders back and go on. Extend it."""
        release = self.release_id
        asked = release.signoff_ids.filtered(lambda row: row.state == "requested").asked_user_ids
        release._close_reminders(lambda seen: seen._signoff_summary(), keep=asked)
        if self.state == "rejected":
            release._tell_rejection(self)
        else:
            release._go_on_signing(self.stage)

    def _withdraw(self):
        """Nobody is asked any more: the release goes back, or has ended."""
        for signoff in self.filtered(lambda row: row.state in OPEN_STATES):
            signoff._set("signoff_withdrawn", {"state": "withdrawn"})

    def _invite(self, users):
        """Ask ``users``: an activity on the release for each, and a mail with the link."""
        self.ensure_one()
        for user in users:
            # The context: Odoo's own mail about the activity would repeat the one below.
            release = self.release_id.with_context(mail_activity_quick_update=True, lang=user.lang)
            release._schedule_activity(
                user,
                release._signoff_summary(),
                self.renews_id.void_reason or self.meaning or "",
            )
        template = self.env.ref(
            "ipai_release_governance.mail_signoff_request", raise_if_not_found=False
        )
        if template and users:
            self._mail_request(template, users)

    def _mail_request(self, template, users):
        recipients = [(6, 0, users.partner_id.ids)]
        # sudo: the mail goes out in the name of the release, not of the last tester.
        template.sudo().send_mail(self.id, email_values={"recipient_ids": recipients})

    # -- what keeps a decision from being recorded -------------------------------------------

    def _refuse_signing(self):
        self.ensure_one()
        self._refuse_other_stage()
        if self.state != "requested":
            raise UserError(_("%s is not asked for a signature now.", self.display_name))
        obstacle = self._obstacle(self.env.user)
        if obstacle:
            raise AccessError(obstacle)

    def _refuse_other_stage(self):
        """A release that goes back or has ended asks for nothing more."""
        if not self.release_id._asks_for(self.stage):
            raise UserError(
                _("%s is not asked for any more: the release went on.", self.display_name)
            )

    def _refuse_incomplete(self, state, reason, typed_name, signature):
        """Refuse a decision that cannot be recorded, also before the password is asked for.

        Extend it.
        """
        self._refuse_signing()
        if state == "rejected" and not reason:
            raise UserError(_("Reason: say why you reject."))
        if not (typed_name or signature):
            raise UserError(_("Signature: draw it, or type your name."))

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
            if signoff.state != "rejected" or signoff.renewal_ids:
                raise UserError(
                    _("%s was not rejected, or is asked again already.", signoff.display_name)
                )
            signoff._ask_again()

    def _ask_again(self):
        """A sign-off like this one, asked for now. This one stays on the record as it is."""
        again = self._insert([self._renewed_values()])
        again._request()

    def _renewed_values(self):
        """Values of the sign-off that takes this one's place. Extend it."""
        return {
            "release_id": self.release_id.id,
            "role_id": self.role_id.id,
            "stage": self.stage,
            "meaning": self.meaning,
            "quorum": self.quorum,
            "valid_days": self.valid_days,
            "sequence": self.sequence,
            "user_id": self.user_id.id,
            "renews_id": self.id,
        }
