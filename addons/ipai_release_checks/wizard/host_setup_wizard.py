import getpass
import shlex

from odoo import _, api, fields, models

#: Where ``release_host.py install`` puts the helper: root's own place, which nobody else writes.
INSTALLED = "/usr/local/sbin/release_host.py"


class ReleaseHostSetupWizard(models.TransientModel):
    """Says what remains to be done on the host, with lines that are ready to paste."""

    _name = "ipai.release.host.setup.wizard"
    _description = "Set-up of a Host"

    target_id = fields.Many2one(
        "ipai.release.target", required=True, readonly=True, ondelete="cascade"
    )
    ssh_user = fields.Char(related="target_id.ssh_user")
    step = fields.Selection(
        [
            ("key_line", "Key line"),
            ("copied", "Helper copied"),
            ("by_hand", "By hand"),
            ("local", "This machine"),
        ],
        required=True,
        readonly=True,
    )
    helper_path = fields.Char(readonly=True)
    public_key = fields.Char(readonly=True)
    through_sudo = fields.Boolean(
        help="Stopping services and reading Odoo's files needs root. The user of the key gets it "
        "for this one program only."
    )
    install_line = fields.Char(compute="_compute_lines")
    key_line = fields.Char(compute="_compute_lines")
    sudoers_line = fields.Char(compute="_compute_lines")
    option_line = fields.Char(compute="_compute_lines")

    @api.model
    def _open(self, values):
        return {
            "type": "ir.actions.act_window",
            "name": _("Set Up the Host"),
            "res_model": self._name,
            "res_id": self.create(values).id,
            "view_mode": "form",
            "target": "new",
        }

    @api.depends("through_sudo", "public_key", "helper_path")
    def _compute_lines(self):
        for wizard in self:
            command = f"{INSTALLED} serve"
            run = f"sudo -n {command}" if wizard.through_sudo else command
            user = wizard.ssh_user or getpass.getuser()
            wizard.install_line = f"python3 {shlex.quote(wizard.helper_path or '')} install"
            wizard.key_line = f'restrict,command="{run}" {wizard.public_key}'
            wizard.sudoers_line = f"{user} ALL=(root) NOPASSWD: {command}"
            wizard.option_line = f"ipai_release_host_command = {run}"
