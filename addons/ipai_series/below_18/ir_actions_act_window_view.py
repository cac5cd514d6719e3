from odoo import models

from .arch import translate_view_modes


class IrActionsActWindowView(models.Model):
    _inherit = "ir.actions.act_window.view"

    def _series_values(self, values):
        values = super()._series_values(values)
        if values.get("view_mode"):
            values["view_mode"] = translate_view_modes(values["view_mode"])
        return values
