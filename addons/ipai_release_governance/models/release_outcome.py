from collections import defaultdict

from odoo import api, fields, models

from ..core import quality, vocabulary


class ReleaseOutcome(models.Model):
    """What a release amounts to: progress, counts, verdict and quality score."""

    _inherit = "ipai.release"

    item_count = fields.Integer(compute="_compute_counts")
    settled_count = fields.Integer(compute="_compute_counts")
    passed_count = fields.Integer(compute="_compute_counts")
    blocking_count = fields.Integer(string="Failed", compute="_compute_counts")
    progress = fields.Float(
        string="Progress (%)", compute="_compute_counts", help="Settled items of all, in percent."
    )
    phase_count = fields.Integer(compute="_compute_phase_counts")
    passed_phase_count = fields.Integer(compute="_compute_phase_counts")
    current_phase_id = fields.Many2one("ipai.release.phase", compute="_compute_phase_counts")
    critical_issue_count = fields.Integer(compute="_compute_critical_issue_count")
    issue_count = fields.Integer(compute="_compute_critical_issue_count")

    @api.depends("item_ids.outcome", "item_ids.stage", "rolling_back")
    def _compute_counts(self):
        for release in self:
            outcomes = release._counted_items().mapped("outcome")
            settled = [outcome for outcome in outcomes if outcome in vocabulary.SETTLED]
            release.item_count = len(outcomes)
            release.settled_count = len(settled)
            release.passed_count = outcomes.count("passed")
            release.blocking_count = sum(outcome in vocabulary.BLOCKING for outcome in outcomes)
            release.progress = 100.0 * len(settled) / len(outcomes) if outcomes else 0.0

    def _counted_items(self):
        """Items that belong to this run: those of a rollback only while rolling back."""
        return self.item_ids.filtered(lambda item: self.rolling_back or item.stage != "rollback")

    @api.depends("phase_ids.state")
    def _compute_phase_counts(self):
        for release in self:
            phases = release.phase_ids.filtered(
                lambda phase, own=release: own.rolling_back or phase.stage != "rollback"
            )
            release.phase_count = len(phases)
            release.passed_phase_count = len(phases.filtered(lambda p: p.state == "passed"))
            release.current_phase_id = phases.filtered(lambda p: p.state in ("running", "blocked"))[
                :1
            ]

    @api.depends(
        "item_ids.outcome", "item_ids.severity", "incident_ids.severity", "incident_ids.status"
    )
    def _compute_critical_issue_count(self):
        for release in self:
            items = release._issue_items()
            incidents = release.incident_ids.filtered(lambda i: i.status != "dismissed")
            release.issue_count = len(items) + len(incidents)
            release.critical_issue_count = len(
                items.filtered(
                    lambda item: item.severity == "critical" and item.outcome in vocabulary.BLOCKING
                )
            ) + len(incidents.filtered(lambda incident: incident.severity == "critical"))

    def _issue_items(self):
        """Items to be read about in the summary: all that were neither open nor plainly passed."""
        return self.item_ids.filtered(
            lambda item: item.outcome in vocabulary.BLOCKING | {"warned", "waived"}
        )

    def _settle_verdict(self):
        """Write the overall verdict and the last scores of an ended release."""
        for release in self:
            release._propose_scores()
            verdict = vocabulary.verdict(
                release.state,
                release._counted_items().mapped("outcome"),
                bool(release.incident_ids.filtered(lambda i: i.status in ("proposed", "pending"))),
            )
            release._store({"verdict": verdict})
            release._log("verdict", {"verdict": verdict})

    def _propose_scores(self):
        """Propose the quality score of each aspect and of the whole from the outcomes."""
        self.ensure_one()
        by_aspect = defaultdict(list)
        for item in self._counted_items().filtered("aspect"):
            by_aspect[item.aspect].append((item.outcome, item.severity, item.failed_attempts))
        proposals = {
            aspect: quality.propose(by_aspect[aspect]) for aspect, _label in vocabulary.ASPECTS
        }
        known = [score for score in proposals.values() if score]
        proposals["overall"] = min(known) if known else None
        self.env["ipai.release.score"]._propose(self, proposals)
