"""Items that a host does: asked again until it is done, kept before, waited for, left running."""

# pylint: disable=invalid-commit
import json
import os
import shlex
import sys
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError

from ..models import release_queue
from ..models.host_caller import PATIENCE
from .common import QueueCase

REPORT = "ipai_release_governance.action_report_execution_log"
STAND_IN = Path(__file__).with_name("host_stand_in.py")
WAY_BACK = [("R.1", "rollback", {}), ("R.2", "restore", {"of": "1"})]
AT_IT = {"status": "running", "progress": {"step": "dump", "done": 5e6, "total": 2e7}}
STEPS = [
    {"name": "stop", "start": "2026-11-30T18:00:00Z", "end": "2026-11-30T18:00:02Z", "ok": True}
]
RESTARTED = {"result": {"steps": STEPS, "downtime": {"seconds": 3.25}, "authenticated": True}}


class TestQueueHost(QueueCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.script()
        command = shlex.join([sys.executable, str(STAND_IN), folder.name])
        setting = patch.dict(os.environ, {"IPAI_RELEASE_HOST_COMMAND": command})
        setting.start()
        self.addCleanup(setting.stop)

    def tearDown(self):
        self.cr.rollback()
        self.env.invalidate_all()
        for release in self.env["ipai.release"].search([("rolling_back", "=", True)]):
            if not release._is_ended():
                release.phase_ids.filtered(lambda phase: not phase.date_end)._abandon("end")
                release._complete_roll_back()
        self.cr.commit()
        super().tearDown()

    def script(self, **answers):
        """What the host answers from now on: lists of answers by verb."""
        (self.folder / "script.json").write_text(json.dumps(answers))

    def asked(self, *verbs):
        """The requests that the host got, of these verbs."""
        path = self.folder / "asked.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [row for row in map(json.loads, lines) if not verbs or row["verb"] in verbs]

    @contextmanager
    def away(self):
        (self.folder / "away").touch()
        yield
        (self.folder / "away").unlink()

    def work_for(self, seconds):
        """What the scheduler does, in a pass that is ended early."""
        with patch.object(release_queue, "BUDGET", seconds):
            self.work()

    def make_release(self, *phases, **options):
        """A running release on a target whose host is the stand-in."""
        self._way_back = options.pop("way_back", None)
        return super().make_release(*phases, **options)

    def _phase(self, number, items, gate):
        values = super()._phase(number, items, gate)
        return {**values, "stage": "rollback"} if items is self._way_back else values

    def _plan(self, runbook):
        release = super()._plan(runbook)
        release.sudo().target_id.host_kind = "local"
        return release

    # -- asked again -------------------------------------------------------------------------

    def test_a_host_that_is_at_it_is_asked_again_with_the_same_key(self):
        release = self.make_release([("1", "restart", {})])
        self.script(restart=[AT_IT, AT_IT, RESTARTED])
        self.work()
        item = self.item(release, "1")
        self.assertEqual(item.outcome, "passed", item.summary)
        asked = self.asked("restart")
        self.assertEqual(len(asked), 3)
        key = f"{release._host_reference()}/1/1"
        self.assertEqual({row["key"] for row in asked}, {key})
        self.assertEqual(item.attempt, 1)
        self.assertEqual(release.event_ids.mapped("kind").count("item_start"), 1)
        self.assertEqual(item._steps(), STEPS)
        self.assertIn("18:00:00 - 18:00:02 UTC  stop: ok", item.steps_text)
        self.assertEqual(
            item.measurement_ids.filtered(lambda row: row.name == "downtime").unit, "s"
        )
        self.assertEqual((release.downtime_seconds, release.has_downtime), (3.25, True))
        self.assertEqual(release._document()["schedule"]["downtime_seconds"], 3.25)
        self.assertIn("restart-result.json", item.evidence_ids.mapped("name"))
        printed, _kind = self.env["ir.actions.report"]._render_qweb_html(REPORT, release.ids)
        self.assertIn(b"3.2 seconds", printed)
        self.assertIn(b"2026-11-30 18:00:02 stop: ok", printed)

    def test_progress_is_shown_and_no_lease_is_held(self):
        release = self.make_release([("1", "backup", {})])
        self.script(backup=[AT_IT])
        self.work_for(1.5)
        item = self.item(release, "1")
        self.assertEqual((item.outcome, item.lease_holder), ("running", False))
        self.assertEqual(item.progress_text, "dump: 5e+06 of 2e+07")
        self.assertEqual(item.progress, 25.0)
        self.assertIn("dump", release.running_text)
        self.assertEqual(release.running_progress, 25.0)
        item._take_progress({"step": "dump", "done": 5e6, "total": 2e7, "unit": "bytes"})
        self.assertEqual(item.progress_text, "dump: 5.0 of 20.0 MB")

    def test_a_pass_ends_and_wakes_the_next_one(self):
        release = self.make_release([("1", "backup", {})])
        self.script(backup=[AT_IT])
        self.env["ir.cron.trigger"].search([]).unlink()
        self.work_for(1.5)
        cron = self.env.ref("ipai_release_checks.cron_queue")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertTrue(triggers)
        self.assertLess(len(self.asked("backup")), 4)
        self.assertEqual(self.item(release, "1").outcome, "running")

    def test_other_releases_go_on_meanwhile(self):
        release = self.make_release([("1", "backup", {})])
        other = self.make_release([("1", "module", {"module": "base"})])
        self.script(backup=[AT_IT])
        self.work_for(1.5)
        self.assertEqual(self.item(release, "1").outcome, "running")
        self.assertNotIn(self.item(other, "1").outcome, ("pending", "running"))

    def test_what_takes_for_ever_is_an_error(self):
        release = self.make_release([("1", "backup", {"max_minutes": 1})])
        self.script(backup=[AT_IT])
        self.work_for(1)
        item = self.item(release, "1")
        item._store({"date_start": fields.Datetime.now() - timedelta(minutes=2)})
        self.work()
        self.assertEqual(item.outcome, "error")
        self.assertIn("more than 1 minutes", item.summary)

    # -- the record --------------------------------------------------------------------------

    def test_the_record_is_kept_before_anything_changes(self):
        release = self.make_release([("1", "host_health", {}), ("2", "restart", {})])
        self.script(health=[{"result": {"up": True}}], restart=[AT_IT, RESTARTED])
        self.work()
        verbs = [row["verb"] for row in self.asked("keep_record", "restart")]
        self.assertEqual(verbs, ["keep_record", "restart", "restart"])
        [kept] = self.asked("keep_record")
        record = kept["params"]["record"]
        [item] = [row for row in record["tables"]["ipai_release_item"] if row["code"] == "2"]
        self.assertEqual(item["outcome"], "running")
        for row in self.asked("restart"):
            self.assertEqual(row["anchor"]["head"], record["head"])
            self.assertEqual(row["anchor"]["release"], kept["params"]["release"])
        [anchor] = release.anchor_ids.filtered(lambda anchor: anchor.kind == "host")
        asked = self.asked("restart")[-1]["anchor"]
        self.assertEqual((anchor.head, anchor.sequence), (asked["head"], asked["length"]))
        self.assertIn("up to its event 7", anchor.reference)
        reference = self.env["ir.config_parameter"].get_param("database.uuid")[:8]
        self.assertTrue(kept["params"]["release"].startswith(f"{reference}/{release.name}"))

    def test_a_host_that_does_not_show_its_journal_is_no_anchor(self):
        release = self.make_release([("1", "restart", {})])
        self.script(restart=[{"status": "failed", "message": "It is down.", "journal": None}])
        self.work()
        self.assertEqual(self.item(release, "1").outcome, "failed")
        self.assertNotIn("host", release.anchor_ids.mapped("kind"))

    def test_without_a_kept_record_nothing_is_changed(self):
        release = self.make_release([("1", "restart", {})])
        self.script(keep_record=[{"status": "refused", "message": "It is too long."}])
        self.work()
        self.assertEqual(self.item(release, "1").outcome, "error")
        self.assertIn("too long", self.item(release, "1").summary)
        self.assertFalse(self.asked("restart"))

    def test_a_record_that_went_another_way_is_refused_and_told(self):
        release = self.make_release([("1", "restart", {})])
        forgotten = {"release": "x", "length": 99, "head": "f" * 64}
        other = {**release._export_record(), "release": "REL/1999/0001"}
        self.script(
            disk=[{"forgotten": forgotten}],
            record=[{"result": {"record": other}}],
            keep_record=[{"status": "refused", "message": "behind", "forgotten": forgotten}],
        )
        self.work()
        self.assertEqual(self.item(release, "1").outcome, "error")
        incident = release.incident_ids.filtered(lambda row: not row.item_id)
        self.assertEqual((len(incident), incident.severity), (1, "critical"))
        self.assertIn("REL/1999/0001", incident.description)
        self.assertFalse(self.asked("restart"))

    def test_a_record_that_cannot_be_read_holds_its_release_and_no_other(self):
        release = self.make_release([("1", "restart", {})])
        other = self.make_release([("1", "module", {"module": "base"})])
        forgotten = {"release": "x", "length": 99, "head": "f" * 64}
        broken = {**release._export_record(), "tables": {"ipai_release_event": [{"id": 1}]}}
        self.script(disk=[{"forgotten": forgotten}], record=[{"result": {"record": broken}}])
        length = release.journal_length
        with self.assertLogs("odoo.addons.ipai_release_checks.models.release_queue", "ERROR"):
            self.work_for(1)
        self.assertEqual(self.item(release, "1").outcome, "pending")
        self.assertNotEqual(self.item(other, "1").outcome, "pending")
        self.assertIn("not taken back", release.incident_ids.description)
        self.assertNotIn(
            "item_start",
            release.event_ids.filtered(lambda event: event.sequence > length).mapped("kind"),
        )

    # -- a host that is away -----------------------------------------------------------------

    def test_a_host_that_restarts_is_waited_for(self):
        release = self.make_release([("1", "restart", {})])
        with self.away():
            self.work_for(1)
        self.assertEqual(self.item(release, "1").outcome, "pending")
        self.assertTrue(release.host_away_since)
        self.script(restart=[RESTARTED])
        self.work()
        self.assertEqual(self.item(release, "1").outcome, "passed")
        self.assertFalse(release.host_away_since)

    def test_a_host_that_goes_away_meanwhile_is_waited_for(self):
        release = self.make_release([("1", "restart", {})])
        self.script(restart=[AT_IT])
        self.work_for(1)
        with self.away():
            self.work_for(1.5)
        item = self.item(release, "1")
        self.assertEqual(item.outcome, "running")
        self.script(restart=[RESTARTED])
        self.work()
        self.assertEqual((item.outcome, item.attempt), ("passed", 1))

    def test_a_host_that_stays_away_is_an_error_and_rolls_nothing_back(self):
        release = self.make_release(
            [("1", "restart", {})], WAY_BACK, gate="roll_back", way_back=WAY_BACK
        )
        with self.away():
            self.work_for(1)
            since = fields.Datetime.now() - PATIENCE - timedelta(seconds=5)
            release._store({"host_away_since": since})
            self.work()
        self.assertEqual(self.item(release, "1").outcome, "error")
        self.assertEqual((release.state, release.rolling_back), ("running", False))
        self.assertEqual(release.phase_ids[0].state, "blocked")

    def test_another_job_on_the_host_is_waited_for(self):
        release = self.make_release([("1", "restart", {})])
        busy = {
            "status": "refused",
            "message": "The host is busy with 'backup' (x).",
            "result": {"reason": "busy"},
        }
        self.script(restart=[busy, busy, RESTARTED])
        self.work()
        self.assertEqual(self.item(release, "1").outcome, "passed")
        self.assertEqual(len(self.asked("restart")), 3)

    # -- what is not done --------------------------------------------------------------------

    def test_nothing_acts_after_a_failure_in_its_phase(self):
        release = self.make_release(
            [("1", "backup", {}), ("2", "verify_backup", {"of": "1"}), ("3", "host_disk", {})]
        )
        full = {"status": "failed", "message": "The disk is full."}
        self.script(backup=[full], disk=[{"result": {"paths": []}}])
        self.work()
        self.assertEqual(self.item(release, "1").outcome, "failed")
        self.assertEqual(self.item(release, "2").outcome, "inconclusive")
        self.assertIn("1 Item 1 did not pass", self.item(release, "2").summary)
        self.assertFalse(self.asked("verify_backup"))

    def test_the_database_is_restored_only_when_a_person_decided_it(self):
        release = self.make_release(
            [("1", "backup", {}), ("2", "manual", {})], WAY_BACK, way_back=WAY_BACK
        )
        backup = {"backup": "b", "files": [{"name": "database.dump", "size": 1, "sha256": "a"}]}
        self.script(
            backup=[{"result": {**backup, "database": {"size": 1}}}],
            rollback=[{"status": "failed", "message": "The tree is not clean."}],
            restore=[{"result": {"kept_database": "shop_kept"}}],
        )
        self.work()
        executor = release.with_user(self.executor)
        executor.action_roll_back("The books are wrong")
        self.work()
        self.assertEqual(self.item(release, "R.2").outcome, "skipped")
        self.assertFalse(self.asked("restore"))
        self.assertTrue(executor.can_restore)
        with self.assertRaisesRegex(UserError, "Type Its Name"):
            self.decide(executor, "another")
        self.decide(executor, self.cr.dbname)
        self.work()
        self.assertEqual(self.item(release, "R.2").outcome, "passed")
        [restore] = self.asked("restore")
        self.assertEqual(restore["params"], {"backup": "b"})
        decided = [row for row in release.event_ids if row.kind == "restore_decided"]
        self.assertEqual(json.loads(decided[0].payload)["reason"], "It has to be")
        self.assertEqual(release.restore_decided_by_id, self.executor)

    def test_only_executors_decide_it_and_only_where_there_is_something_to_restore(self):
        release = self.make_release([("1", "manual", {})], WAY_BACK, way_back=WAY_BACK)
        with self.assertRaises(AccessError):
            release.with_user(self.approver).action_restore()
        with self.assertRaises(AccessError):
            release.with_user(self.executor).write({"restore_decided_by_id": self.executor.id})
        self.assertTrue(release.can_restore)
        other = self.make_release([("1", "manual", {})])
        with self.assertRaisesRegex(UserError, "no item for it"):
            other.with_user(self.executor).action_restore()

    def test_the_code_to_deploy_is_fixed_with_the_plan(self):
        release = self.make_release([("1", "manual", {})])
        with self.assertRaisesRegex(UserError, "Commit to Deploy .* is fixed"):
            release.with_user(self.executor).write({"commit_to": "0" * 40})

    def decide(self, release, name):
        action = release.action_restore()
        values = {"release_id": release.id, "typed_database": name, "reason": "It has to be"}
        self.env[action["res_model"]].with_user(self.executor).create(values).action_confirm()
        self.cr.commit()

    def test_the_roll_back_dialog_can_decide_it_too(self):
        release = self.make_release([("1", "manual", {})], WAY_BACK, way_back=WAY_BACK)
        wizard = self.env["ipai.release.reason.wizard"].with_user(self.executor)
        values = {"release_id": release.id, "act": "roll_back", "reason": "Wrong", "restore": True}
        with self.assertRaisesRegex(UserError, "Type Its Name"):
            wizard.create(values).action_confirm()
        wizard.create({**values, "typed_database": self.cr.dbname}).action_confirm()
        self.assertTrue(release.rolling_back)
        self.assertEqual(release.restore_reason, "Wrong")

    def test_a_job_that_is_left_alone_is_told_of(self):
        release = self.make_release([("1", "backup", {}), ("2", "host_disk", {})])
        self.script(backup=[AT_IT])
        self.work_for(1)
        release.with_user(self.executor).action_abort("Somebody objects")
        self.cr.commit()
        item = self.item(release, "1")
        self.assertEqual((item.outcome, item.left_running), ("inconclusive", True))
        self.assertIn("Somebody objects", item.summary)
        self.assertIn("dump", release.left_running_text)
        self.assertEqual(self.item(release, "2").outcome, "skipped")
        self.assertTrue(release.incident_ids.filtered(lambda row: row.item_id == item))
        self.script(backup=[{"result": {}}])
        self.work()
        self.assertEqual(item.outcome, "inconclusive")
