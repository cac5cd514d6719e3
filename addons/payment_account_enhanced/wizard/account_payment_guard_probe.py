from odoo import _, api, fields, models


class AccountPaymentGuardProbe(models.TransientModel):
    """The result of *Test the guards*."""

    _name = "account.payment.guard.probe"
    _description = "Test the Payment Guards"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    line_ids = fields.One2many("account.payment.guard.probe.line", "probe_id", readonly=True)
    held_count = fields.Integer(compute="_compute_counts", string="Held")
    broken_count = fields.Integer(compute="_compute_counts", string="Broken")
    untried_count = fields.Integer(compute="_compute_counts", string="Not Tried")

    @api.depends("line_ids.outcome")
    def _compute_counts(self):
        for probe in self:
            outcomes = probe.line_ids.mapped("outcome")
            probe.held_count = outcomes.count("held")
            probe.broken_count = outcomes.count("broken")
            probe.untried_count = outcomes.count("untried")

    def action_test(self):
        """Try every known bypass and show one line for each."""
        self.ensure_one()
        names = {True: "held", False: "broken", None: "untried"}
        report = self.env["account.payment"]._guard_probe_report(self.company_id)
        self.line_ids = [fields.Command.clear()] + [
            fields.Command.create(
                {
                    "code": row["code"],
                    "title": row["title"],
                    "outcome": names[row["held"]],
                    "message": row["message"],
                }
            )
            for row in report
        ]
        return {
            "type": "ir.actions.act_window",
            "name": _("Test the Guards"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class AccountPaymentGuardProbeLine(models.TransientModel):
    _name = "account.payment.guard.probe.line"
    _description = "Payment Guard Test Result"
    _order = "outcome, id"

    probe_id = fields.Many2one("account.payment.guard.probe", required=True, ondelete="cascade")
    code = fields.Char(required=True)
    title = fields.Char(required=True)
    outcome = fields.Selection(
        [("broken", "Broken"), ("held", "Held"), ("untried", "Not tried")], required=True
    )
    message = fields.Text()
