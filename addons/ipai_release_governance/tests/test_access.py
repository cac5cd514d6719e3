"""Roles and companies: who reads what, and who may do what."""

from odoo.addons.ipai_series.compat import check_access
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import GROUP, PEOPLE, ReleaseCommon

MODELS = [
    "ipai.runbook",
    "ipai.runbook.phase",
    "ipai.runbook.item",
    "ipai.runbook.measurement",
    "ipai.runbook.signoff",
    "ipai.release",
    "ipai.release.role",
    "ipai.release.target",
    "ipai.release.phase",
    "ipai.release.item",
    "ipai.release.measurement",
    "ipai.release.evidence",
    "ipai.release.signoff",
    "ipai.release.incident",
    "ipai.release.score",
    "ipai.release.event",
    "ipai.release.member",
    "ipai.release.module",
]


class TestAccess(ReleaseCommon):
    def test_every_role_reads_everything_of_its_company(self):
        for who in PEOPLE:
            for model in MODELS:
                with self.subTest(who=who, model=model):
                    check_access(self.as_(who, self.env[model]), "read")

    def test_nobody_else_reads_a_release(self):
        clerk = new_test_user(self.env, login="rel_clerk", groups="base.group_user")
        release = self._make_release()
        with self.assertRaises(AccessError):
            release.with_user(clerk).read(["title"])

    def test_viewers_and_auditors_write_nothing(self):
        for who in ("viewer", "auditor"):
            for model in MODELS:
                for operation in ("write", "create", "unlink"):
                    with (
                        self.subTest(who=who, model=model, operation=operation),
                        self.assertRaises(AccessError),
                    ):
                        check_access(self.as_(who, self.env[model]), operation)

    def test_no_role_writes_the_journal_or_evidence(self):
        for who in PEOPLE:
            for model in ("ipai.release.event", "ipai.release.evidence"):
                for operation in ("write", "create", "unlink"):
                    with (
                        self.subTest(who=who, model=model, operation=operation),
                        self.assertRaises(AccessError),
                    ):
                        check_access(self.as_(who, self.env[model]), operation)

    def test_only_executors_move_a_release(self):
        release = self._make_release()
        for who in set(PEOPLE) - {"executor"}:
            for act in ("action_schedule", "action_start", "action_unschedule"):
                with (
                    self.subTest(who=who, act=act),
                    self.assertRaisesRegex(AccessError, "Only release executors"),
                ):
                    getattr(self.as_(who, release), act)()

    def test_an_item_is_settled_in_its_role(self):
        release = self.start()
        with self.assertRaisesRegex(AccessError, "is done by Tester"):
            self.as_("executor", self.item(release, "0.2")).action_pass()

    def test_the_team_decides_within_a_role(self):
        release = self.start()
        stranger = new_test_user(self.env, login="rel_other", groups=GROUP + "tester")
        with self.assertRaisesRegex(AccessError, "is done by Tester"):
            self.item(release, "0.2").with_user(stranger).action_pass()

    def test_another_company_sees_nothing(self):
        company = self.env["res.company"].create({"name": "Other Shop"})
        outsider = new_test_user(
            self.env,
            login="rel_outsider",
            groups=GROUP + "executor",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        release = self.start()
        self.env.flush_all()
        for model in MODELS:
            records = self.env[model].search([])
            own = records.filtered("company_id") if "company_id" in records._fields else records
            seen = self.env[model].with_user(outsider).search([("id", "in", own.ids)])
            with self.subTest(model=model):
                if "company_id" in records._fields:
                    self.assertFalse(
                        seen.filtered(
                            lambda row: row.sudo().company_id and row.sudo().company_id != company
                        )
                    )
        with self.assertRaises(AccessError):
            release.with_user(outsider).action_abort("not mine")

    def test_runbook_and_target_of_another_company_are_refused(self):
        company = self.env["res.company"].create({"name": "Other Shop"})
        target = self.env["ipai.release.target"].create(
            {"name": "Theirs", "company_id": company.id, "tz": "UTC"}
        )
        with self.assertRaisesRegex(UserError, "belongs to Other Shop"):
            self.env["ipai.release"].create(
                {"title": "x", "runbook_id": self.runbook.id, "target_id": target.id}
            )
