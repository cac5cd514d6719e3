from odoo import _, models

from ..core import states


class AccountAutomaticEntryWizard(models.TransientModel):
    _inherit = "account.automatic.entry.wizard"

    def do_action(self):
        payments = self.move_line_ids.move_id._posted_payments()._locked()
        payments._check_may_change({"line_ids"}, "account.move")
        labels = dict(self._fields["action"]._description_selection(self.env))
        result = super().do_action()
        payments._record_history(
            "edit",
            from_state=states.POSTED,
            to_state=states.POSTED,
            changes=_("Automatic entry: %s", labels[self.action]),
        )
        return result
