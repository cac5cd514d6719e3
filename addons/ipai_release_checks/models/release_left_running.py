from odoo import _, api, fields, models


class ReleaseItem(models.Model):
    """A host goes on with what it was asked to do, although the release has left the item."""

    _inherit = "ipai.release.item"

    left_running = fields.Boolean(
        readonly=True, help="The host was still at it when the release went on without it."
    )

    def _skip_open(self, reason):
        """What a host is at is not skipped: nobody knows yet how it ends."""
        at_it = self.filtered(lambda item: item.outcome == "running" and item._acts_on_host())
        for item in at_it:
            item._leave_running(reason)
        super(ReleaseItem, self - at_it)._skip_open(reason)

    def _acts_on_host(self):
        return self.mode == "automated" and self._needs_host() and self._kind().changes

    def _leave_running(self, reason):
        step = f" ({self.progress_text})" if self.progress_text else ""
        self._set(
            "item_left_running",
            {
                "outcome": "inconclusive",
                "left_running": True,
                "summary": _(
                    "The host was still at it%(step)s when this happened: %(reason)s",
                    step=step,
                    reason=reason,
                ),
                "hint": _("Look on the host how it ended: release_host.py journal."),
            },
        )
        self._propose_incident()

    def _reopen(self, kind="retry"):
        super()._reopen(kind)
        self._store({"left_running": False})


class Release(models.Model):
    _inherit = "ipai.release"

    left_running_text = fields.Text(compute="_compute_left_running_text")

    @api.depends("item_ids.left_running", "item_ids.summary")
    def _compute_left_running_text(self):
        for release in self:
            items = release.item_ids.filtered("left_running")
            release.left_running_text = "\n".join(
                f"{item.display_name}: {item.summary}" for item in items
            )
