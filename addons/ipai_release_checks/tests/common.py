"""Releases with automated items, on committed data: the queue commits, and snapshots are sessions
of their own that see only what is committed.
"""

# pylint: disable=invalid-commit
import json
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count

import psycopg2
from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tests import get_db_name, new_test_user
from odoo.tests.common import BaseCase

GROUP = "ipai_release_governance.group_release_"
#: Several runbooks of one test are runbooks of their own.
NUMBERS = count(1)


class CommittedCase(BaseCase):
    """A cursor of the test's own, committed for real; what it makes is named by the class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        cls.cr = cls.registry.cursor()
        cls.addClassCleanup(cls.cr.close)
        cls.env = api.Environment(cls.cr, SUPERUSER_ID, {})

    def tearDown(self):
        self.cr.rollback()
        self.env.invalidate_all()
        running = self.env["ipai.release"].search([("state", "=", "running")])
        for release in running:
            release._abort("end of the test")
        self.cr.commit()
        super().tearDown()

    @contextmanager
    def other_session(self):
        """An environment in a transaction of its own."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def kill(self, worker):
        """End a worker's PostgreSQL session as its death would."""
        worker.execute("SELECT pg_backend_pid()")
        pid = worker.fetchone()[0]
        self.cr.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        self.assertTrue(self.cr.fetchone()[0])
        with suppress(psycopg2.Error):
            worker.close()


class QueueCase(CommittedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stamp = fields.Datetime.now().strftime("%H%M%S%f") + cls.__name__
        cls.stamp = stamp
        cls.executor = new_test_user(cls.env, login=f"executor_{stamp}", groups=GROUP + "executor")
        cls.manager = new_test_user(cls.env, login=f"manager_{stamp}", groups=GROUP + "manager")
        cls.approver = new_test_user(cls.env, login=f"approver_{stamp}", groups=GROUP + "approver")
        cls.role = cls.env.ref("ipai_release_governance.role_executor")
        cls.signer = cls.env.ref("ipai_release_governance.role_finance_manager")
        cls.cr.commit()

    def make_release(self, *phases, gate="investigate"):
        """A running release whose phases hold automated items ``(code, kind, params)`` and
        manual ones ``(code, "manual", {})``.
        """
        runbook = self.env["ipai.runbook"].create(
            {
                "name": "Queue",
                "code": f"queue-{self.id()}-{self.stamp}-{next(NUMBERS)}",
                "phase_ids": [
                    (0, 0, self._phase(number, items, gate)) for number, items in enumerate(phases)
                ],
                "signoff_ids": [(0, 0, {"role_id": self.signer.id, "meaning": "Seen"})],
            }
        )
        runbook.with_user(self.manager).action_publish()
        release = self._plan(runbook)
        release.action_schedule()
        release.action_start()
        self.cr.commit()
        return release

    def _plan(self, runbook):
        now = fields.Datetime.now()
        target = self.env["ipai.release.target"].create({"name": self.id(), "tz": "UTC"})
        return (
            self.env["ipai.release"]
            .with_user(self.executor)
            .create(
                {
                    "title": self.id(),
                    "runbook_id": runbook.id,
                    "target_id": target.id,
                    "window_start": now,
                    "window_end": now + timedelta(hours=1),
                    "member_ids": [
                        (0, 0, {"role_id": self.role.id, "user_id": self.executor.id}),
                        (0, 0, {"role_id": self.signer.id, "user_id": self.approver.id}),
                    ],
                }
            )
        )

    def _phase(self, number, items, gate):
        return {
            "code": str(number),
            "name": f"Phase {number}",
            "sequence": number,
            "gate_policy": gate,
            "item_ids": [(0, 0, self._item(place, *item)) for place, item in enumerate(items)],
        }

    def _item(self, place, code, kind, params):
        values = {
            "code": code,
            "name": f"Item {code}",
            "sequence": place,
            "role_id": self.role.id,
            "severity": "critical",
        }
        if kind != "manual":
            check = self.env["ipai.release.check"].create(
                {"name": code, "kind": kind, "parameters": json.dumps(params)}
            )
            values.update({"mode": "automated", "check_id": check.id})
        return values

    def work(self):
        """What the scheduler does when it wakes."""
        self.cr.commit()
        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["ipai.release.queue"]._work()
        self.cr.rollback()
        self.env.invalidate_all()

    def item(self, release, code):
        return release.item_ids.filtered(lambda item: item.code == code)

    def outcomes(self, release):
        return {item.code: item.outcome for item in release.item_ids}


def sql(statement, **params):
    """Parameters of a check that expects the one row's column ``ok`` to be true."""
    return {"sql": statement, "expect": [{"column": "ok", "op": "==", "value": True}], **params}
