from odoo import api, fields, models

#: Name of the measurement, in seconds, that an item records its downtime under.
DOWNTIME = "downtime"


class ReleaseDowntime(models.Model):
    """How long users could not work because of the release."""

    _inherit = "ipai.release"

    downtime_seconds = fields.Float(
        string="Downtime (s)",
        compute="_compute_downtime_seconds",
        help="From the last good to the first good answer, all interruptions added.",
    )
    has_downtime = fields.Boolean(compute="_compute_downtime_seconds")

    @api.depends("item_ids.measurement_ids.value", "item_ids.measurement_ids.name")
    def _compute_downtime_seconds(self):
        for release in self:
            known = release._downtimes()
            release.has_downtime = bool(known)
            release.downtime_seconds = sum(known)

    def _downtimes(self):
        """The downtimes that items recorded, in seconds; what is no number counts for nothing."""
        lines = self.item_ids.measurement_ids.filtered(lambda line: line.name == DOWNTIME)
        return [float(line.value) for line in lines if line.value and _is_number(line.value)]


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
