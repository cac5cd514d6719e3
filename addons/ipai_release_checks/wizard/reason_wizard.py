from odoo import fields, models

from .restore_wizard import refuse_other_name


class ReleaseReasonWizard(models.TransientModel):
    """Whoever rolls back may decide at once that the database goes back too."""

    _inherit = "ipai.release.reason.wizard"

    can_restore = fields.Boolean(related="release_id.can_restore")
    restore = fields.Boolean(string="Restore the Database Too")
    database = fields.Char(related="release_id.target_id.database", string="Live Database")
    typed_database = fields.Char(string="Type Its Name")

    def action_confirm(self):
        self.ensure_one()
        if self.act != "roll_back" or not self.restore:
            return super().action_confirm()
        refuse_other_name(self.release_id, self.typed_database)
        # It rolls back itself: the decision must be there before the first item of it runs.
        self.release_id._decide_restore(self.reason)
        return None
