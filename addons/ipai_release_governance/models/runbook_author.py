from odoo import SUPERUSER_ID, api, fields, models

#: Chatter and bookkeeping: no part of what a runbook says.
BESIDE = ("message_", "activity_", "website_message_", "author_ids")


class RunbookAuthor(models.Model):
    """Who wrote a version of a runbook: they do not approve its releases."""

    _inherit = "ipai.runbook"

    author_ids = fields.Many2many(
        "res.users",
        "ipai_runbook_author_rel",
        string="Authors",
        readonly=True,
        copy=False,
        help="Who created, changed or published this version. None of them approves a release of "
        "it. A runbook that came with an addon has no author among the users.",
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"author_ids"}

    @api.model_create_multi
    def create(self, vals_list):
        runbooks = super().create(vals_list)
        runbooks._note_author()
        return runbooks

    def write(self, vals):
        drafts = self.filtered(lambda runbook: runbook.state == "draft")
        result = super().write(vals)
        if any(not name.startswith(BESIDE) for name in vals):
            drafts._note_author()
        return result

    def _note_author(self):
        """The current user had a hand in these drafts. The system is no author."""
        # sudo: the user themselves, whether or not they may read users.
        user = self.env.user.sudo()
        if user.id == SUPERUSER_ID:
            return
        for runbook in self.filtered(lambda row: user not in row.sudo().author_ids):
            runbook._store({"author_ids": [(4, user.id)]})
