"""Whoever changes a stored release or a bundle is found out, and nobody else is accused.

``IPAI_TAMPER`` says how many changes are made, over all kinds; without it two of each kind.
``IPAI_TAMPER_TABLE`` names the file that the table by kind is written to.
"""

import os
import random

import bundle_kinds
import database_kinds
from odoo.addons.ipai_release_governance.bundle import verify_bundle
from odoo.addons.ipai_release_governance.core import bundle
from odoo.addons.ipai_release_governance.tests.evidence_case import EvidenceCase
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

SEED = 20261120
NAMES = [
    *(("database", name) for name in database_kinds.KINDS),
    *(("bundle", name) for name in bundle_kinds.KINDS),
]
COUNT = int(os.environ.get("IPAI_TAMPER", 2 * len(NAMES)))
TABLE = os.environ.get("IPAI_TAMPER_TABLE")
#: Tries at a change that changes something.
TRIES = 50


def share(place, name):
    """How many changes this kind makes, so that all kinds together make COUNT."""
    number = NAMES.index((place, name))
    return COUNT // len(NAMES) + (number < COUNT % len(NAMES))


def report(place, name, made, found):
    """Add a line to the table by kind."""
    line = f"{place:9} {name:34} {made:5} made {found:5} found"
    if TABLE:
        with open(TABLE, "a") as file:
            file.write(line + "\n")


class TestTamper(EvidenceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(SEED)  # noqa: S311 - the same changes in each run

    @mute_logger("odoo.sql_db")
    def test_changes_of_the_database_are_found(self):
        release, other = self.ended(), self.ended()
        self.env.cr.flush()
        missed = []
        for name, kind in database_kinds.KINDS.items():
            made = share("database", name)
            lost = [said for _each in range(made) if (said := self._unfound(kind, release, other))]
            report("database", name, made, made - len(lost))
            missed += [f"{name}: {said}" for said in lost]
        self.assertEqual(missed, [])
        self.assertEqual(release._findings() + other._findings(), [])

    def _unfound(self, kind, release, other):
        """Make one change and take it back; return what it was when nothing found it."""
        scene = database_kinds.Scene(self.env, release, other, self.random)
        for _try in range(TRIES):
            self.env.cr.execute("SAVEPOINT tamper")
            try:
                said = kind(scene)
                self.env.invalidate_all()
                findings = said and release._findings()
            except IntegrityError:
                said = None  # PostgreSQL refused it: something else is tried
            finally:
                self.env.cr.execute("ROLLBACK TO SAVEPOINT tamper")
                for undo in scene.undo:
                    undo()
                self.env.invalidate_all()
            if said:
                return "" if findings else said
        raise AssertionError(f"{kind.__name__} changes nothing")

    def test_changes_of_a_bundle_are_found(self):
        content, other = self.bundle(self.ended()), self.bundle(self.ended())
        missed = []
        for name, kind in bundle_kinds.KINDS.items():
            made = share("bundle", name)
            found = sum(self._finds(kind, content, other) for _each in range(made))
            report("bundle", name, made, found)
            missed += [name] * (made - found)
        self.assertEqual(missed, [])

    def _finds(self, kind, content, other):
        for _try in range(TRIES):
            packet = bundle_kinds.Packet(content, other, bundle, verify_bundle, self.random)
            changed = kind(packet)
            if changed and changed != content:
                return bool(self._accused(changed, packet.heads))
        raise AssertionError(f"{kind.__name__} changes nothing")

    def _accused(self, content, heads=()):
        """What the verifier says against a bundle; anything but a verdict is a defect of it."""
        try:
            return self.findings(content, heads)
        except verify_bundle.Unreadable as problem:
            return [("bundle", str(problem))]

    def test_untouched_releases_verify(self):
        """People go on working; after each act record and bundle verify."""
        alarms = []
        ended, release = self.ended(), self.start()
        for number in range(COUNT // 2):
            self._work(release)
            alarms += release._findings()
            one = release if number % 10 else ended
            alarms += self._accused(self.bundle(one))
        report("both", "untouched", COUNT // 2 * 2, len(alarms))
        self.assertEqual(alarms, [])

    def _work(self, release):
        """Something that people do while a release runs."""
        act = self.random.choice(
            (self._write_a_note, self._measure, self._report_an_incident, self._resolve, self._note)
        )
        act(release)

    def _write_a_note(self, release):
        self.as_("tester", self.item(release, "0.2")).notes = "x" * self.random.randrange(400)

    def _measure(self, release):
        item = self.as_("executor", self.item(release, "0.1"))
        text = f"{self.random.random()} GB free"
        self.env["ipai.release.evidence"].with_user(self.people["executor"])._add_pasted(item, text)

    def _report_an_incident(self, release):
        self.env["ipai.release.incident"].with_user(self.people["tester"]).create(
            {"release_id": release.id, "description": f"Slow: {self.random.random()} s"}
        )

    def _resolve(self, release):
        incident = release.incident_ids.filtered(lambda row: row.status == "pending")[:1]
        if incident:
            incident = self.as_("qa", incident)
            incident.resolution = "Waited"
            incident.action_resolve()

    def _note(self, release):
        self.as_("executor", release).issues_note = f"Seen {self.random.randrange(9)} times"
