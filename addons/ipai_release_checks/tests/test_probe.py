from odoo.tests import TransactionCase

from ..checks.base import CheckError


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
        rename, delete = self._try()
        self.assertIs(rename.held, True)
        self.assertIs(delete.held, True)
        self.assertTrue(delete.message)

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
