"""The demo release: the payment addon is put live, by the people of :mod:`tools.demo.people`.

Everything goes the way people go: over HTTP, each with their own login and rights, while Odoo's own
scheduler works off the automated items. Some of those restart the very Odoo that is asked.
"""

import csv
import io
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tools.say import Missing, say

from . import answers
from .rpc import Session

RUNBOOK = "payment-workflow-hardening"
TEAM = {
    "executor": "dana",
    "devops": "devin",
    "finance_manager": "fiona",
    "qa": "quinn",
    "tester": "tess",
    "verifier": "devin",
}
OPEN = ("pending", "running")
ENDED = ("done", "aborted", "rolled_back")
SETTLED = ("passed", "warned", "failed", "error", "inconclusive")
#: Seconds the machine may take for the items that are due.
PATIENCE = 600


class People:
    """The sessions of the demo's people, opened as they are needed."""

    def __init__(self, address: str, database: str, password: str):
        self._account = address, database, password
        self._sessions = {}

    def __getitem__(self, login: str) -> Session:
        if login not in self._sessions:
            address, database, password = self._account
            self._sessions[login] = Session(address, database, login, password)
        return self._sessions[login]


class DemoRelease:
    """One release of the payment addon, planned and carried through by its team.

    :param people: sessions by login
    :param target: values of the target: its name, database, address and log, and how it is reached
    :param version: what is put live, for the title
    :param code: values of the release: branch, commit and files, where the machine puts it live
    """

    def __init__(self, people: People, target: dict, version: str, code: dict):
        self._people = people
        self._executor = people[TEAM["executor"]]
        self._target = self._make_target(target)
        self.id = self._plan(version, code)
        self._told = set()

    # -- the whole day -----------------------------------------------------------------------

    def to_the_end(self, log: Path):
        """Carry the release to its end, print what came of it and write the execution log.

        :param log: path of the PDF
        """
        self.run_to_signoff()
        self.sign_all()
        self.verify()
        self.print_log(log)

    def print_log(self, log: Path):
        """Print what came of the release, and write the execution log that its end kept."""
        show(self)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(self.execution_log())
        say(f"   execution log: {log}")

    def to_the_last_signature(self, login: str):
        """Carry the release to where only this person's signature is missing."""
        self.run_to_signoff()
        self.sign_all(but=login)
        say(f"   {self.summary()}: waits for the signature of {login}")

    def restore(self, reason: str):
        """The executor rolls back and has the database restored, until the release is at its end.

        :param reason: what the release says of it
        """
        values = {
            "release_id": self.id,
            "act": "roll_back",
            "reason": reason,
            "restore": True,
            "typed_database": self._executor.database,
        }
        wizard = self._executor.call("ipai.release.reason.wizard", "create", values)
        self._executor.call("ipai.release.reason.wizard", "action_confirm", [wizard])
        self._work_off()

    def work_goes_on(self, login: str):
        """Somebody sells something while the release is on."""
        session = self._people[login]
        partners = [("customer_rank", ">", 0)]
        partner = session.search("res.partner", partners, ["name"], order="id")[0]
        line = {"name": "Harbour fees", "price_unit": 1250.0}
        values = {
            "move_type": "out_invoice",
            "partner_id": partner["id"],
            "invoice_line_ids": [(0, 0, line)],
        }
        invoice = session.call("account.move", "create", values)
        session.call("account.move", "action_post", [invoice])
        [made] = session.search("account.move", [("id", "=", invoice)], ["name"])
        say(f"   meanwhile {login} posts {made['name']} for {partner['name']}")

    def entered_since(self) -> list[str]:
        """One line for each document that the restore listed as entered or changed since."""
        kept = self._executor.search(
            "ipai.release.evidence",
            [("release_id", "=", self.id), ("name", "=like", "%.csv")],
            ["name", "attachment_id"],
        )
        lines = []
        for file in kept:
            content = self._executor.download(f"/web/content/{file['attachment_id'][0]}")
            rows = csv.DictReader(io.StringIO(content.decode()))
            lines += [f"{file['name'].removesuffix('.csv')}: {_document(row)}" for row in rows]
        return lines

    # -- planning ----------------------------------------------------------------------------

    def _make_target(self, target: dict) -> int:
        manager = self._people["ruben"]
        found = manager.search("ipai.release.target", [("name", "=", target["name"])], [])
        if found:
            return found[0]["id"]
        values = {
            **target,
            "tz": "Atlantic/Reykjavik",
            "archive_location": "/srv/archive/releases",
            # The demo's machine is whatever it is built on: its disk is not the shop's.
            "min_free_disk_gb": 0.1,
        }
        return manager.call("ipai.release.target", "create", values)

    def _plan(self, version: str, code: dict) -> int:
        now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
        roles = {
            role["code"]: role["id"]
            for role in self._executor.search("ipai.release.role", [], ["code"])
        }
        runbook = self._runbook()
        values = {
            **code,
            "title": f"{runbook['name']} {version}",
            "runbook_id": runbook["id"],
            "target_id": self._target,
            "window_start": str(now - timedelta(minutes=5)),
            "window_end": str(now + timedelta(minutes=85)),
            "member_ids": [
                (0, 0, {"role_id": roles[role], "user_id": self._people[login].uid})
                for role, login in TEAM.items()
            ],
        }
        return self._executor.call("ipai.release", "create", values)

    def _runbook(self) -> dict:
        """The version of the shipped runbook that lets no day pass before the verification.

        Nobody signs a verification early; a runbook manager may publish one that asks for no wait,
        and is its author then.
        """
        manager = self._people["ruben"]
        published = [("code", "=", RUNBOOK), ("state", "=", "published")]
        [latest, *_older] = manager.search(
            "ipai.runbook", published, ["name", "verification_hours"], order="version desc"
        )
        if latest["verification_hours"]:
            draft = manager.call("ipai.runbook", "action_new_version", [latest["id"]])["res_id"]
            manager.call("ipai.runbook", "write", [draft], {"verification_hours": 0})
            [rule] = manager.search(
                "ipai.runbook.signoff",
                [("runbook_id", "=", draft), ("stage", "=", "verification")],
                [],
            )
            # What is signed says what was waited for.
            values = {"meaning": "At once, in this demo: the system is stable."}
            manager.call("ipai.runbook.signoff", "write", [rule["id"]], values)
            manager.call("ipai.runbook", "action_publish", [draft])
            return {**latest, "id": draft}
        return latest

    # -- what the people do ------------------------------------------------------------------

    def press(self, button: str, *args):
        """The executor presses a button of the release."""
        return self._executor.call("ipai.release", button, [self.id], *args)

    def state(self) -> str:
        return self._read("state")

    def run_to_signoff(self):
        """From the plan to the moment the deployment's signatures are asked for, or its end."""
        self.press("action_schedule")
        self._work_off()
        if self.state() == "scheduled":
            self.press("action_start")
            self._work_off()

    def sign_all(self, but: str = ""):
        """Whoever is asked approves, except for one person."""
        for login in sorted(set(TEAM.values()) - {but}):
            session = self._people[login]
            for signoff in session.search(
                "ipai.release.signoff",
                [("release_id", "=", self.id), ("is_mine", "=", True)],
                ["display_name"],
            ):
                [person] = session.search("res.users", [("id", "=", session.uid)], ["name"])
                session.sign(signoff["id"], person["name"])

    def verify(self):
        """The day after, at once: its checks are pressed instead of waited for."""
        if self.state() == "verifying":
            self._work_off()
            self.sign_all()

    def _work_off(self):
        """Do what is due until the machine and the people have nothing left to do."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if not self._do_next():
                    return
            except OSError:
                # Odoo is on its way down or up: the release restarts it, and goes on by itself.
                time.sleep(0.5)
        raise Missing(f"the demo release did not go on for {PATIENCE} s: see the log of Odoo")

    def _do_next(self) -> bool:
        """Do one thing, or wait a moment for the machine; whether there was anything to do."""
        self._tell_news()
        if self._do_manual_items():
            return True
        if self._machine_busy():
            time.sleep(0.5)
            return True
        # Asked again: the machine's last item may have opened a phase meanwhile.
        return self._do_manual_items()

    def _tell_news(self):
        """Print what the machine has done on the host since the last time."""
        done = self._executor.search(
            "ipai.release.item",
            [
                ("release_id", "=", self.id),
                ("mode", "=", "automated"),
                ("outcome", "in", SETTLED),
                ("phase_id.code", "in", ["1", "2", "3", "R"]),
            ],
            ["display_name", "outcome", "summary"],
            order="phase_sequence, sequence, id",
        )
        for item in done:
            if item["id"] not in self._told:
                self._told.add(item["id"])
                say(f"   {item['outcome']}: {item['display_name']}: {item['summary'] or ''}")

    def _do_manual_items(self) -> bool:
        """Each person does the first item that is theirs; whether there was one."""
        for login in sorted(set(TEAM.values())):
            items = self._people[login].search(
                "ipai.release.item",
                [("release_id", "=", self.id), ("is_mine", "=", True)],
                ["code", "name", "evidence_required"],
                order="phase_sequence, sequence, id",
            )
            if items:
                self._do_item(self._people[login], items[0])
                return True
        return False

    def _do_item(self, session: Session, item: dict):
        lines = session.search(
            "ipai.release.measurement",
            [("item_id", "=", item["id"]), ("value", "=", False)],
            ["name", "label"],
        )
        for line in lines:
            values = {"value": answers.measured(item, line)}
            session.call("ipai.release.measurement", "write", [line["id"]], values)
        if item["evidence_required"]:
            values = {"item_id": item["id"], "output": answers.output(item, session.login)}
            wizard = session.call("ipai.release.evidence.wizard", "create", values)
            session.call("ipai.release.evidence.wizard", "action_confirm", [wizard])
        values = {"actual": answers.actual(item)}
        session.call("ipai.release.item", "write", [item["id"]], values)
        session.call("ipai.release.item", "action_pass", [item["id"]])

    def _machine_busy(self) -> bool:
        """Whether automated items of an open phase are under way; those of tomorrow are pressed."""
        items = self._executor.search(
            "ipai.release.item",
            [
                ("release_id", "=", self.id),
                ("mode", "=", "automated"),
                ("outcome", "in", OPEN),
                ("phase_id.state", "=", "running"),
            ],
            ["scheduled_at"],
        )
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        if items and all((item["scheduled_at"] or "") > now for item in items):
            self.press("action_run_checks")
        return bool(items)

    # -- what came of it ---------------------------------------------------------------------

    def table(self) -> list[tuple[str, ...]]:
        """Phases and outcomes, head first."""
        phases = self._executor.search(
            "ipai.release.phase",
            [("release_id", "=", self.id)],
            ["display_name", "state", "item_ids"],
            order="sequence, id",
        )
        return [("Phase", "State", "Items and their outcomes")] + [
            (phase["display_name"], phase["state"], self._outcomes(phase["id"])) for phase in phases
        ]

    def _outcomes(self, phase: int) -> str:
        items = self._executor.search("ipai.release.item", [("phase_id", "=", phase)], ["outcome"])
        counts = {}
        for item in items:
            counts[item["outcome"]] = counts.get(item["outcome"], 0) + 1
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())

    def troubles(self) -> list[str]:
        """Items that did not simply pass, with the records they name, as lines to print."""
        items = self._executor.search(
            "ipai.release.item",
            [
                ("release_id", "=", self.id),
                ("outcome", "in", ["failed", "error", "inconclusive", "warned", "waived"]),
            ],
            ["display_name", "outcome", "summary", "records"],
            order="phase_sequence, sequence, id",
        )
        lines = []
        for item in items:
            lines.append(f"{item['outcome']}: {item['display_name']}: {item['summary'] or ''}")
            lines += [f"   {record}" for record in (item["records"] or "").splitlines()[:5]]
        return lines

    def summary(self) -> str:
        release = self._executor.search(
            "ipai.release", [("id", "=", self.id)], ["name", "state", "verdict", "end_reason"]
        )[0]
        reason = f" ({release['end_reason']})" if release["end_reason"] else ""
        return (
            f"{release['name']}: {release['state']}, {release['verdict'] or 'no verdict'}{reason}"
        )

    def execution_log(self) -> bytes:
        """The printed log that the end of the release kept.

        :raises Missing: when none was kept
        """
        kept = self._executor.search(
            "ir.attachment",
            [
                ("res_model", "=", "ipai.release"),
                ("res_id", "=", self.id),
                ("mimetype", "=", "application/pdf"),
            ],
            ["name"],
            order="id desc",
        )
        if not kept:
            raise Missing(f"no execution log was kept of {self.summary()}")
        return self._executor.download(f"/web/content/{kept[0]['id']}?download=true")

    def _read(self, field: str):
        return self._executor.call("ipai.release", "read", [self.id], [field])[0][field]


def _document(row: dict) -> str:
    """A line of the list, as people read it."""
    named = row.get("number") or row.get("name") or row["id"]
    figures = [row.get(name) for name in ("amount", "currency", "partner")]
    return " ".join(filter(None, [row["what"], named, *figures]))


def show(release: DemoRelease):
    """Print the table of phases and outcomes, and what was found."""
    rows = release.table()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("   " + "  ".join(map(str.ljust, row, widths)).rstrip())
    for line in release.troubles():
        say("   " + line)
    say("   " + release.summary())
