from odoo import fields, models


class SeriesProbeLine(models.Model):
    """A line, for lists inside a form."""

    _name = "ipai.series.probe.line"
    _description = "Series Probe Line"

    probe_id = fields.Many2one("ipai.series.probe", required=True, ondelete="cascade")
    name = fields.Char(required=True)
    done = fields.Boolean()

    def action_done(self):
        self.done = True
