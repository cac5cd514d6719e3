"""The demo's data as Odoo has it: complete, balanced, matched in every way, and damageable.

The history is made once for all tests, in the transaction of the test class.
"""

from datetime import date

from odoo.tests import TransactionCase, tagged

from tools.demo import damage, people
from tools.demo.accounting import companies, facts, history
from tools.say import Missing

TODAY = date(2026, 2, 3)

ORPHANS = """
    SELECT DISTINCT line.move_name
      FROM account_move_line line LEFT JOIN account_move move ON move.id = line.move_id
     WHERE move.id IS NULL
"""
UNBALANCED = """
    SELECT move.name
      FROM account_move_line line JOIN account_move move ON move.id = line.move_id
     WHERE move.state = 'posted'
     GROUP BY move.id HAVING sum(line.debit) <> sum(line.credit)
"""
# Entries of money journals stem from a payment, a statement line or neither: the latter are lost.
WITHOUT_PAYMENT = """
    SELECT move.name
      FROM account_move move
      JOIN account_journal journal ON journal.id = move.journal_id
     WHERE journal.type IN ('bank', 'cash') AND move.state = 'posted'
       AND NOT EXISTS (SELECT 1 FROM account_payment WHERE move_id = move.id)
       AND NOT EXISTS (SELECT 1 FROM account_bank_statement_line WHERE move_id = move.id)
"""
# How far the payments, or the documents, are matched: residual against the amount.
MATCHING = """
    SELECT CASE WHEN residual = 0 THEN 'fully' WHEN residual < amount THEN 'partly' ELSE 'not' END,
           count(*)
      FROM (SELECT sum(abs(line.amount_residual_currency)) AS residual,
                   sum(abs(line.amount_currency)) AS amount
              FROM account_move move
              JOIN account_move_line line ON line.move_id = move.id
              JOIN account_account account ON account.id = line.account_id
             WHERE move.state = 'posted'
               AND account.account_type IN ('asset_receivable', 'liability_payable')
               AND CASE WHEN %s THEN move.id IN (SELECT move_id FROM account_payment)
                        ELSE move.move_type IN ('out_invoice', 'in_invoice') END
             GROUP BY move.id) matched
     GROUP BY 1
"""


@tagged("post_install", "-at_install")
class TestDemoData(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.summary = history.create(cls.env, TODAY)
        cls.env.flush_all()

    def rows(self, query, parameters=()):
        self.env.flush_all()
        self.env.cr.execute(query, parameters)
        return self.env.cr.fetchall()

    def names(self, query):
        return {name for (name,) in self.rows(query)}

    # ------------------------------------------------------------------ accounting

    def test_counts(self):
        documents = dict(
            self.rows(
                "SELECT move_type, count(*) FROM account_move WHERE state = 'posted' GROUP BY 1"
            )
        )
        self.assertGreaterEqual(documents["out_invoice"] + documents["in_invoice"], 600)
        self.assertTrue(documents["out_refund"] and documents["in_refund"])
        [(payments,)] = self.rows("SELECT count(*) FROM account_payment WHERE state <> 'draft'")
        self.assertGreaterEqual(payments, 500)
        [(made,)] = self.rows("SELECT count(*) FROM account_payment")
        self.assertEqual(made, self.summary.payments)

    def test_currencies_and_journals(self):
        found = self.rows(
            """
            SELECT DISTINCT currency.name, payment.journal_id, journal.currency_id IS NOT NULL
              FROM account_payment payment
              JOIN res_currency currency ON currency.id = payment.currency_id
              JOIN account_journal journal ON journal.id = payment.journal_id
            """
        )
        self.assertEqual(
            {currency for currency, _journal, _foreign in found}, {"EUR", "USD", "GBP"}
        )
        self.assertGreaterEqual(len({journal for _currency, journal, _foreign in found}), 7)
        self.assertTrue(any(foreign for _currency, _journal, foreign in found))

    def test_payments_are_matched_in_every_way(self):
        matched = dict(self.rows(MATCHING, [True]))
        self.assertEqual(set(matched), {"fully", "partly", "not"})
        self.assertGreaterEqual(min(matched.values()), 20)
        self.assertGreaterEqual(matched["fully"], 400)

    def test_documents_are_matched_in_every_way(self):
        matched = dict(self.rows(MATCHING, [False]))
        self.assertEqual(set(matched), {"fully", "partly", "not"})
        self.assertGreaterEqual(min(matched.values()), 50)

    def test_some_payments_have_no_journal_entry(self):
        [(number,)] = self.rows(
            "SELECT count(*) FROM account_payment WHERE move_id IS NULL AND state <> 'draft'"
        )
        self.assertEqual(number, sum(mix.without_entry for mix in facts.MIX.values()))

    def test_exchange_differences_were_booked(self):
        [(number,)] = self.rows(
            "SELECT count(*) FROM account_partial_reconcile WHERE exchange_move_id IS NOT NULL"
        )
        self.assertGreater(number, 0)

    def test_every_entry_and_the_trial_balance_are_balanced(self):
        self.assertFalse(self.names(UNBALANCED))
        balances = self.rows(
            "SELECT company_id, sum(balance) FROM account_move_line"
            " WHERE parent_state = 'posted' GROUP BY 1"
        )
        self.assertEqual([balance for _company, balance in balances], [0, 0])

    def test_statement_lines(self):
        found = dict(
            self.rows("SELECT is_reconciled, count(*) FROM account_bank_statement_line GROUP BY 1")
        )
        self.assertEqual(
            found, {True: facts.MATCHED_STATEMENT_LINES, False: facts.OPEN_STATEMENT_LINES}
        )

    def test_companies(self):
        company = companies.existing(self.env)
        self.assertEqual(company.chart_template, "generic_coa")
        self.assertEqual(company.currency_id.name, "EUR")
        self.assertEqual(self.env.ref("base.user_admin").company_id, company)
        localisations = self.env["ir.module.module"].search(
            [("name", "=like", "l10n\\_%"), ("state", "!=", "uninstalled")]
        )
        self.assertFalse(localisations)

    def test_a_second_run_does_nothing(self):
        before = self.rows("SELECT count(*), max(id) FROM account_move")
        self.assertIsNone(history.create(self.env, TODAY))
        self.assertEqual(self.rows("SELECT count(*), max(id) FROM account_move"), before)

    def test_foreign_data_is_refused(self):
        self.env["ir.model.data"].search([("module", "=", companies.MODULE)]).unlink()
        with self.assertRaisesRegex(Missing, r"holds \d+ journal entries .* --database"):
            history.create(self.env, TODAY)

    # ---------------------------------------------------------------------- damage

    def test_undamaged_data_is_sound(self):
        self.assertFalse(self.names(ORPHANS))
        self.assertFalse(self.names(WITHOUT_PAYMENT))

    def test_orphaned_line(self):
        done = damage.orphaned_line(self.env.cr)
        self.assertEqual(self.names(ORPHANS), {done.name})

    def test_orphans_leave_the_foreign_key_in_place(self):
        query = """
            SELECT conname, regexp_replace(pg_get_constraintdef(oid), ' NOT VALID', '')
              FROM pg_constraint
             WHERE conrelid = 'account_move_line'::regclass AND contype = 'f' ORDER BY conname
        """
        before = self.rows(query)
        damage.orphaned_line(self.env.cr)
        self.assertEqual(self.rows(query), before)

    def test_imbalance(self):
        done = damage.imbalance(self.env.cr)
        self.assertEqual(self.names(UNBALANCED), {done.name})

    def test_missing_payment(self):
        done = damage.missing_payment(self.env.cr)
        self.assertEqual(self.names(WITHOUT_PAYMENT), {done.name})
        self.assertFalse(self.env["account.payment"].browse(done.record_id).exists())

    def test_all_damages_hit_different_records(self):
        done = damage.apply(self.env.cr)
        self.assertEqual([one.code for one in done], list(damage.DAMAGES))
        self.assertEqual(len({one.name for one in done}), 3)
        for query in (ORPHANS, UNBALANCED, WITHOUT_PAYMENT):
            self.assertEqual(len(self.names(query)), 1)

    def test_damage_needs_something_to_damage(self):
        self.env.cr.execute("UPDATE account_move SET state = 'draft'")
        for one in damage.DAMAGES:
            with self.assertRaisesRegex(LookupError, "holds not even"):
                damage.apply(self.env.cr, [one])

    # ---------------------------------------------------------------------- people

    def make_people(self):
        people.make(self.env, "an invented one")

    def test_people_of_addons_that_are_not_installed_are_left_out(self):
        self.make_people()
        logins = {person.login for person in people.there(self.env)}
        self.assertLessEqual({"adam", "bella", "fiona"}, logins)
        self.assertNotIn("dana", logins)

    def test_people_hold_their_groups(self):
        self.make_people()
        user = self.env["res.users"].search([("login", "=", "bella")])
        self.assertTrue(user.has_group("account.group_account_invoice"))
        self.assertFalse(user.has_group("account.group_account_manager"))
        self.assertEqual(len(user.company_ids), 2)
        self.assertEqual(user.company_id, companies.existing(self.env))

    def test_people_made_twice_are_the_same(self):
        self.make_people()
        before = self.env["res.users"].search_count([])
        self.make_people()
        self.assertEqual(self.env["res.users"].search_count([]), before)
