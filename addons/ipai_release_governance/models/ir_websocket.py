import re

from odoo import models

CHANNEL = re.compile(r"^ipai_release_(\d+)$")


class IrWebsocket(models.AbstractModel):
    """Live progress: who may read a release may listen to its channel, nobody else."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        allowed = []
        for channel in channels:
            match = CHANNEL.match(channel) if isinstance(channel, str) else None
            if not match:
                allowed.append(channel)
            elif release := self._readable_release(int(match[1])):
                allowed.append(release)
        return super()._build_bus_channel_list(allowed)

    def _readable_release(self, release_id):
        if not self.env.user or not self.env.user.has_group(
            "ipai_release_governance.group_release_viewer"
        ):
            return None
        return self.env["ipai.release"].search([("id", "=", release_id)]) or None
