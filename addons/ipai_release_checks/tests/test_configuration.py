import json
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.addons.ipai_release_governance.core import journal
from odoo.addons.ipai_release_governance.tests.common import ReleaseCommon
from odoo.addons.ipai_series.compat import GROUP_USERS
from odoo.modules import get_module_path
from odoo.tests import tagged

READER = "odoo.addons.ipai_release_checks.models.configuration_reader.get_module_path"


@tagged("post_install", "-at_install")
class TestUndeclaredChanges(ReleaseCommon):
    """What changes without a release opens one; what people do every day does not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Reading the code of all of Odoo takes seconds, and every test here reads it twice.
        cls.startClassPatcher(patch(READER, cls._path_of_ours))
        cls.release = cls._ended(cls._make_release())
        cls.configuration = cls.env["ipai.release.configuration"]
        cls.configuration._compare_daily()
        cls.kept = cls.configuration.search([], limit=1)
        # What the journal has to tell of here is told here, and waits for no test.
        cls.env.cr.flush()

    @staticmethod
    def _path_of_ours(name, **options):
        return name.startswith("ipai_") and get_module_path(name, **options)

    @classmethod
    def _ended(cls, release):
        release._store({"state": "done", "closed_at": fields.Datetime.now()})
        return release

    def _emergencies(self):
        return self.env["ipai.release"].search(
            [("runbook_id", "=", self.env.ref("ipai_release_checks.runbook_emergency").id)]
        )

    def reported(self, line):
        self.configuration._compare_daily()
        emergency = self._emergencies()
        self.assertEqual(len(emergency), 1)
        self.assertIn(line, emergency.incident_ids[-1].description)
        evidence = emergency.item_ids[0].evidence_ids[-1]
        self.assertIn(line, evidence.attachment_id.raw.decode())
        return emergency

    def test_what_a_release_left_is_kept_and_is_no_alarm(self):
        self.assertEqual(self.kept.release_id, self.release)
        self.assertIn("ipai_release_checks", json.loads(self.kept.content)["code"])
        self.assertFalse(self._emergencies())
        self.assertTrue(self.kept.compared_at)

    def test_everyday_work_is_no_alarm(self):
        user = self.env["res.users"].create({"name": "Nele", "login": "nele@example.com"})
        self.env.ref("ipai_release_governance.group_release_viewer")[GROUP_USERS] += user
        self.env["res.partner"].create({"name": "Buyer"})
        self.env["ir.filters"].create({"name": "Mine", "model_id": "res.partner"})
        self.env["ir.config_parameter"].set_param("web.base.url", "https://erp.example.com")
        self.env["ir.ui.view.custom"].create(
            {
                "ref_id": self.env.ref("base.view_partner_form").id,
                "user_id": user.id,
                "arch": "<form/>",
            }
        )
        self.env.ref("ipai_release_checks.cron_queue")._trigger()
        self._make_release().message_post(body="Lunch?")
        self.configuration._compare_daily()
        self.assertFalse(self._emergencies())

    def test_a_changed_view(self):
        view = self.env.ref("base.view_partner_form")
        view.arch_db = view.arch_db.replace("</form>", "<field name='lang' invisible='1'/></form>")
        self.reported("view: base.view_partner_form changed")

    def test_a_new_view(self):
        self.env["ir.ui.view"].create(
            {"name": "sneaky", "model": "res.partner", "arch": "<form><field name='id'/></form>"}
        )
        self.reported("view: sneaky (#")

    def test_a_server_action(self):
        self.env["ir.actions.server"].create(
            {
                "name": "Post all",
                "model_id": self.env.ref("base.model_res_partner").id,
                "state": "code",
                "code": "records.unlink()",
            }
        )
        self.reported("server action: Post all (#")

    def test_what_an_action_writes_and_where_it_sends(self):
        write = self._action("Number", state="object_write", update_path="ref", value="'1'")
        hook = self._action("Send", state="webhook", webhook_url="https://bank.example.com/in")
        self._keep_again()
        write.value = "'2'"
        hook.webhook_url = "https://thief.example.com/in"
        emergency = self.reported(f"server action: Number (#{write.id}) changed")
        told = emergency.incident_ids[-1].description
        self.assertIn(f"server action: Send (#{hook.id}) changed", told)
        self.assertNotIn("thief", told)

    def test_what_an_automation_rule_does(self):
        action = self._action("On payment", state="code", code="pass")
        self._use(action, "base_automation")
        self._keep_again()
        action.code = "records.unlink()"
        self.reported(f"server action: On payment (#{action.id}) changed")

    def test_actions_that_people_make_every_day(self):
        action = self._action("Sort my documents", state="code", code="pass")
        self._use(action, "documents_embedded")
        self.configuration._compare_daily()
        self.assertFalse(self._emergencies())

    def _action(self, name, **values):
        partner = self.env.ref("base.model_res_partner").id
        return self.env["ir.actions.server"].create({"name": name, "model_id": partner, **values})

    def _use(self, action, usage):
        """A usage that an addon adds, which need not be installed here."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE ir_act_server SET usage = %s WHERE id = %s", [usage, action.id])
        self.env.invalidate_all()

    def _keep_again(self):
        """As if the latest release had left what is configured now."""
        content = self.env["ipai.release.configuration.reader"]._read_configuration()
        self.kept._store({"content": journal.canonical(content)})

    def test_a_scheduled_action_that_does_something_else(self):
        cron = self.env.ref("base.autovacuum_job")
        cron.code = "model.search([])"
        self.reported("scheduled action: base.autovacuum_job changed")

    def test_a_scheduled_action_that_was_switched_off(self):
        self.env.ref("base.autovacuum_job").active = False
        self.reported("scheduled action: base.autovacuum_job changed")

    def test_a_group_that_implies_another(self):
        viewer = self.env.ref("ipai_release_governance.group_release_viewer")
        viewer.implied_ids += self.env.ref("base.group_partner_manager")
        self.reported("group: ipai_release_governance.group_release_viewer changed")

    def test_an_access_right_and_a_record_rule(self):
        self.env.ref("base.access_res_partner_group_user").perm_unlink = True
        self.env.ref("ipai_release_governance.rule_ipai_release_company").domain_force = "[]"
        self.reported("access right: base.access_res_partner_group_user changed")
        self.reported("record rule: ipai_release_governance.rule_ipai_release_company changed")

    def test_a_system_parameter_without_its_value(self):
        self.env["ir.config_parameter"].set_param("mail.bounce.alias", "s3cret-value")
        emergency = self.reported("system parameter: mail.bounce.alias")
        self.assertNotIn("s3cret-value", emergency.incident_ids.description)

    def test_code_on_disk(self):
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        copy = folder / "ipai_series"
        shutil.copytree(get_module_path("ipai_series"), copy)
        (copy / "compat.py").write_text("SERIES = 0\n")

        def path(name, **options):
            return str(copy) if name == "ipai_series" else self._path_of_ours(name, **options)

        with patch(READER, path):
            self.reported("code: ipai_series changed")

    def test_a_module_version(self):
        self.env.ref("base.module_ipai_series").latest_version = "19.0.9.9.9"
        self.reported("module: ipai_series changed")

    def test_the_same_change_is_reported_once(self):
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        self.reported("system parameter: shop.open added")
        self.configuration._compare_daily()
        self.assertEqual(len(self._emergencies().incident_ids), 1)

    def test_more_changes_join_the_open_emergency_release(self):
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        self.reported("system parameter: shop.open added")
        self.env["ir.config_parameter"].set_param("shop.closed", "1")
        emergency = self.reported("system parameter: shop.closed added")
        self.assertEqual(len(emergency.incident_ids), 2)

    def test_managers_and_auditors_are_told(self):
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        emergency = self.reported("system parameter: shop.open added")
        told = emergency.activity_ids.user_id
        self.assertLessEqual(self.people["auditor"] | self.people["manager"], told)
        self.assertNotIn(self.people["viewer"], told)

    def test_what_the_emergency_release_left_is_compared_with_from_then_on(self):
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        emergency = self._ended(self.reported("system parameter: shop.open added"))
        emergency._store(
            {"closed_at": fields.Datetime.add(self.kept.taken_at, seconds=1)},
        )
        self.configuration._compare_daily()
        latest = self.configuration.search([], limit=1)
        self.assertEqual(latest.release_id, emergency)
        self.assertEqual(len(self._emergencies()), 1)

    def test_a_release_under_way_changes_the_system_by_right(self):
        release = self._make_release()
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        for values in (
            {"state": "running"},
            {"state": "running", "rolling_back": True},
            {"state": "verifying", "rolling_back": False},
            {"state": "verifying", "rolling_back": True},
        ):
            release._store(values)
            self.configuration._compare_daily()
            self.assertFalse(self._emergencies(), values)

    def test_a_release_that_was_given_up_half_way_is_no_excuse(self):
        release = self._make_release()
        release._store({"state": "aborted", "closed_at": fields.Datetime.now()})
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        self.reported("system parameter: shop.open added")

    def test_an_emergency_release_that_was_given_up_is_opened_again(self):
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        first = self.reported("system parameter: shop.open added")
        self.as_("executor", first).action_abort("Not now")
        self.configuration._compare_daily()
        second = self._emergencies() - first
        self.assertEqual((len(second), second.state), (1, "draft"))
        self.assertIn("shop.open added", second.incident_ids.description)
        self.configuration._compare_daily()
        self.assertEqual(self._emergencies(), first | second)

    def test_what_was_taken_back_and_done_again_is_told_again(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("shop.open", "1")
        emergency = self.reported("system parameter: shop.open added")
        parameters.search([("key", "=", "shop.open")]).unlink()
        self.configuration._compare_daily()
        self.assertEqual(len(emergency.incident_ids), 1)
        parameters.set_param("shop.open", "1")
        self.configuration._compare_daily()
        self.assertEqual(len(emergency.incident_ids), 2)

    def test_what_changed_since_the_last_day_is_told_before_a_release_starts(self):
        self.env["ir.config_parameter"].set_param("shop.open", "1")
        started = self.start()
        self.assertEqual(started.state, "running")
        emergency = self._emergencies()
        self.assertIn("shop.open added", emergency.incident_ids.description)
        self.assertIn(self.people["auditor"], emergency.activity_ids.user_id)
        self.assertNotIn(started, emergency)

    def test_nobody_writes_what_a_release_left(self):
        with self.assertRaisesRegex(Exception, "allowed|written"):
            self.kept.with_user(self.people["manager"]).content = "{}"
