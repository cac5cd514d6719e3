from odoo import api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.tools import config

from ..checks.context import DEFAULT_THRESHOLDS


class ReleaseTarget(models.Model):
    """How the place acted on is measured."""

    _inherit = "ipai.release.target"

    min_posted_payments = fields.Integer(
        default=DEFAULT_THRESHOLDS["min_posted_payments"],
        help="Fewer posted payments than this fail: the data is not the one expected.",
    )
    min_posted_invoices = fields.Integer(
        default=DEFAULT_THRESHOLDS["min_posted_invoices"],
        help="Fewer posted invoices than this fail.",
    )
    min_free_disk_gb = fields.Float(
        string="Minimum Free Disk (GB)", default=DEFAULT_THRESHOLDS["min_free_disk_gb"]
    )
    log_path = fields.Char(
        string="Log File",
        default=lambda self: self._default_log_path(),
        help="Odoo's log file on this machine.",
    )
    statement_timeout = fields.Integer(
        string="SQL Time-out (s)", default=30, help="A check that takes longer is inconclusive."
    )
    check_role = fields.Char(
        string="PostgreSQL Role",
        help="A role that may only read. Checks take it on where it is named, so that PostgreSQL "
        "itself limits what their SQL sees.",
    )

    _timeout_range = Constraint(
        "check(statement_timeout between 1 and 100)",
        "The SQL time-out lies between 1 and 100 seconds: Odoo ends what runs for 120.",
    )

    @api.model
    def _default_log_path(self):
        return config["logfile"] or False

    def _has_host(self):
        """Whether Odoo can act on the host. Without, people do by hand what needs one."""
        return self.host_kind != "none"

    def _thresholds(self):
        """The target's thresholds, as the check kinds name them."""
        self.ensure_one()
        return {name: self[name] for name in DEFAULT_THRESHOLDS}
