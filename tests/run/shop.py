"""Runbooks and releases, made and worked on over HTTP by the people whose work it is."""

import json
import time
from datetime import datetime, timedelta, timezone
from itertools import count

#: Seconds within which something has to happen. Odoo's scheduler looks once a minute by itself.
PATIENCE = 75
EXECUTOR, MANAGER, SIGNER, AUDITOR = "dana", "ruben", "fiona", "audrey"


def sql(statement="SELECT true AS ok"):
    """A check of one row whose column ``ok`` must be true."""
    return "sql", {"sql": statement, "expect": [{"column": "ok", "op": "==", "value": True}]}


def http(path):
    """A check that waits for the answer of the test's service."""
    return "http", {"path": path, "timeout_seconds": 60}


def manual():
    return "manual", {}


def until(what, condition):
    """Wait for ``condition()`` to be true and return what it returned.

    :raises AssertionError: naming ``what`` was waited for
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE} s for: {what}")


class Shop:
    """What the tests need of a shop that runs releases.

    :param people: sessions by login
    :param house: the Odoo that serves it
    """

    def __init__(self, people, house):
        self.people = people
        self.house = house
        self._numbers = count(1)
        self.roles = {
            role["code"]: role["id"]
            for role in people[EXECUTOR].search("ipai.release.role", [], ["code"])
        }

    def runbook(self, *phases, **options):
        """A published runbook; each phase is a list of ``(kind, parameters)``.

        Items are numbered ``1.1``, ``1.2``, ``2.1`` and so on; for options see :meth:`draft`.
        """
        runbook = self.draft(*phases, **options)
        self.people[MANAGER].call("ipai.runbook", "action_publish", [runbook])
        return runbook

    def draft(self, *phases, gate="investigate", modules="", way_back=()):
        """The same, not published yet.

        :param modules: technical names, with the version they are put live as
        :param way_back: items of a phase ``R`` that rolls back
        """
        values = {
            "name": "Move the shop",
            "code": f"move-{next(self._numbers)}-{time.time_ns()}",
            "phase_ids": [
                (0, 0, self._phase(number, items, gate)) for number, items in enumerate(phases, 1)
            ]
            + ([(0, 0, self._way_back(way_back))] if way_back else []),
            "signoff_ids": [
                (0, 0, {"role_id": self.roles["finance_manager"], "meaning": "Seen and agreed"})
            ],
        }
        if modules:
            values["module_names"], values["module_version"] = modules.split(" ")
        return self.people[MANAGER].call("ipai.runbook", "create", values)

    def _way_back(self, items):
        phase = self._phase("R", items, "investigate")
        return {**phase, "stage": "rollback", "sequence": 99}

    def release(self, *phases, gate="investigate", **target):
        """A scheduled release of these phases; ``target`` holds values of its target."""
        return self.release_of(self.runbook(*phases, gate=gate), **target)

    def release_of(self, runbook, **target):
        release = self.planned(runbook, **target)
        release.press("action_schedule")
        return release

    def planned(self, runbook, **target):
        """A release in draft."""
        now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
        values = {
            "title": "Move the shop",
            "runbook_id": runbook,
            "target_id": self.target(**target),
            "window_start": str(now - timedelta(minutes=5)),
            "window_end": str(now + timedelta(hours=2)),
            "member_ids": [
                (0, 0, self._member("executor", EXECUTOR)),
                (0, 0, self._member("finance_manager", SIGNER)),
            ],
        }
        return Release(self, self.people[EXECUTOR].call("ipai.release", "create", values))

    def target(self, **values):
        values = {
            "name": f"Quay {next(self._numbers)}",
            "tz": "UTC",
            "log_path": str(self.house.log),
            "base_url": self.house.address,
            **values,
        }
        return self.people[MANAGER].call("ipai.release.target", "create", values)

    def newcomer(self, release, password):
        """The session of somebody who is hired now and joins the release as executor."""
        # pytest-odoo makes addons importable only after this file was read.
        from odoo.addons.ipai_series.compat import GROUPS  # noqa: PLC0415

        admin = self.people["admin"]
        [dana] = admin.search("res.users", [("login", "=", EXECUTOR)], [GROUPS])
        login = f"nora{next(self._numbers)}"
        values = {"name": login, "login": login, "password": password}
        admin.call("res.users", "create", {**values, GROUPS: [(6, 0, dana[GROUPS])]})
        member = {"release_id": release.id, **self._member("executor", login)}
        self.people[EXECUTOR].call("ipai.release.member", "create", member)
        return self.people[login]

    def check(self, kind, params, **values):
        values = {"name": kind, "kind": kind, "parameters": json.dumps(params), **values}
        return self.people[MANAGER].call("ipai.release.check", "create", values)

    def _member(self, role, login):
        return {"role_id": self.roles[role], "user_id": self.people[login].uid}

    def _phase(self, number, items, gate):
        return {
            "code": str(number),
            "name": f"Phase {number}",
            "sequence": number,
            "gate_policy": gate,
            "item_ids": [
                (0, 0, self._item(f"{number}.{place}", place, *item))
                for place, item in enumerate(items, 1)
            ],
        }

    def _item(self, code, place, kind, params):
        values = {
            "code": code,
            "name": f"Item {code}",
            "sequence": place,
            "role_id": self.roles["executor"],
            "severity": "critical",
        }
        if kind != "manual":
            values |= {"mode": "automated", "check_id": self.check(kind, params)}
        return values


class Release:
    """One release, as its people see it."""

    def __init__(self, shop, number):
        self.shop = shop
        self.id = number

    def press(self, button, *args, who=EXECUTOR):
        return self.shop.people[who].call("ipai.release", button, [self.id], *args)

    def do(self, code):
        """The executor passes a manual item."""
        item = self.items()[code]["id"]
        self.shop.people[EXECUTOR].call("ipai.release.item", "action_pass", [item])

    def value(self, name):
        return self._search("ipai.release", [("id", "=", self.id)], [name])[0][name]

    def change(self, **values):
        return self.shop.people[EXECUTOR].call("ipai.release", "write", [self.id], values)

    def items(self, *names):
        """Items by code."""
        found = self._search("ipai.release.item", [("release_id", "=", self.id)], ["code", *names])
        return {item["code"]: item for item in found}

    def outcomes(self):
        return {code: item["outcome"] for code, item in self.items("outcome").items()}

    def settled(self):
        """Wait until no item is open any more, and return the outcomes."""
        until("the items to be settled", lambda: not self.is_open())
        return self.outcomes()

    def is_open(self):
        """Whether an item is not settled."""
        return not {"pending", "running"}.isdisjoint(self.outcomes().values())

    def evidence(self, code, *names):
        return self._search(
            "ipai.release.evidence",
            [("release_id", "=", self.id), ("item_id.code", "=", code)],
            names,
        )

    def events(self):
        """The journal, as ``core/journal.py`` reads it."""
        rows = self._search(
            "ipai.release.event",
            [("release_id", "=", self.id)],
            ["sequence", "kind", "actor", "time", "payload", "previous", "hash"],
            order="sequence",
            who=AUDITOR,
        )
        name = self.value("name")
        kept = ("sequence", "kind", "actor", "time", "previous", "hash")
        return [
            {key: row[key] for key in kept}
            | {"release": name, "payload": json.loads(row["payload"])}
            for row in rows
        ]

    def check_journal(self):
        """The chain is unbroken, ends in the head, and every attempt was settled once."""
        # pytest-odoo makes addons importable only after this file was read.
        from odoo.addons.ipai_release_governance.core import journal  # noqa: PLC0415

        events = self.events()
        assert not list(journal.broken_links(events))
        assert events[-1]["hash"] == self.value("journal_head")
        settled = [
            (event["payload"]["item"], event["payload"]["attempt"])
            for event in events
            if event["kind"] == "item_settled"
        ]
        attempts = {code: item["attempt"] for code, item in self.items("attempt").items()}
        assert sorted(settled) == sorted(
            (code, attempt) for code, last in attempts.items() for attempt in range(1, last + 1)
        )

    def _search(self, model, domain, names, order="", who=EXECUTOR):
        return self.shop.people[who].search(model, domain, list(names), order=order)
