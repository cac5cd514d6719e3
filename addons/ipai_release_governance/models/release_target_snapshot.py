import json

from odoo import fields, models

from ..core import journal
from ..core.vocabulary import ENDED


class ReleaseTargetSnapshot(models.Model):
    """The target as it was when the release ended: a log printed years later says the same."""

    _inherit = "ipai.release"

    target_snapshot = fields.Text(
        readonly=True, copy=False, help="The target at the end of the release, canonical JSON."
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"target_snapshot"}

    def _move_to(self, state, **values):
        if state in ENDED:
            values["target_snapshot"] = journal.canonical(self._target_values())
        return super()._move_to(state, **values)

    def _document_target(self):
        return json.loads(self.target_snapshot or "null") or self._target_values()

    def _target_values(self):
        """What is printed of the target. Extend it."""
        target = self.target_id
        return {
            "name": target.name,
            "database": target.database or "",
            "base_url": target.base_url or "",
            "time_zone": target.tz,
            "archive_location": target.archive_location or "",
        }
