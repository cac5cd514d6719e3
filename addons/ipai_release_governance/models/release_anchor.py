from odoo import api, fields, models


class ReleaseAnchor(models.Model):
    """A head of a release's journal that is known outside the database.

    Who rewrites a journal in the database, or cuts its end, cannot rewrite the mail a signer got.
    Anchors are about the journal and no part of it: writing one leaves no event.
    """

    _name = "ipai.release.anchor"
    _description = "Anchor of a Journal"
    _inherit = ["ipai.guarded.mixin"]
    _order = "release_id, sequence, id"
    _rec_name = "kind"
    _guarded_rows = True

    release_id = fields.Many2one(
        "ipai.release", required=True, ondelete="restrict", readonly=True, index=True
    )
    company_id = fields.Many2one(related="release_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [
            ("pdf", "Printed Log"),
            ("mail", "Mail"),
            ("timestamp", "Time Stamp"),
            ("host", "Host's Journal"),
        ],
        required=True,
        readonly=True,
    )
    sequence = fields.Integer(
        string="Events", required=True, readonly=True, help="Length of the journal at that time."
    )
    head = fields.Char(string="Journal Head", required=True, readonly=True)
    time = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    reference = fields.Char(readonly=True, help="Who has it, or the file that carries it.")

    @api.depends("kind", "sequence")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for anchor in self:
            anchor.display_name = f"{kinds.get(anchor.kind, '')} {anchor.sequence}"

    @api.model
    def _keep(self, release, kind, reference, **values):
        """Keep that somebody outside knows the head as it is now."""
        return self._insert(
            [
                {
                    "release_id": release.id,
                    "kind": kind,
                    "sequence": release.journal_length,
                    "head": release.journal_head,
                    "reference": reference,
                    **values,
                }
            ]
        )


class Release(models.Model):
    _inherit = "ipai.release"

    anchor_ids = fields.One2many("ipai.release.anchor", "release_id", copy=False)

    def _anchor(self, kind, reference, **values):
        return self.env["ipai.release.anchor"]._keep(self, kind, reference, **values)

    def _known_heads(self):
        """Heads that anchors and the printed log know."""
        heads = super()._known_heads()
        for anchor in self.anchor_ids:
            heads.setdefault(anchor.head, f"anchor {anchor.kind} of {anchor.time}")
        return heads

    def _attach_execution_log(self, content):
        """The log is printed by now: its pages carry the head, and its data the whole journal."""
        attachment = super()._attach_execution_log(content)
        self._anchor("pdf", attachment.name)
        return attachment

    def _mail_execution_log(self, template, attachment):
        """The mail carries the head."""
        super()._mail_execution_log(template, attachment)
        people = self.member_ids.user_id | self.signoff_ids.signed_by_id
        self._anchor("mail", ", ".join(people.mapped("login")))


class ReleaseSignoff(models.Model):
    _inherit = "ipai.release.signoff"

    def _mail_request(self, template, users):
        """The mail to the signers carries the head."""
        super()._mail_request(template, users)
        self.release_id._anchor("mail", ", ".join(users.mapped("login")))
