from odoo import fields, models
from odoo.addons.ipai_series.compat import AGGREGATOR, Constraint


class SeriesProbe(models.Model):
    """A model with something for every kind of view."""

    _name = "ipai.series.probe"
    _description = "Series Probe"
    _inherit = ["mail.thread", "mail.activity.mixin"]

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    color = fields.Integer()
    amount = fields.Float(**{AGGREGATOR: "sum"})
    rank = fields.Float(**{AGGREGATOR: "max"})
    state = fields.Selection([("draft", "Draft"), ("done", "Done")], default="draft", required=True)
    start = fields.Datetime(default=fields.Datetime.now)
    stop = fields.Datetime(default=fields.Datetime.now)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    line_ids = fields.One2many("ipai.series.probe.line", "probe_id")

    _name_company_uniq = Constraint("UNIQUE(name, company_id)", "The name must be unique.")
    _amount_positive = Constraint("CHECK(amount >= 0)", "The amount must not be negative.")

    def action_done(self):
        self.state = "done"

    def _cron_done(self):
        self.search([("state", "=", "draft")]).action_done()
