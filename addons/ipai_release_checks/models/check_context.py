import os
from contextlib import suppress
from datetime import datetime, timezone

from odoo import fields
from odoo import release as odoo_release
from odoo.addons.ipai_release_governance.models.release import minutes_between
from odoo.addons.ipai_series.compat import ALL_GROUP_USERS, SERIES
from odoo.modules import get_module_path
from odoo.tools import config

from ..checks.base import CheckError, Measurement
from ..checks.context import ModuleFacts, Plan, Window
from ..checks.local import LocalContext, manifest_version
from .host_caller import HostCaller

#: Name of the evidence file that holds what a check measured, for later comparison.
MEASUREMENT_FILE = "measurement.json"


class ItemContext(LocalContext):
    """What a check of a release item may ask of its surroundings, answered by Odoo.

    Checks read whatever the integrity of the shop needs; who may start them was checked before.
    """

    def __init__(self, item, snapshot, hosts=None):
        release, target = item.release_id, item.release_id.target_id
        super().__init__(
            SERIES,
            self._window(release),
            thresholds=target._thresholds(),
            snapshot=snapshot,
            base_url=target.base_url,
            log_path=target.log_path,
            data_dir=config["data_dir"],
            odoo_root=os.path.dirname(odoo_release.__file__),
        )
        self.plan = self._plan(release)
        self._hosts = hosts
        self._item = item
        # sudo: module states, groups and users are for administrators; a check only counts them.
        self._env = item.sudo().env

    @staticmethod
    def _window(release):
        """The time the release acts in: from its start until now."""
        # The end has its fractions: what was logged in the present second belongs to the window.
        start = (release.actual_start or release.create_date).replace(microsecond=0)
        return Window(start.replace(tzinfo=timezone.utc), datetime.now(timezone.utc))

    @staticmethod
    def _plan(release):
        """What the release was planned to put live."""
        files = (release.files_expected or "").split()
        return Plan(
            reference=release.name,
            branch=release.branch_to or "",
            commit=release.commit_to or "",
            files=tuple(files) if files else None,
            versions={line.name: line.version_expected or "" for line in release.module_ids},
        )

    def host(self):
        return HostCaller(self._item, self._hosts)

    def minutes_running(self):
        begun = self._item.date_start
        return minutes_between(begun, fields.Datetime.now())

    def module(self, name):
        module = self._env["ir.module.module"].search([("name", "=", name)])
        path = get_module_path(name, display_warning=False) or None
        return ModuleFacts(
            name=name,
            state=module.state or None,
            database_version=module.latest_version or None,
            path=path,
            disk_version=self._disk_version(path),
        )

    @staticmethod
    def _disk_version(path):
        """Version in the manifest; unknown where it cannot be read: the syntax check says why."""
        with suppress(CheckError):
            return manifest_version(path) if path else None

    def baseline(self, item_code):
        items = self._item.release_id.item_ids.filtered(lambda row: row.code == item_code)
        kept = items._latest_evidence().filtered(lambda row: row.name == MEASUREMENT_FILE)
        if not kept:
            return None
        return Measurement.from_json(kept[-1].sudo().attachment_id.raw.decode())

    def group_members(self, xmlid):
        group = self._env.ref(xmlid, raise_if_not_found=False)
        if not group:
            return None
        return sorted(group[ALL_GROUP_USERS].filtered("active").mapped("login"))

    def probe(self, params):
        return self._env["ipai.release.guard.probe"]._try(params.get("options") or {})
