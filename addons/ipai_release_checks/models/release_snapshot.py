from odoo import models
from odoo.addons.ipai_release_governance.core.journal import canonical
from odoo.modules import get_module_path

from ..core import revision


class ReleaseSnapshot(models.Model):
    """What executing needs of the runbook, and what this machine knows of the code."""

    _inherit = "ipai.release"

    def _item_values(self, data, roles):
        check = data.get("check") or {}
        return {
            **super()._item_values(data, roles),
            "check_kind": check.get("kind"),
            "check_params": canonical(check.get("params", {})),
        }

    def _record_before(self):
        super()._record_before()
        self._record_revision("before")

    def _record_after(self):
        super()._record_after()
        self._record_revision("after")

    def _record_revision(self, when):
        """Keep branch and commit of the first module's code."""
        name = self.module_ids[:1].name
        path = name and get_module_path(name, display_warning=False)
        if path:
            branch, commit = revision.read(path)
            # sudo: the last signer ends the deployment, and may not write releases.
            self.sudo()._store({f"branch_{when}": branch, f"commit_{when}": commit})
