"""A small runbook and the people of a release, for the tests of all suite addons."""

import json
from datetime import timedelta

from odoo import fields
from odoo.tests import TransactionCase, new_test_user

from ..core.result import Result

GROUP = "ipai_release_governance.group_release_"
PEOPLE = {
    "executor": "executor",
    "devops": "approver",
    "finance": "approver",
    "qa": "approver",
    "tester": "tester",
    "verifier": "approver",
    "manager": "manager",
    "auditor": "auditor",
    "viewer": "viewer",
}
TEAM = {
    "executor": "executor",
    "devops": "devops",
    "finance_manager": "finance",
    "qa": "qa",
    "tester": "tester",
    "verifier": "verifier",
}


class ReleaseCommon(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {
            name: new_test_user(
                cls.env, login=f"rel_{name}", groups=GROUP + group, email=f"{name}@example.com"
            )
            for name, group in PEOPLE.items()
        }
        cls.role = {role.code: role for role in cls.env["ipai.release.role"].search([])}
        cls.target = cls.env["ipai.release.target"].create({"name": "Test shop", "tz": "UTC"})
        cls.runbook = cls._make_runbook()
        cls.runbook.with_user(cls.people["manager"]).action_publish()

    @classmethod
    def _make_runbook(cls, **values):
        """A draft runbook with one preparation, two execution, a verification and a rollback."""
        return cls.env["ipai.runbook"].create(
            {
                "name": "Hardening",
                "code": "hardening-test",
                "module_names": "ipai_release_governance",
                "module_version": "1.0.0",
                "verification_hours": 0,
                "phase_ids": [
                    cls._phase("T", "preparation", "abort", [("T.1", "executor")]),
                    cls._phase("0", "execution", "abort", [("0.1", "executor"), ("0.2", "tester")]),
                    cls._phase("4", "execution", "roll_back", [("4.1", "tester")]),
                    cls._phase("7", "verification", "investigate", [("7.1", "tester")]),
                    cls._phase("R", "rollback", "investigate", [("R.1", "executor")]),
                ],
                "signoff_ids": [
                    cls._signoff("devops"),
                    cls._signoff("finance_manager"),
                    cls._signoff("verifier", "verification"),
                ],
                **values,
            }
        )

    @classmethod
    def _phase(cls, code, stage, policy, items):
        return (
            0,
            0,
            {
                "code": code,
                "name": f"Phase {code}",
                "stage": stage,
                "gate_policy": policy,
                "sequence": "T0471R".index(code),
                "item_ids": [(0, 0, cls._item(*item)) for item in items],
            },
        )

    @classmethod
    def _item(cls, code, role, **values):
        return {
            "code": code,
            "name": f"Item {code}",
            "role_id": cls.role[role].id,
            "severity": "critical",
            "aspect": "functional_tests",
            **values,
        }

    @classmethod
    def _signoff(cls, role, stage="execution", **values):
        rule = {"role_id": cls.role[role].id, "stage": stage, "meaning": "Seen and agreed"}
        return (0, 0, {**rule, **values})

    @classmethod
    def _make_release(cls, runbook=None, **values):
        now = fields.Datetime.now()
        return (
            cls.env["ipai.release"]
            .with_user(cls.people["executor"])
            .create(
                {
                    "title": "Go live",
                    "runbook_id": (runbook or cls.runbook).id,
                    "target_id": cls.target.id,
                    "window_start": now,
                    "window_end": now + timedelta(hours=1),
                    "member_ids": [
                        (0, 0, {"role_id": cls.role[role].id, "user_id": cls.people[who].id})
                        for role, who in TEAM.items()
                    ],
                    **values,
                }
            )
        )

    @classmethod
    def _freeze_now(cls, name, before, after):
        """A freeze that began ``before`` ago and goes on for ``after``."""
        now = fields.Datetime.now()
        return cls.env["ipai.release.freeze"].create(
            {"name": name, "kind": "once", "date_start": now - before, "date_end": now + after}
        )

    def item(self, release, code):
        return release.item_ids.filtered(lambda item: item.code == code)

    def as_(self, who, records):
        return records.with_user(self.people[who])

    def do(self, release, code, outcome="passed", who=None):
        """Settle a manual item as the person whose role it is."""
        item = self.item(release, code)
        item = self.as_(who or item.assigned_id.login.removeprefix("rel_"), item)
        item.actual = f"{code} done"
        return item.action_pass() if outcome == "passed" else item.action_fail()

    def settle(self, release, code, outcome, **values):
        """Settle an item as a machine would."""
        self.item(release, code)._settle(Result(outcome, **values))

    def start(self, **values):
        """A release that is running, its preparation passed."""
        release = self._make_release(**values)
        release.action_schedule()
        self.do(release, "T.1")
        release.action_start()
        return release

    def sign(self, release, role, state="approved", who=None, reason=""):
        signoff = release.signoff_ids.filtered(
            lambda row: row.role_id.code == role and row.state == "requested"
        )
        who = who or TEAM[role]
        self.as_(who, signoff)._sign(state, reason, typed_name=who.title())
        return signoff

    def published(self, **values):
        """Another runbook, with other rules."""
        runbook = self._make_runbook(code=self._testMethodName, **values)
        runbook.with_user(self.people["manager"]).action_publish()
        return runbook

    def person(self, name, group="approver"):
        """One more person, in ``self.people``."""
        self.people[name] = new_test_user(
            self.env, login=f"rel_{name}", groups=GROUP + group, email=f"{name}@example.com"
        )
        return self.people[name]

    def member(self, role, who):
        return (0, 0, {"role_id": self.role[role].id, "user_id": self.people[who].id})

    def events(self, release, kind):
        """Payloads of the journal's events of a kind."""
        found = release.event_ids.filtered(lambda event: event.kind == kind)
        return [json.loads(event.payload) for event in found]

    def hours_later(self, release):
        """As if the hours before the verification were over."""
        release._store({"verification_due": release._database_now()})

    def deploy(self, release):
        """Work off all execution items."""
        for code in ("0.1", "0.2", "4.1"):
            self.do(release, code)
