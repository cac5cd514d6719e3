from pathlib import Path

from odoo import _, models
from odoo.addons.ipai_series.compat import check_access

from ..host import release_host
from ..transport import NoFilesTaken, public_line, upload

#: The helper, and the configuration to fill in: what lands in the home folder of the host's user.
FILES = ("release_host.py", "release_host.ini.example")


class ReleaseTarget(models.Model):
    """Installing the helper on a target's host, as far as Odoo can do it."""

    _inherit = "ipai.release.target"

    def action_key_line(self):
        """Show the line that lets Odoo's key run the helper and nothing else."""
        return self._open_host_setup("key_line")

    def action_install_helper(self):
        """Copy the shipped helper to the host where it takes files, and say what remains."""
        self.ensure_one()
        check_access(self, "write")
        if self.host_kind != "ssh":
            return self._open_host_setup("local")
        with self._host_problems_shown():
            path = self._upload_helper()
        if not path:
            return self._open_host_setup("by_hand")
        self.message_post(
            body=_("Helper copied to %(path)s on %(host)s", path=path, host=self.ssh_host)
        )
        return self._open_host_setup("copied", path)

    def _upload_helper(self):
        """Path of the copy on the host; empty where Odoo's key may only run the helper."""
        folder = Path(release_host.__file__).parent
        files = {name: (folder / name).read_bytes() for name in FILES}
        try:
            return upload(self._ssh_address(), self._ssh_key_path(), files)[0]
        except NoFilesTaken:
            return ""

    def _open_host_setup(self, step, helper_path=False):
        self.ensure_one()
        check_access(self, "write")
        with self._host_problems_shown():
            public_key = public_line(self._ssh_key_path()) if self.host_kind == "ssh" else False
        return self.env["ipai.release.host.setup.wizard"]._open(
            {
                "target_id": self.id,
                "step": step,
                "helper_path": helper_path or release_host.__file__,
                "public_key": public_key,
                "through_sudo": self.ssh_user != "root",
            }
        )
