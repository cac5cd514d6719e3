from odoo.tests import TransactionCase

from ..checks.base import CheckError, ParameterError

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

    def test_only_what_a_user_could_call_is_tried(self):
        self.env["res.partner"].create({"name": "Probe Partner"})
        for call in ("_unlink", "__init__", "no_such_method", "", "env"):
            acts = [{"code": "x", "write": {}}, {"code": "y", "call": call}]
            with (
                self.subTest(call=call),
                self.assertRaisesRegex(ParameterError, r"options\.acts\[1\]\.call"),
            ):
                self._try(acts=acts)

    def test_nothing_is_tried_with_the_rights_of_administrators(self):
        over = self.env["res.groups"].create(
            {"name": "Over", "implied_ids": [(4, self.env.ref("base.group_system").id)]}
        )
        self.env["ir.model.data"].create(
            {"module": "base", "name": "probe_over", "model": "res.groups", "res_id": over.id}
        )
        for group in ("base.group_system", "base.group_erp_manager", "base.probe_over"):
            with (
                self.subTest(group=group),
                self.assertRaisesRegex(ParameterError, f"options.groups.*{group} gives"),
            ):
                self._try(groups=["base.group_user", group])

    def test_a_group_that_is_not_there_names_the_parameter(self):
        for group in ("base.no_such_group", "base.main_company"):
            with self.assertRaisesRegex(ParameterError, f"options.groups.*{group}"):
                self._try(groups=[group])

    def test_a_model_that_is_not_there_is_an_error_with_its_remedy(self):
        with self.assertRaisesRegex(CheckError, "not.installed"):
            self._try(provider="not.installed")
        with self.assertRaisesRegex(CheckError, "offers no guards"):
            self._try(provider="res.partner")
