"""A runbook with every phase and line of the paper template, worked off for the print."""

import io

from PIL import Image, ImageDraw

from ..core.result import Result
from .common import ReleaseCommon

#: (phase, name, stage, policy, [(code, name, mode, role, [measurement labels])])
PAPER = [
    (
        "T-24h",
        "Users, backups and access",
        "preparation",
        "abort",
        [
            ("P.1", "Users notified of maintenance window", "manual", "executor", ["Time"]),
            ("P.2", "All database backups verified", "manual", "executor", ["Size"]),
            ("P.3", "System disk space checked (>10GB)", "automated", "executor", ["Free space"]),
        ],
    ),
    (
        "0",
        "Pre-Deployment Validation",
        "execution",
        "abort",
        [
            ("0.1", "Payment State Distribution", "automated", "executor", []),
            ("0.3", "Reconciled Payments Baseline", "automated", "executor", ["Baseline Count"]),
        ],
    ),
    (
        "1",
        "Backup Execution",
        "execution",
        "abort",
        [
            (
                "1.1",
                "Database Dump",
                "manual",
                "executor",
                ["File Path", "File Size", "Compression"],
            ),
        ],
    ),
    (
        "2",
        "Code Deployment",
        "execution",
        "roll_back",
        [
            (
                "2.1",
                "Git Pull",
                "manual",
                "executor",
                ["Current Branch", "Before: HEAD", "After: HEAD"],
            ),
            ("2.3", "Syntax Checks", "automated", "executor", []),
        ],
    ),
    (
        "5",
        "Data Integrity Verification",
        "execution",
        "investigate",
        [
            (
                "5.1",
                "Payment Count",
                "automated",
                "executor",
                ["Pre-deployment count", "Post-deployment count", "Difference"],
            ),
        ],
    ),
    (
        "7",
        "Post-Deployment Testing",
        "verification",
        "investigate",
        [
            ("7.1", "Regular User Edit Restriction", "manual", "tester", []),
        ],
    ),
    (
        "R",
        "Return to the Version Before",
        "rollback",
        "investigate",
        [
            ("R.1", "Switch Back", "manual", "executor", []),
        ],
    ),
]


def screenshot():
    """A picture as people paste it: PNG with transparency."""
    picture = Image.new("RGBA", (640, 200), (255, 255, 255, 0))
    ImageDraw.Draw(picture).text((20, 90), "Backup verified: 512.4 MB", fill="black")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


class ExecutionLogCommon(ReleaseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in cls.people.values():
            user.name = user.login

    @classmethod
    def _paper_runbook(cls, items=0, code="paper"):
        """The template as a published runbook.

        :param items: number of automated items that phase 0 has beside its own
        """
        runbook = cls._make_runbook(
            name="Payment Workflow Hardening",
            code=code,
            verification_hours=24,
            phase_ids=[cls._paper_phase(place, *phase) for place, phase in enumerate(PAPER)],
        )
        phase = runbook.phase_ids.filtered(lambda row: row.code == "0")
        cls.env["ipai.runbook.item"].create(
            [
                {"phase_id": phase.id, **cls._item(f"0.x{number:03}", "executor", mode="automated")}
                for number in range(items)
            ]
        )
        # Its automated items have no checks: what makes them needs another addon.
        runbook._store({"state": "published"})
        return runbook

    @classmethod
    def _paper_phase(cls, place, code, name, stage, policy, items):
        values = {
            "code": code,
            "name": name,
            "stage": stage,
            "gate_policy": policy,
            "sequence": place,
            "item_ids": [
                (0, 0, cls._paper_item(number, *item)) for number, item in enumerate(items)
            ],
        }
        return (0, 0, values)

    @classmethod
    def _paper_item(cls, number, code, name, mode, role, labels):
        lines = [
            {"name": label.lower().replace(" ", "_"), "label": label, "required": False}
            for label in labels
        ]
        return cls._item(
            code,
            role,
            name=name,
            mode=mode,
            sequence=number,
            instructions=f"<p>How to do {code}.</p><ul><li>first this</li><li>then that</li></ul>",
            expected=f"What {code} expects",
            measurement_ids=[(0, 0, line) for line in lines],
        )

    def pass_all(self, release, *codes):
        """Settle items with measurements, output and a summary."""
        for code in codes:
            item = self.item(release, code)
            values = {line.name: f"{line.label} of {code}" for line in item.measurement_ids}
            item._settle(Result("passed", f"{code} as expected", f"raw output of {code}\n", values))

    def paper_release(self, runbook):
        """A release of the paper runbook whose preparation is done and that is running."""
        self.target.write({"tz": "Europe/Berlin", "archive_location": "/srv/archive"})
        release = self._make_release(runbook)
        release.action_schedule()
        self.pass_all(release, "P.1", "P.2", "P.3")
        release.action_start()
        return release

    def finish(self, release):
        """Work off, sign and verify what :meth:`paper_release` began."""
        self.pass_all(release, "0.1", "0.3", "1.1", "2.1", "2.3", "5.1")
        self.sign(release, "devops")
        self.sign(release, "finance_manager")
        self.pass_all(release, "7.1")
        self.hours_later(release)
        self.sign(release, "verifier")
        return release

    def print_log(self, release, who="viewer"):
        """The PDF as the user gets it."""
        report = self.as_(who, self.env["ir.actions.report"])
        content, kind = report._render_qweb_pdf(
            "ipai_release_governance.action_report_execution_log", release.ids
        )
        self.assertEqual(kind, "pdf")
        return content
