"""The runbook Payment Workflow Hardening as it is shipped: complete, published, and able to run."""

import json
import tempfile
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.addons.ipai_release_governance.core.journal import canonical
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import convert_file

from .runbook_case import RunbookCase

#: Every line of the paper log that asks for something: the item that asks for it now and, where a
#: value was written down, the label of its measurement.
TEMPLATE = (
    ("Users notified of maintenance window", "T.1", "Time"),
    ("All database backups verified", "T.2", "Size"),
    ("Code repository access confirmed", "T.3", "Branch"),
    ("System disk space checked", "T.4", "Free space"),
    ("Odoo service health check", "T.5", "Status"),
    ("Payment Manager group verified", "T.6", "Members"),
    ("Payment State Distribution", "0.1", None),
    ("Reconciliation Integrity", "0.2", None),
    ("Reconciled Payments Baseline", "0.3", "Baseline Count"),
    ("User Permissions", "0.4", None),
    ("Database Dump", "1.1", "File Path"),
    ("Database Dump", "1.1", "File Size"),
    ("Database Dump", "1.1", "Compression"),
    ("Code Backup", "1.2", "File Path"),
    ("Code Backup", "1.2", "File Size"),
    ("Snapshot Marker", "1.3", "File Path"),
    ("Snapshot Marker", "1.3", "Created"),
    ("Git Pull", "2.1", "Current Branch"),
    ("Git Pull", "2.1", "Before: HEAD"),
    ("Git Pull", "2.1", "After: HEAD"),
    ("File Changes Verification", "2.2", "Files Changed"),
    ("Syntax Checks: Python", "2.3", None),
    ("Syntax Checks: XML", "2.3.1", None),
    ("Version Verification", "2.4", "Version in the Manifest"),
    ("Stop Odoo", "3.1", "Status at 0 sec"),
    ("Stop Odoo", "3.1", "Status at 3 sec"),
    ("Clear Cache", "3.2", "Commands executed"),
    ("Start Odoo", "3.3", "Status at 0 sec"),
    ("Start Odoo", "3.3", "Status at 30 sec"),
    ("Start Odoo", "3.3", "Status at 60 sec"),
    ("Startup Verification", "3.4", "Service Status"),
    ("Startup Verification: Recent Errors in Logs", "3.4.1", "Recent Errors"),
    ("Module Loaded", "4.1", "state"),
    ("Module Loaded", "4.1", "Version in the database"),
    ("Posted Payment Protection", "4.2", "Guards present"),
    ("Journal Entry Reset Protection", "4.3", "Guards present"),
    ("Reconciliation Protection", "4.4", "Guards present"),
    ("Workflow Distribution", "4.5", None),
    ("Payment Manager Group", "4.6", "Members"),
    ("No Orphaned Records", "4.7", "Records found"),
    ("Payment Count: Baseline", "0.12", "Pre-deployment count"),
    ("Payment Count", "5.1", "Post-deployment count"),
    ("Posted Invoices Count: Baseline", "0.13", "Pre-deployment count"),
    ("Posted Invoices Count", "5.2", "Post-deployment count"),
    ("Reconciliation Count: Baseline", "0.14", "Pre-deployment count"),
    ("Reconciliation Count", "5.3", "Post-deployment count"),
    ("Reconciled Payments Count", "5.4", "Post-deployment count"),
    ("Error Count", "6.1", "Count"),
    ("Payment Module Errors", "6.2", "Count"),
    ("Critical Error Details", "6.3", None),
    ("Regular User Edit Restriction", "7.1", None),
    ("Manager Override", "7.2", None),
    ("New Payment Workflow", "7.3", None),
    ("Reconciled Payment Protection", "7.4", None),
    ("Print Voucher Button", "7.5", None),
)
#: Steps of the written guide that the paper log has no line for.
GUIDE = (
    ("Backup folder ready", "T.7"),
    ("Filestore Backup", "1.4"),
    ("Backup Verification", "1.5"),
    ("Switch the Code", "2.1.1"),
    ("Upgrade and Restart", "3.0"),
    ("Roll Back", "R.0"),
    ("Current version listed", "T.8"),
    ("Connectivity one hour before", "T.10"),
    ("Disk space one hour before", "T.11"),
    ("Pre-deployment counts", "T.12"),
    ("UI Cache Clear", "4.9"),
    ("System Health Check", "4.8"),
    ("Approval Workflow Verification", "5.8"),
    ("User sessions monitored", "8.1"),
    ("No errors overnight", "8.2"),
    ("Reconciliation count unchanged", "8.3"),
    ("Backups archived offsite", "8.4"),
    ("Switch the Code Back", "R.2"),
    ("Restore the Database", "R.3"),
    ("Start Odoo", "R.4"),
)
PHASES = (
    ("T", "preparation", "investigate"),
    ("0", "execution", "abort"),
    ("1", "execution", "abort"),
    ("2", "execution", "roll_back"),
    ("3", "execution", "roll_back"),
    ("4", "execution", "investigate"),
    ("5", "execution", "roll_back"),
    ("6", "execution", "investigate"),
    ("7", "verification", "investigate"),
    ("8", "verification", "investigate"),
    ("R", "rollback", "investigate"),
)
#: Items that people do by hand where Odoo does not reach the host.
HOST_ITEMS = (
    *("T.3", "T.7", "1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.1.1", "2.2"),
    *("3.0", "3.1", "3.2", "3.2.1", "3.3", "R.0", "R.1", "R.2", "R.3", "R.4"),
)
#: Names of the servers, accounts and folders of the paper log's author belong into no data file.
FOREIGN = ("osus", "ssh ", "root@", "/var/odoo", "rm -rf", "HEAD~1", "git pull")


@tagged("post_install", "-at_install")
class TestRunbookPayment(RunbookCase):
    def test_it_is_published_and_frozen(self):
        self.assertEqual(self.runbook.state, "published")
        self.assertEqual(self.runbook.published_by_id, self.env.ref("base.user_root"))
        self.assertTrue(self.runbook.published_at)
        self.assertFalse(self.runbook._publish_errors())
        with self.assertRaisesRegex(UserError, "New Version"):
            self.runbook.phase_ids[0].item_ids[0].name = "Another"
        with self.assertRaisesRegex(UserError, "frozen"):
            self.runbook.phase_ids.item_ids.check_id[0].name = "Another"

    def test_head(self):
        self.assertEqual(self.runbook.module_list(), ["payment_account_enhanced"])
        self.assertEqual(self.runbook.module_version, "1.0.9")
        self.assertEqual(self.runbook.retention_months, 12)
        self.assertEqual(self.runbook.estimated_minutes, 60)
        self.assertEqual(self.runbook.verification_hours, 24)
        for field in ("description", "rollback_plan", "support_notes"):
            self.assertTrue(self.runbook[field], field)

    def test_phases_and_gates(self):
        found = [(row.code, row.stage, row.gate_policy) for row in self.runbook.phase_ids]
        self.assertEqual(found, list(PHASES))

    def test_signoffs(self):
        found = {(row.role_id.code, row.stage) for row in self.runbook.signoff_ids}
        self.assertEqual(
            found,
            {
                ("devops", "execution"),
                ("finance_manager", "execution"),
                ("qa", "execution"),
                ("verifier", "verification"),
            },
        )

    def test_every_line_of_the_paper_log_is_an_item(self):
        items = {item.code: item for item in self.runbook.phase_ids.item_ids}
        for name, code, label in TEMPLATE:
            self.assertEqual(items[code].name, name)
            if label:
                self.assertIn(label, items[code].measurement_ids.mapped("label"), code)
        for name, code in GUIDE:
            self.assertEqual(items[code].name, name)

    def test_items_stand_in_the_phase_of_their_code(self):
        for phase in self.runbook.phase_ids:
            for item in phase.item_ids:
                self.assertTrue(item.code.startswith(f"{phase.code}."), item.code)
                self.assertTrue(item.expected, item.code)
                self.assertTrue(item.role_id, item.code)
                if item.mode == "manual":
                    self.assertTrue(item.instructions, item.code)

    def test_codes_stand_in_the_order_of_their_numbers(self):
        for phase in self.runbook.phase_ids:
            numbers = [
                tuple(int(part) for part in item.code.split(".")[1:]) for item in phase.item_ids
            ]
            self.assertEqual(numbers, sorted(numbers), phase.code)

    def test_what_a_machine_measures_is_not_typed(self):
        """Measurements of automated items bear the names under which the check records them."""
        for item in self.runbook.phase_ids.item_ids.filtered(lambda row: row.mode == "automated"):
            self.assertTrue(item.measurement_ids, item.code)

    def test_evidence_is_asked_for_where_the_machine_does_not_look(self):
        items = self.runbook.phase_ids.item_ids.filtered("evidence_required")
        for code in ("1.1", "1.2", "1.4", "1.5", "2.1", "2.1.1", "2.2", "3.2.1", "R.2", "R.3"):
            self.assertIn(code, items.mapped("code"))

    def test_a_host_does_what_people_do_elsewhere(self):
        """The same runbook, on a target with and without a host that Odoo reaches."""
        by_hand = self.release.item_ids.filtered(lambda item: item.mode == "manual")
        self.assertLess({*HOST_ITEMS, "T.1", "8.1"}, set(by_hand.mapped("code")))
        self.assertEqual(self.item("6.1").check_kind, "log")
        self.target.host_kind = "local"
        self.release._adapt_to_target()
        self.assertEqual({self.item(code).mode for code in HOST_ITEMS}, {"automated"})
        self.assertEqual(self.item("1.1").check_kind, "backup")
        self.assertEqual(self.item("6.1").check_kind, "log_signatures")
        self.assertEqual(self.item("T.1").mode, "manual")
        self.assertTrue(self.item("1.1").evidence_required)
        self.target.host_kind = "none"
        self.release._adapt_to_target()
        self.assertEqual({self.item(code).mode for code in HOST_ITEMS}, {"manual"})
        self.assertEqual(self.item("6.1").check_kind, "log")

    def test_a_host_needs_to_be_told_which_code(self):
        self.assertNotIn("Commit to Deploy", "".join(self.release._plan_problems()))
        self.target.host_kind = "local"
        self.release._adapt_to_target()
        problems = "\n".join(self.release._plan_problems())
        for label in ("Branch to Deploy", "Commit to Deploy", "Expected Files"):
            self.assertIn(label, problems)
        self.release.write({"branch_to": "main", "commit_to": "1234567", "files_expected": "a"})
        self.assertIn("40 hexadecimal", "\n".join(self.release._plan_problems()))
        self.release.commit_to = "0" * 40
        self.assertNotIn("Commit to Deploy", "".join(self.release._plan_problems()))

    def test_nothing_of_the_paper_s_host_is_in_it(self):
        text = canonical(self.release._runbook_snapshot()) + (self.runbook.description or "")
        for word in FOREIGN:
            self.assertNotIn(word, text)

    def test_its_files_may_be_loaded_again(self):
        """As Odoo 17.0 and 18.0 do it for ``-i`` of a module that is installed already."""
        published = self.runbook.published_at
        env = self.env(context={**self.env.context, "install_module": "ipai_release_checks"})
        known = {}
        for name in ("runbook", "phase_t_preparation", "phase_0_validation", "publish"):
            path = f"data/runbook_payment_hardening/{name}.xml"
            convert_file(env, "ipai_release_checks", path, known, mode="init", noupdate=True)
        self.assertEqual(self.runbook.published_at, published)
        self.assertEqual(self.runbook.item_count, len(self.release.item_ids))

    def test_parameters_of_every_check_are_valid(self):
        items = self.runbook.phase_ids.item_ids
        used = items.check_id | items.host_check_id
        self.assertGreater(len(used), 50)
        used._check_parameters()
        data = self.env["ir.model.data"].search(
            [("model", "=", "ipai.release.check"), ("name", "=like", "check\\_payment\\_%")]
        )
        self.assertEqual(set(data.mapped("res_id")), set(used.ids))

    def test_comparisons_name_an_earlier_item(self):
        earlier = set()
        for item in self.release.item_ids:
            params = json.loads(item.check_params or "{}")
            if "compare_to" in params:
                self.assertIn(params["compare_to"], earlier, item.code)
            earlier.add(item.code)

    def test_a_new_version_is_a_draft_of_its_own(self):
        action = self.runbook.with_user(self.env.ref("base.user_admin")).action_new_version()
        draft = self.env["ipai.runbook"].browse(action["res_id"])
        self.assertEqual((draft.state, draft.version), ("draft", 2))
        self.assertEqual(draft.item_count, self.runbook.item_count)
        self.assertFalse(
            draft.phase_ids.item_ids.check_id & self.runbook.phase_ids.item_ids.check_id
        )

    # -- checks that read no accounting data -------------------------------------------------

    def test_disk(self):
        self.assert_passes("T.4", "T.11")
        self.target.min_free_disk_gb = 1e9
        _measurement, verdict = self.run_item("T.4")
        self.assertEqual(verdict.outcome, "failed")

    def test_code_of_the_module(self):
        self.assert_passes("2.3", "2.3.1", "2.4")

    def test_module_and_groups(self):
        installed = self.env["ir.module.module"]._get("payment_account_enhanced").state
        for code in ("T.6", "T.8", "0.4", "4.1", "4.6", "R.6"):
            _measurement, verdict = self.run_item(code)
            wanted = "passed" if installed == "installed" else "failed"
            self.assertEqual(verdict.outcome, wanted, f"{code}: {verdict.summary}")

    def test_guards(self):
        """Without the addon that guards, nothing was tried, and nothing passes."""
        offered = hasattr(self.env["account.payment"], "_guard_probe_report")
        for code in ("4.2", "4.3", "4.4"):
            _measurement, verdict = self.run_item(code)
            self.assertEqual(verdict.outcome, "passed" if offered else "error", verdict.summary)

    def test_logs(self):
        window = fields.Datetime.now()
        self.release._store({"actual_start": window})
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "odoo.log")
            self.target.log_path = str(log)
            lines = [
                self._line(window - timedelta(days=1), "ERROR", "odoo.old", "Long ago"),
                self._line(window, "INFO", "odoo.modules.loading", "Started"),
            ]
            log.write_text("".join(lines))
            self.assert_passes("3.4.1", "6.1", "6.2", "6.3", "8.2")
            lines.append(self._line(fields.Datetime.now(), "ERROR", "odoo.http", "Broken"))
            log.write_text("".join(lines))
            self.assert_passes("3.4.1", "6.2", "6.3")
            self.assert_names("6.1", "Broken")
            logger = "odoo.addons.payment_account_enhanced.models.account_payment"
            lines.append(self._line(fields.Datetime.now(), "CRITICAL", logger, "Worse"))
            log.write_text("".join(lines))
            for code in ("3.4.1", "6.2", "6.3", "8.2"):
                self.assert_names(code, "Worse")

    def _line(self, time, level, logger, text):
        return f"{time:%Y-%m-%d %H:%M:%S},000 1 {level} shop {logger}: {text} \n"


@tagged("post_install", "-at_install")
class TestRunbookService(RunbookCase, HttpCase):
    def open_to_strangers(self):
        """Since 19.0 the server of a test answers only the test's own browser, unless told so."""
        allow = getattr(self, "allow_requests", None)
        return allow(all_requests=True) if allow else nullcontext()

    def test_the_login_page_answers(self):
        self.target.base_url = self.base_url()
        with self.open_to_strangers():
            self.assert_passes("T.5", "T.10", "3.4", "4.8", "R.5")

    def test_a_service_that_is_down_fails(self):
        self.target.base_url = "http://127.0.0.1:9"
        for code in ("T.5", "3.4"):
            _measurement, verdict = self.run_item(code)
            self.assertEqual(verdict.outcome, "failed", verdict.summary)
