from odoo import models


class IrCron(models.Model):
    _inherit = "ir.cron"

    def _series_values(self, values):
        # 18.0 and later know no number of calls: a job runs until it is archived.
        return {"numbercall": -1, **super()._series_values(values)}
