from odoo import models
from odoo.addons.ipai_release_governance.core.journal import canonical
from odoo.modules import get_module_path

from .. import checks
from ..core import revision


class ReleaseSnapshot(models.Model):
    """What executing needs of the runbook, and what this machine knows of the code."""

    _inherit = "ipai.release"

    def _item_values(self, data, roles):
        return {**super()._item_values(data, roles), **self._way_values(data)}

    def _way_values(self, data):
        """How an item is done on this release's target: by which check, or by hand."""
        check = data.get("check") or {}
        if self.has_host and data.get("host_check"):
            check = data["host_check"]
        by_hand = not check or (not self.has_host and self._needs_host(check["kind"]))
        return {
            "mode": "manual" if by_hand else "automated",
            "check_kind": False if by_hand else check["kind"],
            "check_params": canonical({} if by_hand else check["params"]),
        }

    def _needs_host(self, kind):
        # The addon of a kind may be gone by now; running the item says so.
        return kind in checks.names() and checks.get(kind).needs_host

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
            branch = branch or self._branch_deployed(commit)
            # sudo: the last signer ends the deployment, and may not write releases.
            self.sudo()._store({f"branch_{when}": branch, f"commit_{when}": commit})

    def _branch_deployed(self, commit):
        """The branch a commit came from: a release leaves the tree at it, and on no branch."""
        if not commit:
            return ""
        if commit == self.commit_to:
            return self.branch_to
        # sudo: a release of a company that this user does not see may have left it.
        left = self.sudo().search(
            [("target_id", "=", self.target_id.id), ("commit_after", "=", commit)],
            order="id desc",
            limit=1,
        )
        return left.branch_after or ""
