import hashlib
from pathlib import Path

from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import check_access
from odoo.exceptions import AccessError

from ..checks.base import CheckError
from ..core import helper_version
from ..core.text import without_nul
from ..host import release_host
from ..transport import HostProtocolError

#: Seconds a person waits for the host at the screen.
PATIENCE = 30
GROUPS = ("group_release_manager", "group_release_executor")
REPORT_FIELDS = (
    "host_state",
    "host_message",
    "host_hint",
    "host_tested_at",
    "host_tested_by_id",
    "host_helper",
    "host_helper_state",
)


class ReleaseTarget(models.Model):
    """Test Connection: what the host may do, and what is missing with its remedy."""

    _inherit = "ipai.release.target"

    host_state = fields.Selection(
        [
            ("untested", "Not Tested"),
            ("ready", "Ready"),
            ("incomplete", "Something Missing"),
            ("failed", "Test Failed"),
        ],
        string="Host Status",
        default="untested",
        readonly=True,
        copy=False,
        help="What the last connection test found.",
    )
    host_message = fields.Char(string="Test Result", readonly=True, copy=False)
    host_hint = fields.Char(string="What to Do", readonly=True, copy=False)
    host_tested_at = fields.Datetime(string="Tested on", readonly=True, copy=False)
    host_tested_by_id = fields.Many2one("res.users", string="Tested by", readonly=True, copy=False)
    host_helper = fields.Char(readonly=True, copy=False)
    host_helper_state = fields.Selection(
        [
            (helper_version.SAME, "the one shipped"),
            (helper_version.OLDER, "older than the one shipped"),
            (helper_version.NEWER, "newer than the one shipped"),
            (helper_version.CHANGED, "not the file that is shipped"),
        ],
        string="Helper Version",
        readonly=True,
        copy=False,
    )
    capability_ids = fields.One2many(
        "ipai.release.target.capability", "target_id", readonly=True, copy=False
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | frozenset(REPORT_FIELDS)

    # -- the test ----------------------------------------------------------------------------

    def action_test_host(self):
        """Ask the host's helper what it may do, and keep its report with the time."""
        self.ensure_one()
        self._require_host_tester()
        try:
            report = self._host_report()
        except CheckError as problem:
            report = {
                "host_state": "failed",
                "host_message": problem.message,
                "host_hint": problem.hint,
            }
        self._keep_host_report(report)

    def _require_host_tester(self):
        """Managers set the connection up, executors see before a release that it works."""
        user = self.env.user
        if not any(user.has_group(f"ipai_release_governance.{name}") for name in GROUPS):
            raise AccessError(_("Only runbook managers and executors test the connection."))
        check_access(self, "read")

    def _host_report(self):
        """Values of a report on a host that answers.

        :raises CheckError: it cannot be reached, or what answers is no helper
        """
        with self._host_client(timeout=PATIENCE) as host:
            answer = host.call("hello")
        if not answer.done:
            raise HostProtocolError(answer.message, answer.hint)
        try:
            return self._told(answer.result)
        except (KeyError, TypeError) as problem:
            raise HostProtocolError(
                _("The host's helper does not say what it can do (%s).", problem),
                _("Install the helper that is shipped: button Install Helper."),
            ) from problem

    def _told(self, result):
        capabilities = [self._capability(*told) for told in enumerate(result["capabilities"])]
        missing = [one["name"] for one in capabilities if not one["ok"]]
        compared = helper_version.compare(
            (str(result["version"]), result["sha256"]), self._shipped_helper()
        )
        if missing:
            message = _("Missing: %s", ", ".join(missing))
        else:
            message = _("The host can do everything a release needs.")
        return {
            "host_state": "incomplete" if missing else "ready",
            "host_message": message,
            "host_helper": _(
                "release_host.py %(version)s on %(host)s, Python %(python)s",
                version=result["version"],
                host=result["host"],
                python=result["python"],
            ),
            "host_helper_state": compared,
            "capability_ids": capabilities,
        }

    @api.model
    def _capability(self, sequence, told):
        return {
            "sequence": sequence,
            "name": told["name"],
            "ok": told["ok"] is True,
            "found": told["found"],
            "remedy": told["remedy"],
        }

    def _keep_host_report(self, report):
        """Keep the report that was just made, in the name of the user who tested."""
        now = {"host_tested_at": fields.Datetime.now(), "host_tested_by_id": self.env.uid}
        self._replace_host_report({**report, **now})

    def _replace_host_report(self, report):
        """Write the whole report anew; what ``report`` does not name becomes empty."""
        lines = report.pop("capability_ids", [])
        self._store(without_nul({**dict.fromkeys(REPORT_FIELDS, False), **report}))
        # sudo: the report is the machine's; executors who test may not write targets.
        self.sudo().capability_ids._as_setter().unlink()
        self.env["ipai.release.target.capability"]._insert(
            [{**without_nul(line), "target_id": self.id} for line in lines]
        )

    # -- the helper that is shipped ----------------------------------------------------------

    @api.model
    def _shipped_helper(self):
        """``(version, SHA-256)`` of the helper that comes with this addon."""
        content = Path(release_host.__file__).read_bytes()
        return release_host.VERSION, hashlib.sha256(content).hexdigest()

    # -- another connection ------------------------------------------------------------------

    def _on_connection_change(self, before):
        super()._on_connection_change(before)
        self._replace_host_report({"host_state": "untested"})
