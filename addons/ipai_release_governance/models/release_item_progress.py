import json

from odoo import _, api, fields, models

from ..core import journal

#: What the screen shows instead of bytes, and how many bytes that is.
MEGABYTE = 10**6


class ReleaseItemProgress(models.Model):
    """How far an item is while somebody else works on it, and the steps it took in the end."""

    _inherit = "ipai.release.item"

    progress_step = fields.Char(readonly=True, help="What is being done right now.")
    # Floats: bytes soon are more than an integer column holds.
    progress_done = fields.Float(readonly=True)
    progress_total = fields.Float(readonly=True, help="0 while nobody knows.")
    progress_unit = fields.Char(readonly=True)
    progress = fields.Float(string="Progress (%)", compute="_compute_progress")
    progress_text = fields.Char(string="Progress", compute="_compute_progress")
    steps = fields.Text(
        string="Steps (JSON)", readonly=True, help="name, start, end, ok and note of each."
    )
    steps_text = fields.Text(string="Steps", compute="_compute_steps_text")

    @api.model
    def _get_unjournaled_fields(self):
        """How far it is says nothing when it is done."""
        progress = {"progress_step", "progress_done", "progress_total", "progress_unit"}
        return super()._get_unjournaled_fields() | progress

    @api.depends("progress_step", "progress_done", "progress_total", "progress_unit")
    def _compute_progress(self):
        for item in self:
            total = item.progress_total
            item.progress = min(100.0, 100.0 * item.progress_done / total) if total else 0.0
            item.progress_text = item._progress_words()

    def _progress_words(self):
        """The step, and how much of it is done."""
        if not self.progress_step:
            return ""
        if not (self.progress_done or self.progress_total):
            return self.progress_step
        done, unit = self._amount(self.progress_done)
        if not self.progress_total:
            return f"{self.progress_step}: {done} {unit}".strip()
        total, _unit = self._amount(self.progress_total)
        return _(
            "%(step)s: %(done)s of %(total)s %(unit)s",
            step=self.progress_step,
            done=done,
            total=total,
            unit=unit,
        ).strip()

    def _amount(self, figure):
        if self.progress_unit == "bytes":
            return f"{figure / MEGABYTE:.1f}", "MB"
        return f"{figure:g}", self.progress_unit or ""

    @api.depends("steps")
    def _compute_steps_text(self):
        for item in self:
            item.steps_text = "\n".join(map(item._step_words, item._steps()))

    def _steps(self):
        """The steps as data: ``[{"name", "start", "end", "ok", "note"}]``."""
        self.ensure_one()
        return json.loads(self.steps or "[]")

    def _step_words(self, step):
        """One step with its times of day, in UTC as the record keeps them."""
        times = " - ".join((step.get(name) or "")[11:19] for name in ("start", "end"))
        result = _("failed") if step.get("ok") is False else _("ok")
        note = f" ({step['note']})" if step.get("note") else ""
        return f"{times} UTC  {step['name']}: {result}{note}"

    def _steps_values(self, result):
        """Values that a settled item keeps of how it went."""
        steps = journal.canonical(list(result.steps)) if result.steps else False
        return {"steps": steps, **self._no_progress()}

    def _no_progress(self):
        return {
            "progress_step": False,
            "progress_done": 0.0,
            "progress_total": 0.0,
            "progress_unit": False,
        }

    def _take_progress(self, progress):
        """Show how far it is. No event: it says nothing that the result will not say.

        :param progress: ``{"step", "done", "total", "unit"}``, any of them may be missing
        """
        self.ensure_one()
        self._store(
            {
                "progress_step": progress.get("step") or False,
                "progress_done": progress.get("done") or 0.0,
                "progress_total": progress.get("total") or 0.0,
                "progress_unit": progress.get("unit") or False,
            }
        )
        self.release_id._notify_progress()


class ReleaseRunning(models.Model):
    """What the top of the form shows of the item that is worked on."""

    _inherit = "ipai.release"

    running_text = fields.Char(compute="_compute_running")
    running_progress = fields.Float(string="Progress of the Item (%)", compute="_compute_running")

    @api.depends("item_ids.progress_text", "item_ids.progress")
    def _compute_running(self):
        for release in self:
            item = release.item_ids.filtered(
                lambda row: row.outcome == "running" and row.progress_text
            )[:1]
            release.running_text = f"{item.display_name}: {item.progress_text}" if item else ""
            release.running_progress = item.progress
