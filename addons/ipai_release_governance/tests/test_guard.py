"""No way in writes what only setters write: ORM, import, and RPC over real HTTP."""

import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from ..guard import SETTER_KEY
from .common import ReleaseCommon

#: Written by the ORM alone; it ignores what a caller sends for them.
AUTOMATIC = {"id", "create_uid", "create_date", "write_uid", "write_date"}


class TestGuard(ReleaseCommon):
    def test_no_field_of_the_state_is_written_directly(self):
        release = self.start()
        for name in sorted(release._get_guarded_fields()):
            with self.subTest(field=name), self.assertRaisesRegex(AccessError, "directly"):
                release.write({name: release[name]})

    def test_the_superuser_is_refused_too(self):
        release = self.start()
        with self.assertRaises(AccessError):
            release.sudo().write({"state": "done"})

    def test_a_context_key_opens_nothing(self):
        release = self.start()
        for forged in (True, 1, "SETTER", {"any": "thing"}, [1]):
            with self.subTest(forged=forged), self.assertRaises(AccessError):
                release.with_context(**{SETTER_KEY: forged}).write({"state": "done"})

    def test_created_only_as_a_draft(self):
        with self.assertRaises(AccessError):
            self._make_release(state="done")
        self.assertEqual(self._make_release(state="draft").state, "draft")

    def test_defaults_in_the_context_fill_nothing(self):
        forged = {
            "default_outcome": "passed",
            "default_executed_by_id": self.people["qa"].id,
            "default_verdict": "complete_success",
            "default_state": "done",
            "default_commit_before": "f00",
            "default_score": 5,
        }
        plan = self._make_release().copy_data()[0]
        release = self.as_("executor", self.env["ipai.release"].with_context(**forged)).create(plan)
        self.assertEqual(
            (release.state, release.verdict, release.commit_before), ("draft", False, False)
        )
        self.assertEqual(set(release.item_ids.mapped("outcome")), {"pending"})
        self.assertFalse(release.item_ids.executed_by_id)
        forged = {"default_status": "resolved", "default_approver_id": self.people["finance"].id}
        incident = self.as_("tester", self.env["ipai.release.incident"].with_context(**forged))
        incident = incident.create({"release_id": release.id, "description": "Slow"})
        self.assertEqual((incident.status, incident.approver_id.id), ("pending", False))

    def test_the_gate_of_a_passed_phase_is_not_rewritten(self):
        release = self.start()
        phase = release.phase_ids.filtered(lambda row: row.state == "passed")
        wizard = self.as_("executor", self.env["ipai.release.gate.wizard"]).create(
            {"phase_id": phase.id, "decision": "investigate", "reason": "Forged"}
        )
        with self.assertRaisesRegex(UserError, "waits for nobody"):
            wizard.action_confirm()

    def test_items_of_closed_phases_record_nothing(self):
        release = self.start()
        for code in ("R.1", "4.1"):
            with self.subTest(code=code), self.assertRaisesRegex(UserError, "not open"):
                self.as_(
                    self.item(release, code).assigned_id.login[4:], self.item(release, code)
                ).notes = "early"

    def test_another_runbook_does_not_drop_what_was_recorded(self):
        release = self._make_release()
        release.action_schedule()
        self.do(release, "T.1")
        release.action_unschedule()
        release.runbook_id = release.runbook_id
        self.assertEqual(self.item(release, "T.1").outcome, "passed")
        other = self._make_runbook(code="other-one")
        other._publish()
        with self.assertRaisesRegex(UserError, "recorded already"):
            release.runbook_id = other

    def test_another_runbook_does_not_drop_evidence_of_what_nobody_did_yet(self):
        release = self._make_release()
        evidence = self.env["ipai.release.evidence"]
        kept = evidence._add_file(
            release.item_ids[0], 1, "undeclared-changes.txt", b"view: changed"
        )
        other = self.published()
        with self.assertRaisesRegex(UserError, "Plan a new release with the other runbook"):
            release.runbook_id = other
        self.assertTrue(kept.exists())

    def test_import_is_refused(self):
        release = self.start()
        result = release.load([".id", "state"], [[str(release.id), "done"]])
        self.assertFalse(result["ids"])
        self.assertIn("cannot be written directly", result["messages"][0]["message"])

    def test_rows_of_the_record_are_neither_made_nor_deleted(self):
        release = self.start()
        item = self.item(release, "0.1")
        for rows in (item, release.signoff_ids[:1], release.phase_ids[:1], release.module_ids[:1]):
            with self.subTest(model=rows._name), self.assertRaises(AccessError):
                rows.sudo().unlink()
        with self.assertRaises(AccessError):
            item.sudo().copy()

    def test_no_field_of_a_row_is_written_directly_but_the_open_ones(self):
        release = self.start()
        rows = [
            release.item_ids[:1],
            release.phase_ids[:1],
            release.signoff_ids[:1],
            release.module_ids[:1],
            release.event_ids[:1],
        ]
        for row in rows:
            for name, field in row._fields.items():
                if field.store and name not in row._open_fields.union(AUTOMATIC):
                    with (
                        self.subTest(model=row._name, field=name),
                        self.assertRaisesRegex(AccessError, "directly"),
                    ):
                        row.write({name: row[name]})

    def test_parts_do_not_move_to_where_they_may_not_be_changed(self):
        release, draft = self.start(), self._make_release()
        with self.assertRaisesRegex(UserError, "fixed"):
            draft.member_ids[:1].release_id = release
        incident = self.env["ipai.release.incident"].create(
            {"release_id": draft.id, "description": "Slow"}
        )
        with self.assertRaisesRegex(UserError, "stays with its release"):
            incident.release_id = release
        other = self._make_runbook(code="moving")
        with self.assertRaisesRegex(UserError, "frozen"):
            other.phase_ids[:1].write({"runbook_id": self.runbook.id, "code": "X"})

    def test_outcomes_are_not_written_by_their_testers(self):
        release = self.start()
        item = self.as_("tester", self.item(release, "0.2"))
        for values in ({"outcome": "passed"}, {"executed_by_id": self.people["qa"].id}):
            with self.subTest(values=values), self.assertRaises(AccessError):
                item.write(values)

    def test_what_is_settled_stays(self):
        release = self.start()
        self.do(release, "0.2")
        item = self.as_("tester", self.item(release, "0.2"))
        with self.assertRaisesRegex(UserError, "is settled"):
            item.actual = "something else"

    def test_others_do_not_write_on_an_item(self):
        release = self.start()
        with self.assertRaisesRegex(AccessError, "is done by Tester"):
            self.as_("finance", self.item(release, "0.2")).notes = "me too"

    def test_the_journal_is_append_only(self):
        release = self.start()
        event = release.event_ids[:1].sudo()
        for act in (lambda: event.write({"kind": "x"}), event.unlink, event.copy):
            with self.assertRaises(AccessError):
                act()

    def test_postgresql_refuses_to_change_the_journal(self):
        release = self.start()
        self.env.flush_all()
        for statement in (
            "UPDATE ipai_release_event SET kind = 'x' WHERE release_id = %s",
            "DELETE FROM ipai_release_event WHERE release_id = %s",
            "TRUNCATE ipai_release_event",
        ):
            with (
                self.subTest(statement=statement),
                self.assertRaisesRegex(Exception, "append-only"),
                self.cr.savepoint(),
            ):
                self.cr._obj.execute(statement, [release.id])

    def test_evidence_files_are_neither_changed_nor_deleted(self):
        release = self.start()
        item = self.as_("tester", self.item(release, "0.2"))
        evidence = self.env["ipai.release.evidence"].with_user(self.people["tester"])
        row = evidence._add_file(item, 1, "dump.bin", b"\x00\x01\xff")
        self.assertEqual(row.size, 3)
        attachment = row.attachment_id.sudo()
        with self.assertRaisesRegex(AccessError, "is evidence"):
            attachment.raw = b"other"
        with self.assertRaisesRegex(AccessError, "is evidence"):
            attachment.unlink()

    def test_an_empty_file_is_no_evidence(self):
        release = self.start()
        evidence = self.env["ipai.release.evidence"].with_user(self.people["tester"])
        with self.assertRaisesRegex(UserError, "empty"):
            evidence._add_upload(self.as_("tester", self.item(release, "0.2")), "none.txt", "")

    def test_pasted_output_is_text(self):
        release = self.start()
        wizard = self.env["ipai.release.evidence.wizard"].with_user(self.people["tester"])
        with self.assertRaisesRegex(UserError, "Add it as a file"):
            wizard.create({"item_id": self.item(release, "0.2").id, "output": "a\x00b"})

    def test_long_and_binary_output_is_kept_whole_as_a_file(self):
        release = self.start()
        evidence = self.env["ipai.release.evidence"]
        item = self.item(release, "0.2")
        for output in ("x" * 150_000, "a\x00b"):
            with self.subTest(length=len(output)):
                row = evidence._add_output(item, 1, output)
                file = item.evidence_ids.filtered("attachment_id")[-1]
                self.assertEqual(file.sudo().attachment_id.raw, output.encode())
                self.assertLessEqual(len(row.output), 100_000)
                self.assertNotIn("\x00", row.output)


@tagged("post_install", "-at_install")
class TestGuardOverHttp(HttpCase, ReleaseCommon):
    def _rpc(self, model, method, args, **context):
        body = {
            "jsonrpc": "2.0",
            "params": {
                "model": model,
                "method": method,
                "args": args,
                "kwargs": {"context": context},
            },
        }
        answer = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        return answer.json()

    def _login(self, who):
        user = self.people[who]
        user.password = user.login
        self.authenticate(user.login, user.login)

    def test_rpc_writes_no_state(self):
        release = self.start()
        self._login("executor")
        for context in ({}, {SETTER_KEY: True}, {SETTER_KEY: "SETTER"}):
            answer = self._rpc(
                "ipai.release", "write", [[release.id], {"state": "done"}], **context
            )
            self.assertIn("cannot be written directly", answer["error"]["data"]["message"])
        release.invalidate_recordset()
        self.assertEqual(release.state, "running")

    def test_rpc_calls_no_setter(self):
        release = self.start()
        self._login("executor")
        for method, args in (
            ("_move_to", ["done"]),
            ("_store", [{"state": "done"}]),
            ("_complete", []),
            ("_log", ["state", {}]),
        ):
            answer = self._rpc("ipai.release", method, [[release.id], *args])
            self.assertIn("error", answer, method)
        self.assertEqual(release.state, "running")

    def test_rpc_of_a_viewer_moves_nothing(self):
        release = self.start()
        self._login("viewer")
        for method in ("action_start", "action_abort", "action_schedule", "action_roll_back"):
            answer = self._rpc(
                "ipai.release",
                method,
                [
                    [release.id],
                    *(["because"] if method in ("action_abort", "action_roll_back") else []),
                ],
            )
            self.assertIn("Only release executors", answer["error"]["data"]["message"])
