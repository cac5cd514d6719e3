from odoo import _, api, fields, models

from ..transport import fingerprint


class ReleaseHostKeyWizard(models.TransientModel):
    """Shows a person the host key that a server shows, to compare and pin it."""

    _name = "ipai.release.host.key.wizard"
    _description = "Host Key"
    _inherit = ["ipai.guarded.mixin"]

    target_id = fields.Many2one(
        "ipai.release.target", required=True, readonly=True, ondelete="cascade"
    )
    place = fields.Char(string="Server", readonly=True)
    host_key = fields.Char(readonly=True)
    key_type = fields.Char(readonly=True)
    fingerprint = fields.Char(readonly=True)
    pinned_fingerprint = fields.Char(string="Pinned until now", readonly=True)
    state = fields.Selection(
        [("new", "New"), ("same", "The pinned one"), ("changed", "Another one")], readonly=True
    )

    # What is pinned is what the server showed, not what a form sends.
    _guarded_fields = frozenset({"target_id", "place", "host_key"})

    @api.model
    def _open(self, target, key):
        """Open the dialog on what the server of ``target`` showed."""
        shown, pinned = fingerprint(key), target.ssh_host_key_fingerprint
        state = "same" if target.ssh_host_key == key else "changed" if pinned else "new"
        wizard = self._insert(
            {
                "target_id": target.id,
                "place": target._ssh_place(),
                "host_key": key,
                "key_type": key.partition(" ")[0],
                "fingerprint": shown,
                "pinned_fingerprint": pinned,
                "state": state,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": _("Host Key"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_pin(self):
        """Trust this key from now on."""
        self.ensure_one()
        self.target_id._pin_host_key(self.host_key, self.place)
