from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import ROLE, PaymentCommon


@tagged("post_install", "-at_install")
class TestCompanies(PaymentCommon):
    """People decide on payments of their own companies only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.other_company()
        cls.strangers = {
            role: cls.stranger(role) for role in ("user", "reviewer", "approver", "manager")
        }

    @classmethod
    def stranger(cls, role):
        user = cls.new_user(f"other_{role}", ROLE % role)
        user.write({"company_ids": [fields.Command.set(cls.other.ids)], "company_id": cls.other.id})
        return user

    def test_nobody_sees_payments_of_other_companies(self):
        payment, _bill = self.reconciled()
        waiting = self.payment()
        waiting.action_submit_for_review()
        self.env.flush_all()
        for user in self.strangers.values():
            for model in (
                "account.payment",
                "account.payment.history",
                "account.payment.allocation",
                "account.payment.waiting",
            ):
                with self.subTest(model, user=user.login):
                    records = self.env[model].with_user(user)
                    self.assertFalse(records.search([("company_id", "=", self.company.id)]))
        self.assertTrue(payment.history_ids)

    def test_nobody_steps_on_payments_of_other_companies(self):
        payment = self.payment()
        steps = {
            "user": "action_submit_for_review",
            "reviewer": "action_review",
            "approver": "action_approve",
        }
        states = ("draft", "under_review", "for_approval")
        for (role, step), state in zip(steps.items(), states, strict=True):
            self.assertEqual(payment.approval_state, state)
            with self.assertRaises(AccessError):
                getattr(payment.with_user(self.strangers[role]), step)()
            self.env.invalidate_all()
            getattr(payment.with_user(getattr(self, role)), step)()
        self.assertEqual(payment.approval_state, "approved")

    def test_manager_of_another_company_touches_nothing(self):
        payment = self.posted()
        manager = self.strangers["manager"]
        for touch in (
            lambda: payment.with_user(manager).write({"document_number": "x"}),
            lambda: payment.with_user(manager).action_draft(),
            lambda: payment.with_user(manager)._void("x", "2024-01-31"),
            lambda: payment.move_id.with_user(manager).button_draft(),
            lambda: (
                self.env["account.payment.override"]
                .with_user(manager)
                .create(
                    {
                        "payment_id": payment.id,
                        "reason": "x",
                        "end_datetime": fields.Datetime.add(fields.Datetime.now(), hours=1),
                    }
                )
            ),
        ):
            with self.assertRaises(AccessError):
                touch()
            self.env.invalidate_all()
        self.assertEqual(payment.approval_state, "posted")

    def test_only_people_of_the_company_are_asked(self):
        payment = self.payment()
        payment.action_submit_for_review()
        self.assertEqual(payment.activity_ids.user_id, self.reviewer)

    def other_payment(self):
        domain = [("company_id", "=", self.other.id), ("type", "=", "bank")]
        journal = self.env["account.journal"].search(domain, limit=1)
        return self.payment(user=self.strangers["user"], journal_id=journal.id)

    def test_each_company_has_its_own_policy(self):
        self.other.payment_approval_policy = "none"
        there = self.other_payment()
        self.assertEqual(there.company_id, self.other)
        there.action_post()
        self.assertEqual(there.approval_state, "posted")
        with self.assertRaisesRegex(UserError, "needs approval"):
            self.payment().action_post()

    def test_person_of_both_companies_decides_in_each(self):
        both = self.new_user("both", ROLE % "reviewer")
        both.company_ids += self.other
        here, there = self.payment(), self.other_payment()
        for payment in (here, there):
            payment.action_submit_for_review()
        companies = both.with_context(allowed_company_ids=both.company_ids.ids)
        (here + there).with_env(companies.with_user(both).env).action_review()
        self.assertEqual((here + there).mapped("approval_state"), ["for_approval"] * 2)
        self.assertEqual(here.history_ids.company_id, self.company)
        self.assertEqual(there.history_ids.company_id, self.other)


@tagged("post_install", "-at_install")
class TestBranches(PaymentCommon):
    """A branch is no way round the approval of the company above it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create({"name": "Branch", "parent_id": cls.company.id})
        for user in (cls.user, cls.clerk, cls.reviewer, cls.approver):
            user.company_ids += cls.branch
        cls.env.cr.precommit.run()  # loads the chart of accounts of the branch

    def in_branch(self, records, user):
        return records.with_user(user).with_context(
            allowed_company_ids=(self.branch + self.company).ids
        )

    def branch_payment(self, **values):
        payments = self.in_branch(self.env["account.payment"], self.user)
        template = self.payment().copy_data()[0]
        return payments.create(template | {"company_id": self.branch.id} | values)

    def test_branch_without_reviewers_is_held_back_like_its_company(self):
        other = self.env["res.company"].create({"name": "Branch 2", "parent_id": self.company.id})
        self.assertFalse(other._has_payment_roles())
        self.assertTrue(other._payment_approval_in_force())

    def test_payment_of_a_branch(self):
        payment = self.branch_payment()
        self.assertEqual(payment.company_id, self.branch)
        with self.assertRaisesRegex(UserError, "needs approval"):
            payment.action_post()
        payment.action_submit_for_review()
        self.in_branch(payment, self.reviewer).action_review()
        self.in_branch(payment, self.approver).action_approve()
        self.in_branch(payment, self.approver).action_post()
        self.assertEqual(payment.approval_state, "posted")
        with self.assertRaisesRegex(UserError, "^Posted payments cannot be modified"):
            self.in_branch(payment, self.clerk).write({"document_number": "x"})

    def test_people_of_the_company_alone_do_not_decide_for_the_branch(self):
        payment = self.branch_payment()
        payment.action_submit_for_review()
        self.assertEqual(payment.activity_ids.user_id, self.reviewer)
        alone = self.new_user("alone", ROLE % "reviewer")
        with self.assertRaises(AccessError):
            payment.with_user(alone).action_review()

    def test_policy_is_that_of_the_company(self):
        self.company.payment_approval_policy = "all"
        self.assertEqual(self.branch.payment_approval_policy, "all")
        self.company.payment_lock_mode = "strict"
        self.assertEqual(self.branch.payment_lock_mode, "strict")
        with self.assertRaises(ValidationError):
            self.branch.payment_approval_policy = "none"
