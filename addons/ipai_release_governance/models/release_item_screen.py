from odoo import api, fields, models

from ..core import vocabulary
from .release_item_act import WAIVERS


class ReleaseItemScreen(models.Model):
    """What the screen shows of an item: its phase, and the buttons that make sense for the user.

    Nothing but the screen follows from these fields. Whether an act is allowed is decided by the
    act itself, in ``release_item_act.py``.
    """

    _inherit = "ipai.release.item"

    phase_name = fields.Char(related="phase_id.display_name", string="Phase Name")
    can_skip = fields.Boolean(compute="_compute_can_skip")
    can_retry = fields.Boolean(compute="_compute_can_retry")
    can_waive = fields.Boolean(compute="_compute_can_waive")

    @api.depends("is_mine", "severity")
    @api.depends_context("uid")
    def _compute_can_skip(self):
        for item in self:
            item.can_skip = item.is_mine and item.severity == "minor"

    @api.depends("outcome", "mode", "role_id", "phase_state")
    @api.depends_context("uid")
    def _compute_can_retry(self):
        user = self.env.user
        executor = user.has_group("ipai_release_governance.group_release_executor")
        for item in self:
            item.can_retry = (
                item.outcome in vocabulary.BLOCKING | {"warned", "skipped"}
                and item._is_phase_open()
                and (item._may_execute(user) or (item.mode == "automated" and executor))
            )

    @api.depends("outcome", "executed_by_id", "phase_state")
    @api.depends_context("uid")
    def _compute_can_waive(self):
        user = self.env.user
        waiver = any(user.has_group(group) for group in WAIVERS)
        for item in self:
            item.can_waive = (
                waiver
                and item.outcome in vocabulary.BLOCKING
                and item._is_phase_open()
                and user not in item.executed_by_id | item.release_id.started_by_id
            )

    def _is_phase_open(self):
        self.ensure_one()
        return self.phase_state in ("running", "blocked")
