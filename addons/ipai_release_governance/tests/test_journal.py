"""Every change of the record leaves an event that tells it, or is refused."""

import inspect
import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from psycopg2 import Error

from ..bundle import verify_bundle
from ..models.journaled_mixin import AUTOMATIC
from .evidence_case import EvidenceCase

#: Stored fields of the record that no event tells, and why.
UNTOLD = {
    "journal_head": "the journal itself",
    "journal_length": "the journal itself",
    "message_main_attachment_id": "the chatter",
    "progress_step": "how far a machine is, until it is done",
    "progress_done": "how far a machine is, until it is done",
    "progress_total": "how far a machine is, until it is done",
    "progress_unit": "how far a machine is, until it is done",
    "archive_tried_at": "what the scheduler tried",
    "archive_obstacle": "what the scheduler tried",
}
#: How somebody is refused: by a rule of the suite, by Odoo, by PostgreSQL.
REFUSALS = (AccessError, UserError, ValueError, TypeError, Error)


class TakeBack(Exception):
    """Raised to roll a savepoint back."""


class TestJournal(EvidenceCase):
    def one_of_each(self, release):
        """A row of each table of the record."""
        return [rows[:1] for rows in release._journaled_rows() if rows]

    def check_told(self, release, act):
        """Do something and take it back; in between the journal tells all that it changed.

        :return: whether it changed anything
        """
        changed = False
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                before, length = release._record_rows(), release.journal_length
                act()
                changed = self.untold(release, before, length)
                raise TakeBack
        except (TakeBack, *REFUSALS):
            self.env.invalidate_all()
        return changed

    def untold(self, release, before, length):
        self.env["ipai.release"]._journal_pending()
        self.env.flush_all()
        self.env.invalidate_all()
        findings = []
        chain = release.sudo()._verify_chain(lambda *finding: findings.append(finding))
        after = release._record_rows()
        verify_bundle.compare(chain.rows, after, lambda *finding: findings.append(finding))
        self.assertEqual(findings, [])
        if after != before:
            self.assertGreater(release.journal_length, length, "changed without an event")
        return after != before

    def test_all_stored_fields_are_journaled_or_follow_from_others(self):
        for model in self.env["ipai.release"]._journaled_models():
            journaled = model._get_journaled_fields()
            for name, field in model._fields.items():
                if not field.store or field.type == "one2many" or name in journaled | AUTOMATIC:
                    continue
                derived = field.related or (field.compute and field.readonly)
                with self.subTest(model=model._name, field=name):
                    self.assertTrue(derived or name in UNTOLD)

    def test_every_field_that_can_be_written_is_told(self):
        for release, by in ((self.ended(), self.setter), (self._make_release(), self.planner)):
            for row in self.one_of_each(release):
                for name in sorted(row._get_journaled_fields()):
                    if row == release and name == "name":
                        continue  # given once; each event names it
                    value = self.other_value(row, row._fields[name])
                    with self.subTest(model=row._name, field=name):
                        self.check_told(release, lambda: by(row).write({name: value}))  # noqa: B023

    def test_a_setter_s_write_is_told(self):
        """The test above sees changes at all."""
        release = self.start()
        item = self.setter(self.item(release, "0.1"))
        self.assertTrue(self.check_told(release, lambda: item.write({"outcome": "failed"})))
        self.assertTrue(self.check_told(release, item.unlink))
        with self.assertRaisesRegex(AssertionError, "according to the journal"):
            self.check_told(release, lambda: self.past_the_suite(item))

    def past_the_suite(self, item):
        self.env.cr.execute(
            "UPDATE ipai_release_item SET outcome = 'passed' WHERE id = %s", [item.id]
        )

    def test_every_button_tells_what_it_does(self):
        draft, running = self._make_release(), self.begun()
        pressed = set()
        for release in (draft, running):
            for row in self.one_of_each(release):
                for name in self.buttons(row):
                    for who in ("executor", "manager"):
                        with self.subTest(model=row._name, button=name, who=who):
                            act = getattr(self.as_(who, row), name)
                            if self.check_told(release, act):
                                pressed.add(name)
        self.assertLessEqual({"action_schedule"}, pressed)

    def test_deleted_rows_are_told(self):
        release = self.ended()
        for row in self.one_of_each(release):
            if row._name not in ("ipai.release", "ipai.release.phase", "ipai.release.item"):
                with self.subTest(model=row._name):
                    self.check_told(release, self.setter(row).unlink)

    def test_what_no_event_takes_along_becomes_one(self):
        release = self._make_release()
        release._journal_pending()
        length = release.journal_length
        release.title = "Another title"
        release.window_end += timedelta(hours=1)
        self.env.cr.flush()
        event = release.event_ids[-1]
        self.assertEqual((release.journal_length, event.kind), (length + 1, "changed"))
        rows = json.loads(event.payload)["rows"][f"ipai.release,{release.id}"]
        self.assertEqual(rows["title"], ["Go live", "Another title"])
        self.assertIn("window_end", rows)

    def test_what_is_taken_back_leaves_no_event(self):
        release = self._make_release()
        self.env.cr.flush()
        length = release.journal_length
        with self.assertRaises(TakeBack), self.env.cr.savepoint():
            release.title = "Another title"
            raise TakeBack
        self.env.cr.flush()
        self.assertEqual((release.journal_length, release.title), (length, "Go live"))
        release.title = "Another title"
        release.title = "Go live"
        self.env.cr.flush()
        self.assertEqual(release.journal_length, length)

    def test_the_actor_is_the_real_user(self):
        release = self.start()
        self.as_("tester", self.item(release, "0.2")).sudo().notes = "seen"
        self.as_("executor", release).issues_note = "slow"
        self.env.cr.flush()
        told = {event.actor: event.payload for event in release.event_ids[-2:]}
        self.assertIn("seen", told["rel_tester"])
        self.assertIn("slow", told["rel_executor"])

    # -- helpers -----------------------------------------------------------------------------

    def planner(self, row):
        return self.as_("executor", row)

    def setter(self, row):
        row = row.sudo()
        return row._as_setter() if hasattr(row, "_as_setter") else row

    def buttons(self, row):
        """Methods that a client may call, and that need no parameters."""
        for name, method in inspect.getmembers(type(row), inspect.isfunction):
            if name.startswith("action_") and method.__module__.startswith("odoo.addons.ipai"):
                yield name

    def other_value(self, row, field):
        """A value that the field does not have."""
        value = row[field.name]
        if field.type == "many2one":
            return self.env[field.comodel_name].search([("id", "!=", value.id)], limit=1).id
        if field.type == "many2many":
            return [(6, 0, self.env[field.comodel_name].search([], limit=2).ids)]
        if field.type == "selection":
            keys = [key for key, _label in field._description_selection(self.env)]
            return next(key for key in keys if key != value)
        if field.type in ("datetime", "date"):
            return (value or self.env.cr.now().replace(microsecond=0)) + timedelta(days=1)
        if field.type == "boolean":
            return not value
        if field.type in ("integer", "float"):
            return value + 1
        return b"aGVsbG8=" if field.type == "binary" else f"{value or ''} changed"


@tagged("post_install", "-at_install")
class TestActor(HttpCase, EvidenceCase):
    def test_code_that_acts_as_somebody_else_is_told_as_who_started_it(self):
        release = self.start()
        action = self.env["ir.actions.server"].create(
            {
                "name": "Sign for the others",
                "model_id": self.env.ref("base.model_res_users").id,
                "state": "code",
                "code": f"env['ipai.release'].browse({release.id}).with_user("
                f"{self.people['executor'].id}).write({{'issues_note': 'as you wish'}})",
            }
        )
        self.authenticate("admin", "admin")
        self.make_jsonrpc_request(
            "/web/dataset/call_kw/ir.actions.server/run",
            {"model": "ir.actions.server", "method": "run", "args": [action.ids], "kwargs": {}},
        )
        event = release.event_ids[-1]
        self.assertIn("as you wish", event.payload)
        self.assertEqual((event.actor, json.loads(event.payload)["as"]), ("admin", "rel_executor"))
