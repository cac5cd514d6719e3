from odoo.tests import TransactionCase

from ..checks.base import CheckError

#: A guard of the suite itself: a published runbook is frozen for its managers too.
FROZEN = {
    "model": "ipai.runbook",
    "domain": [("state", "=", "published")],
    "groups": ["base.group_user", "ipai_release_governance.group_release_manager"],
    "acts": [{"code": "rename", "write": {"name": "Renamed"}}],
}


class TestProbe(TransactionCase):
    """The guard probe tries forbidden acts for real and leaves no trace."""

    OPTIONS = {
        "model": "res.partner",
        "domain": [("name", "=", "Probe Partner")],
        "groups": ["base.group_user"],
        "acts": [
            {"code": "rename", "title": "Rename a partner", "write": {"name": "Renamed"}},
            {"code": "delete", "title": "Delete a partner", "unlink": True},
        ],
    }

    def _try(self, **options):
        return self.env["ipai.release.guard.probe"]._try({**self.OPTIONS, **options})

    def test_an_open_door_and_a_closed_one_are_told_apart(self):
        self.env["res.partner"].create({"name": "Probe Partner"})
        rename, delete = self._try(groups=["base.group_user", "base.group_partner_manager"])
        self.assertIs(rename.held, False)
        self.assertIs(delete.held, False)
        held = self._try(**FROZEN)[0]
        self.assertIs(held.held, True)
        self.assertIn("New Version", held.message)

    def test_missing_access_rights_prove_no_guard(self):
        self.env["res.partner"].create({"name": "Probe Partner"})
        rename, delete = self._try()
        self.assertEqual((rename.held, delete.held), (None, None))
        self.assertIn("Not tried", rename.message)

    def test_nothing_is_left_behind(self):
        partner = self.env["res.partner"].create({"name": "Probe Partner"})
        users = self.env["res.users"].with_context(active_test=False).search_count([])
        self._try(groups=["base.group_user", "base.group_partner_manager"])
        self.assertEqual(partner.exists().name, "Probe Partner")
        self.assertEqual(
            self.env["res.users"].with_context(active_test=False).search_count([]), users
        )

    def test_without_a_record_nothing_was_tried(self):
        self.assertEqual([probe.held for probe in self._try()], [None, None])

    def test_a_model_that_is_not_there_is_an_error_with_its_remedy(self):
        with self.assertRaisesRegex(CheckError, "not.installed"):
            self._try(provider="not.installed")
        with self.assertRaisesRegex(CheckError, "offers no guards"):
            self._try(provider="res.partner")
