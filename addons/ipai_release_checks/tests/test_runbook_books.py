"""The runbook's SQL on real accounting data: silent when healthy, naming what is damaged."""

from contextlib import contextmanager

from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import tagged

from .books import Books
from .runbook_case import RunbookCase

BASELINES = {
    "0.3": "5.4",
    "0.12": "5.1",
    "0.13": "5.2",
    "0.14": "5.3",
    "0.15": "5.5",
    "0.16": "5.6",
}
SOUND = ("T.12", "0.2", "0.5", "0.6", "0.7", "0.10", "0.11", "4.7", "5.7")
#: Items that read the column of the payment addon.
APPROVAL = ("0.1", "0.8", "4.5", "4.5.1", "5.8")


@tagged("post_install", "-at_install")
class TestRunbookBooks(RunbookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.books = Books(cls.env)
        cls.books.fill()

    def sql(self, statement, *params):
        self.env.flush_all()
        self.env.cr.execute(statement, params)
        self.env.invalidate_all()

    @contextmanager
    def without_foreign_key(self, table, column):
        """Drop a foreign key, as restores and careless hands do, and put it back unchecked."""
        self.sql(
            """
            SELECT con.conname, pg_get_constraintdef(con.oid)
              FROM pg_constraint con
              JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = con.conkey[1]
             WHERE con.contype = 'f' AND con.conrelid = %s::regclass AND att.attname = %s
            """,
            table,
            column,
        )
        name, definition = self.env.cr.fetchone()
        self.sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield
        self.sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")

    def delete_unchecked(self, table, record_id, *references):
        """Delete a row and leave what refers to it by ``references`` (table, column) alone."""
        if not references:
            self.sql(f"DELETE FROM {table} WHERE id = %s", record_id)  # noqa: S608 - names above
            return
        with self.without_foreign_key(*references[0]):
            self.delete_unchecked(table, record_id, *references[1:])

    def matched_line(self, move):
        return move.line_ids.filtered(lambda line: line.matched_debit_ids | line.matched_credit_ids)

    # -- healthy books -----------------------------------------------------------------------

    def test_healthy_books_pass(self):
        self.assertTrue(self.books.full.line_ids.full_reconcile_id)
        self.assertEqual(self.books.part.payment_state, "partial")
        self.assertTrue(self.books.exchanged.line_ids.matched_credit_ids.exchange_move_id)
        self.assertEqual(bool(self.books.without_entry.move_id), SERIES < 18)
        self.assertTrue(
            self.books.env["account.move"].search([("tax_cash_basis_rec_id", "!=", False)])
        )
        self.assert_passes(*SOUND)

    def test_baselines_compare_with_themselves(self):
        self.record(*BASELINES)
        self.assert_passes(*BASELINES.values(), "8.3", "R.7", "R.8", "R.9")

    def test_counts_are_those_of_odoo(self):
        measurement, _verdict = self.run_item("T.12")
        entries = self.env["account.move"].search_count([("state", "=", "posted")])
        self.assertEqual(measurement.values["posted_entries"], entries)
        payments = self.env["account.payment"].search([]).filtered(self._is_posted)
        self.assertEqual(measurement.values["posted_payments"], len(payments))
        self.record("0.12", "0.13")
        self.assertEqual(self.recorded["0.12"].values["records"], len(payments))

    def _is_posted(self, payment):
        if payment.move_id:
            return payment.move_id.state == "posted"
        return payment.state in ("in_process", "paid")

    def test_few_payments_fail_by_the_target_s_threshold(self):
        self.target.min_posted_payments = 1_000_000
        _measurement, verdict = self.run_item("T.12")
        self.assertEqual(verdict.outcome, "failed")
        self.assertIn("1000000", verdict.summary)

    # -- damage before the release -----------------------------------------------------------

    def test_an_entry_that_is_gone_leaves_orphans(self):
        name = self.books.full.name
        self.delete_unchecked("account_move", self.books.full.id, ("account_move_line", "move_id"))
        self.assert_names("0.5", f"{name}: 2 journal items without their entry")
        self.assert_names("4.7", name)
        _measurement, verdict = self.run_item("0.2")
        self.assertEqual(verdict.outcome, "failed")
        self.assertIn("1 orphaned", verdict.summary)

    def test_one_cent_too_much_is_found(self):
        line = self.books.bill.line_ids.filtered("debit")[:1]
        self.sql(
            "UPDATE account_move_line SET debit = debit + 0.01, balance = balance + 0.01"
            " WHERE id = %s",
            line.id,
        )
        self.assert_names("0.6", f"{self.books.bill.name} (Runbook Books): debit 300.01")
        self.assert_names("5.7", self.books.bill.name)

    def test_a_balance_that_is_not_debit_less_credit_is_found(self):
        line = self.books.bill.line_ids.filtered("debit")[:1]
        self.sql("UPDATE account_move_line SET balance = balance + 1 WHERE id = %s", line.id)
        self.assert_names("0.6", self.books.bill.name)

    def test_a_payment_that_is_gone_is_named_by_its_entry(self):
        name = self.books.paid_full.move_id.name
        self.delete_unchecked("account_payment", self.books.paid_full.id)
        self.assert_names("0.7", f"{name} of {self.books.today} (Runbook Books)")

    def test_a_payment_that_is_gone_leaves_its_messages(self):
        payment = self.books.without_entry
        payment.message_post(body="Approved by phone")
        self.delete_unchecked("account_payment", payment.id)
        self.assert_names("0.11", f"Payment {payment.id}")

    def test_a_payment_that_lost_its_entry_is_named(self):
        payment = self.books.paid_full
        if SERIES < 18:
            self.delete_unchecked(
                "account_move",
                payment.move_id.id,
                ("account_payment", "move_id"),
                ("account_move_line", "move_id"),
            )
            self.assert_names("0.5", f"Payment {payment.id}: its entry is gone")
        else:
            self.sql("UPDATE account_payment SET move_id = NULL WHERE id = %s", payment.id)
            self.assert_names("0.7", f"{payment.name}: posted without its entry")

    def test_a_matching_that_is_gone_is_named(self):
        line = self.matched_line(self.books.full)
        partial = line.matched_debit_ids | line.matched_credit_ids
        self.delete_unchecked("account_partial_reconcile", partial.id)
        self.assert_names(
            "0.5", f"{self.books.full.name}: journal item {line.id} marked as matched"
        )
        self.assert_names("0.10", f"{self.books.full.name}: journal item {line.id} is open with 0")

    def test_a_matched_item_without_its_number_is_named(self):
        line = self.matched_line(self.books.part)
        self.sql("UPDATE account_move_line SET matching_number = NULL WHERE id = %s", line.id)
        self.assert_names("0.5", f"{self.books.part.name}: journal item {line.id} matched, without")
        _measurement, verdict = self.run_item("0.2")
        self.assertEqual(verdict.outcome, "failed")

    def test_a_matching_without_its_item_is_named(self):
        line = self.matched_line(self.books.part)
        column = "debit_move_id" if line.debit else "credit_move_id"
        self.delete_unchecked("account_move_line", line.id, ("account_partial_reconcile", column))
        self.assert_names("0.5", "without its journal item")
        self.assert_names("0.6", self.books.part.name)

    def test_a_full_matching_that_is_gone_is_named(self):
        whole = self.books.full.line_ids.full_reconcile_id
        self.delete_unchecked(
            "account_full_reconcile",
            whole.id,
            ("account_move_line", "full_reconcile_id"),
            ("account_partial_reconcile", "full_reconcile_id"),
        )
        self.assert_names("0.5", f"{self.books.full.name}: journal item")

    def test_a_posted_entry_without_items_is_named(self):
        entry = self.books.entry(self.books.bank)
        self.sql("DELETE FROM account_move_line WHERE move_id = %s", entry.id)
        self.assert_names("0.5", f"{entry.name}: posted entry without journal items")

    def test_a_statement_line_without_its_entry_is_named(self):
        line = self.books.statement_line(19.0)
        self.delete_unchecked(
            "account_move", line.move_id.id, ("account_bank_statement_line", "move_id")
        )
        self.assert_names("0.5", f"Bank statement line {line.id} Transfer")

    def test_a_gap_in_the_numbers_is_a_warning_with_its_neighbours(self):
        first, lost, last = (self.books.entry(self.books.bank) for _number in range(3))
        self.sql("DELETE FROM account_move WHERE id = %s", lost.id)
        self.assert_names("0.9", f"1 missing between {first.name} and {last.name}")
        self.assertEqual(self.item("0.9").severity, "minor")

    # -- damage during the release -----------------------------------------------------------

    def test_what_users_enter_meanwhile_is_no_loss(self):
        self.record(*BASELINES)
        self.books.pay(self.books.invoice(15.0))
        self.assert_passes("5.1", "5.2", "5.3", "5.4", "5.5", "5.7")
        self.assert_names("5.6", "Runbook Books", outcome="warned")

    def test_a_payment_lost_meanwhile_is_named(self):
        self.record("0.3", "0.12")
        name = self.books.paid_full.move_id.name
        self.delete_unchecked("account_payment", self.books.paid_full.id)
        self.assert_names("5.1", f"{name}): missing")
        self.assert_names("5.4", f"{name}): missing")

    def test_a_payment_changed_meanwhile_is_named(self):
        self.record("0.12")
        payment = self.books.paid_full
        self.sql("UPDATE account_payment SET amount = amount + 0.01 WHERE id = %s", payment.id)
        self.assert_names(
            "5.1", f"amount 100.00 {payment.currency_id.name} → 100.01 {payment.currency_id.name}"
        )

    def test_an_invoice_and_a_matching_lost_meanwhile_are_named(self):
        self.record("0.13", "0.14", "0.3")
        name = self.books.part.name
        line = self.matched_line(self.books.part)
        self.sql("DELETE FROM account_partial_reconcile WHERE debit_move_id = %s", line.id)
        self.sql("DELETE FROM account_move WHERE id = %s", self.books.part.id)
        self.assert_names("5.2", f"{name}): missing")
        self.assert_names("5.3", f"{name} with ")
        self.assert_names("5.4", f"{self.books.paid_part.move_id.name}): missing")

    def test_an_entry_changed_meanwhile_is_named(self):
        self.record("0.15", "0.16")
        self.sql(
            """
            UPDATE account_move_line
               SET debit = debit * 2, credit = credit * 2, balance = balance * 2
             WHERE move_id = %s
            """,
            self.books.bill.id,
        )
        self.assert_passes("5.7")
        self.assert_names("5.5", f"({self.books.bill.name}): ")
        self.assert_names("5.6", "Runbook Books", outcome="warned")

    # -- the approval state ------------------------------------------------------------------

    def with_approval_state(self):
        """The column of the payment addon, filled as that addon fills it."""
        if "approval_state" in self.env["account.payment"]._fields:
            return
        posted = self.env["account.payment"].search([]).filtered(self._is_posted)
        canceled = self.env["account.payment"].search([("state", "in", ("cancel", "canceled"))])
        self.sql("ALTER TABLE account_payment ADD COLUMN approval_state varchar")
        self.sql("UPDATE account_payment SET approval_state = 'draft'")
        for state, payments in (("posted", posted), ("cancelled", canceled)):
            self.sql(
                "UPDATE account_payment SET approval_state = %s WHERE id = ANY(%s)",
                state,
                payments.ids,
            )

    def test_without_the_payment_addon_nothing_was_measured(self):
        if "approval_state" in self.env["account.payment"]._fields:
            self.assert_passes(*APPROVAL)
            return
        for code in APPROVAL:
            _measurement, verdict = self.run_item(code)
            self.assertEqual(verdict.outcome, "error", code)
            self.assertIn("approval_state", verdict.summary)

    def test_approval_states_that_fit_pass(self):
        self.with_approval_state()
        self.assert_passes(*APPROVAL)

    def test_a_payment_without_approval_state_is_named(self):
        self.with_approval_state()
        payment = self.books.paid_full
        self.sql("ALTER TABLE account_payment ALTER COLUMN approval_state DROP NOT NULL")
        self.sql("UPDATE account_payment SET approval_state = NULL WHERE id = %s", payment.id)
        self.assert_names("0.8", payment.move_id.name)
        self.assert_names("4.5.1", payment.move_id.name)
        for code in ("0.1", "4.5", "5.8"):
            _measurement, verdict = self.run_item(code)
            self.assertEqual(verdict.outcome, "failed", code)

    def test_an_approval_state_that_contradicts_is_named(self):
        self.with_approval_state()
        payment = self.books.paid_full
        self.sql("UPDATE account_payment SET approval_state = 'draft' WHERE id = %s", payment.id)
        self.assert_names("4.5.1", f"{payment.move_id.name} (Runbook Books) is posted")
        _measurement, verdict = self.run_item("4.5")
        self.assertIn("1 contradicting", verdict.summary)
