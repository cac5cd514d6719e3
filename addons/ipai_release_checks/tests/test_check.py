from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import TransactionCase, new_test_user

GROUP = "ipai_release_governance.group_release_"


class TestCheck(TransactionCase):
    def _check(self, kind="sql", parameters='{"expect_rows": 0}', sql="SELECT 1", **values):
        return self.env["ipai.release.check"].create(
            {"name": "Probe", "kind": kind, "parameters": parameters, "sql": sql, **values}
        )

    def test_bad_parameters_name_the_parameter(self):
        for parameters, named in (
            ('{"expect_rows": 0, "nonsense": 1}', "nonsense"),
            ('{"expect_rows": "none"}', "expect_rows"),
            ("{}", "expect"),
            ("[1]", "must be a JSON object"),
            ("{", "no JSON"),
        ):
            with (
                self.subTest(parameters=parameters),
                self.assertRaisesRegex(ValidationError, named),
            ):
                self._check(parameters=parameters)

    def test_a_check_without_its_sql_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "sql"):
            self._check(sql=False)

    def test_only_runbook_managers_write_sql(self):
        for group in ("viewer", "executor", "tester", "approver", "auditor"):
            user = new_test_user(self.env, login=f"check_{group}", groups=GROUP + group)
            with self.subTest(group=group), self.assertRaises(AccessError):
                self.env["ipai.release.check"].with_user(user).create(
                    {"name": "x", "kind": "sql", "parameters": "{}", "sql": "SELECT 1"}
                )

    def test_sql_of_a_series_is_handed_over(self):
        check = self._check(sql="SELECT 18", sql_17="SELECT 17")
        self.assertEqual(check._params()["sql"], {"17": "SELECT 17", "default": "SELECT 18"})

    def test_the_form_explains_the_kind(self):
        self.assertIn("expect_rows", self._check().help_text)

    def test_choosing_a_check_proposes_its_severity(self):
        item = self.env["ipai.runbook.item"].new({"severity": "minor"})
        item.check_id = self._check()
        item._onchange_check_id()
        self.assertEqual(item.severity, "critical")

    def test_an_automated_item_without_a_check_is_not_published(self):
        runbook = self._runbook(check_id=False)
        with self.assertRaisesRegex(UserError, "1 Probe is automated, but has no check"):
            runbook.with_user(self._manager()).action_publish()

    def test_published_checks_are_frozen_and_copied_with_a_new_version(self):
        check = self._check()
        runbook = self._runbook(check_id=check.id)
        manager = self._manager()
        runbook.with_user(manager).action_publish()
        with self.assertRaisesRegex(UserError, "frozen"):
            check.with_user(manager).sql = "SELECT 2"
        with self.assertRaises(UserError):
            check.with_user(manager).unlink()
        action = runbook.with_user(manager).action_new_version()
        copied = self.env["ipai.runbook"].browse(action["res_id"]).phase_ids.item_ids.check_id
        self.assertNotEqual(copied, check)
        copied.with_user(manager).sql = "SELECT 2"

    def test_a_runbook_of_a_company_not_seen_freezes_a_check_too(self):
        check = self._check()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        runbook = self._runbook(check_id=check.id)
        runbook.with_user(self._manager()).action_publish()
        runbook._store({"company_id": other.id})
        manager = new_test_user(self.env, login="check_manager_3", groups=GROUP + "manager")
        self.assertFalse(
            self.env["ipai.runbook"].with_user(manager).search_count([("id", "=", runbook.id)])
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "frozen"):
            check.with_user(manager).sql = "SELECT 2"

    def test_who_writes_a_check_is_an_author_of_the_draft_that_uses_it(self):
        check, manager = self._check(), self._manager()
        runbook = self._runbook(check_id=check.id)
        self.assertFalse(runbook.author_ids)
        check.with_user(manager).sql = "SELECT 2"
        self.assertEqual((check.author_ids, runbook.author_ids), (manager, manager))

    def test_who_wrote_a_check_before_it_was_used_is_an_author_too(self):
        manager = self._manager()
        first = self._check().with_user(manager).copy()
        self.assertEqual(first.author_ids, manager)
        runbook = self._runbook(host_check_id=first.id)
        self.assertEqual(runbook.author_ids, manager)
        other = self._runbook(code="probe-2")
        other.phase_ids.item_ids.check_id = first
        self.assertEqual(other.author_ids, manager)

    def test_a_published_runbook_has_the_authors_it_had(self):
        check, manager = self._check(), self._manager()
        runbook = self._runbook(check_id=check.id)
        runbook._publish()
        with self.assertRaisesRegex(UserError, "frozen"):
            check.with_user(manager).sql = "SELECT 2"
        self.assertFalse(runbook.author_ids | check.author_ids)

    def test_nobody_takes_themselves_off_the_authors(self):
        check, manager = self._check(), self._manager()
        check.with_user(manager).sql = "SELECT 2"
        with self.assertRaisesRegex(AccessError, "Authors"):
            check.with_user(manager).author_ids = False
        self.assertFalse(check.with_user(manager).copy({"name": "B"}).author_ids - manager)

    def _manager(self):
        return new_test_user(self.env, login="check_manager_2", groups=GROUP + "manager")

    def _runbook(self, code="probe", **item):
        values = {"code": "1", "name": "Probe", "mode": "automated", **item}
        role = self.env.ref("ipai_release_governance.role_finance_manager")
        return self.env["ipai.runbook"].create(
            {
                "name": "Probe",
                "code": code,
                "phase_ids": [(0, 0, {"code": "0", "name": "P", "item_ids": [(0, 0, values)]})],
                "signoff_ids": [(0, 0, {"role_id": role.id, "meaning": "Seen"})],
            }
        )
