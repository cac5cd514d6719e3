from odoo import api, fields, models
from odoo.addons.ipai_series.compat import Constraint

from ..core import calendar

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]


class ReleaseTargetWindow(models.Model):
    """Hours of the week in which releases may act on a target."""

    _name = "ipai.release.target.window"
    _description = "Maintenance Hours"
    _order = "target_id, weekday, hour_from, id"

    target_id = fields.Many2one(
        "ipai.release.target", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="target_id.company_id")
    weekday = fields.Selection(WEEKDAYS, required=True, default="6")
    hour_from = fields.Float(string="From", required=True, default=20.0)
    hour_to = fields.Float(
        string="To", required=True, default=24.0, help="At or before From: on the next day."
    )

    _hours = Constraint(
        "check(hour_from >= 0 and hour_from < 24 and hour_to >= 0 and hour_to <= 24)",
        "From and To are hours of a day, 0:00 to 24:00.",
    )

    @api.depends("weekday", "hour_from", "hour_to")
    def _compute_display_name(self):
        names = dict(self._fields["weekday"]._description_selection(self.env))
        for window in self:
            hours = f"{clock(window.hour_from)}–{clock(window.hour_to)}"
            window.display_name = f"{names.get(window.weekday, '')} {hours}"

    def _weekly(self):
        """These windows as ``core/calendar.py`` knows them."""
        return [
            calendar.Weekly(int(window.weekday), window.hour_from, window.hour_to)
            for window in self
        ]


def clock(hours):
    """Hours as they stand on a clock: 22.5 is 22:30."""
    minutes = round(hours * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


class ReleaseTarget(models.Model):
    _inherit = "ipai.release.target"

    window_ids = fields.One2many(
        "ipai.release.target.window",
        "target_id",
        string="Maintenance Hours",
        help="Releases start only within these hours, in the target's time zone. None: any time.",
    )
