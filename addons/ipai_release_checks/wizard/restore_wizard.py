from odoo import _, fields, models
from odoo.exceptions import UserError


class ReleaseRestoreWizard(models.TransientModel):
    """Asks why the database is restored, and for its name, so that nobody does it by a slip."""

    _name = "ipai.release.restore.wizard"
    _description = "Restore the Database"

    release_id = fields.Many2one("ipai.release", required=True, readonly=True)
    database = fields.Char(related="release_id.target_id.database", string="Live Database")
    typed_database = fields.Char(string="Type Its Name")
    reason = fields.Text(required=True)

    def action_confirm(self):
        self.ensure_one()
        refuse_other_name(self.release_id, self.typed_database)
        self.release_id._decide_restore(self.reason)


def refuse_other_name(release, typed):
    """The name of the database that is replaced is typed, not chosen.

    :raises UserError: it is another one
    """
    if (typed or "").strip() != release.target_id.database:
        raise UserError(
            _(
                "Type Its Name: type the name of the database that is replaced, %s.",
                release.target_id.database,
            )
        )
