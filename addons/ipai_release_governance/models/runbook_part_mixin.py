from odoo import _, api, models
from odoo.exceptions import UserError


class RunbookPartMixin(models.AbstractModel):
    """Parts of a runbook freeze with it."""

    _name = "ipai.runbook.part.mixin"
    _description = "Part of a runbook"

    def _get_runbook(self):
        """The runbooks these parts belong to."""
        return self.mapped("runbook_id")

    def _refuse_frozen(self):
        frozen = self._get_runbook().filtered(lambda runbook: runbook.state != "draft")
        if frozen:
            raise UserError(
                _(
                    "%s is published: its phases, items and sign-offs are frozen. Use New Version "
                    "and change that one.",
                    frozen[0].display_name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        parts._refuse_frozen()
        parts._get_runbook()._note_author()
        return parts

    def write(self, vals):
        self._refuse_frozen()
        self._get_runbook()._note_author()
        result = super().write(vals)
        # Again: another runbook may be where they are moved to.
        self._refuse_frozen()
        self._get_runbook()._note_author()
        return result

    def _load_records_write(self, values):
        """A data file that is loaded again leaves alone what is published."""
        if self._get_runbook().state == "draft":
            super()._load_records_write(values)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_frozen(self):
        self._refuse_frozen()
        self._get_runbook()._note_author()
