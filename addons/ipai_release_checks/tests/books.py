"""A company's books in small: documents and payments in every state stock Odoo knows."""

from odoo import Command, fields


class Books:
    """A new company with the generic chart of accounts.

    Everything is made through Odoo's own methods, as the superuser. Needs the addon account.
    """

    def __init__(self, env):
        company = env["res.company"].create(
            {
                "name": "Runbook Books",
                # A country without a localisation of its own.
                "country_id": env.ref("base.is").id,
                "currency_id": env.ref("base.EUR").id,
            }
        )
        env["account.chart.template"].try_loading("generic_coa", company)
        # The chart may change cached settings of the environment it was loaded in.
        env.invalidate_all()
        self.env = env(context={**env.context, "allowed_company_ids": company.ids}, su=True)
        self.company = company.with_env(self.env)
        self.today = fields.Date.context_today(self.company)
        self.partner = self.env["res.partner"].create({"name": "Partner of the Books"})
        self.foreign = self._foreign_currency()
        self.bank = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        self.cash = self.env["account.journal"].create(
            {"name": "Till", "code": "TILL", "type": "cash", "company_id": self.company.id}
        )

    def _foreign_currency(self):
        currency = self.env.ref("base.GBP")
        currency.active = True
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "name": self.days_ago(days),
                    "rate": rate,
                }
                for days, rate in ((60, 0.8), (10, 0.9))
            ]
        )
        return currency

    def days_ago(self, days):
        return fields.Date.subtract(self.today, days=days)

    def account(self, kind):
        accounts = self.env["account.account"]
        own = accounts._check_company_domain(self.company)
        return accounts.search([*own, ("account_type", "=", kind)], limit=1)

    # -- documents ---------------------------------------------------------------------------

    def invoice(self, amount, move_type="out_invoice", currency=None, days=20, post=True):
        kind = "income" if move_type.startswith("out_") else "expense"
        move = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.partner.id,
                "invoice_date": self.days_ago(days),
                "date": self.days_ago(days),
                "currency_id": (currency or self.company.currency_id).id,
                "ref": f"REF {move_type} {amount}",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Work",
                            "price_unit": amount,
                            "account_id": self.account(kind).id,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        if post:
            move.action_post()
        return move

    def entry(self, journal, amount=10.0):
        """A manual entry, posted; in a bank journal it is nobody's payment."""
        lines = ((self.account("expense"), amount), (self.account("income"), -amount))
        move = self.env["account.move"].create(
            {
                "journal_id": journal.id,
                "date": self.today,
                "line_ids": [
                    Command.create({"account_id": account.id, "balance": balance})
                    for account, balance in lines
                ],
            }
        )
        move.action_post()
        return move

    def statement_line(self, amount):
        return self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank.id, "payment_ref": "Transfer", "amount": amount}
        )

    # -- payments ----------------------------------------------------------------------------

    def pay(self, documents, **values):
        """Pay documents with the wizard that the Pay button opens; return the payments."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=documents.ids)
            .create({"journal_id": self.bank.id, "payment_date": self.today, **values})
        )
        return wizard._create_payments()

    def advance(self, amount, **values):
        """A draft payment of a customer that belongs to no document."""
        return self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": self.partner.id,
                "journal_id": self.bank.id,
                "amount": amount,
                "date": self.today,
                **values,
            }
        )

    def fill(self):
        """Make one of everything, the odd but healthy things included."""
        self._fill_documents()
        self._fill_payments()
        self._fill_oddities()
        self.env.flush_all()

    def _fill_documents(self):
        self.full = self.invoice(100.0)
        self.part = self.invoice(200.0)
        self.bill = self.invoice(300.0, "in_invoice")
        self.exchanged = self.invoice(400.0, currency=self.foreign)
        self.refunded = self.invoice(50.0)
        self.free = self.invoice(0.0)
        self.invoice(70.0, post=False)

    def _fill_payments(self):
        self.paid_full = self.pay(self.full)
        self.paid_part = self.pay(self.part, amount=80.0)
        self.paid_bill = self.pay(self.bill, journal_id=self.cash.id)
        self.paid_exchanged = self.pay(self.exchanged)
        self.on_account = self.advance(25.0)
        self.on_account.action_post()
        self.advance(26.0)
        self._fill_canceled()
        self._fill_without_entry()

    def _fill_canceled(self):
        """Given up, taken back and posted again, deleted as a draft."""
        canceled, again, deleted = (self.advance(amount) for amount in (31.0, 32.0, 33.0))
        (canceled | again).action_post()
        (canceled | again).action_draft()
        canceled.action_cancel()
        again.action_post()
        deleted.unlink()

    def _fill_without_entry(self):
        """A payment of a method without an outstanding account; on 17.0 there is none."""
        payment = self.advance(41.0)
        if not payment._fields["move_id"].required:
            payment.outstanding_account_id = False
        payment.action_post()
        self.without_entry = payment

    def _fill_oddities(self):
        self.entry(self.bank)
        self.entry(self.cash)
        self.statement_line(12.0)
        self.refunded._reverse_moves([{"invoice_date": self.today}], cancel=True)
        self._write_off()
        self._match_again()
        self._cash_basis()
        self._internal_transfer()
        self._free_and_paid_together()
        self.invoice(75.0).line_ids.matching_number = "IMPORT-1"
        self.on_account.move_id._reverse_moves(
            [{"date": self.today, "journal_id": self.bank.id}], cancel=True
        )

    def _write_off(self):
        """The customer pays less, and the rest is given up."""
        self.pay(
            self.invoice(90.0),
            amount=88.0,
            payment_difference_handling="reconcile",
            writeoff_account_id=self.account("expense").id,
        )

    def _match_again(self):
        """Undo a matching and make it again."""
        document = self.invoice(60.0)
        payment = self.pay(document)
        lines = (document | payment.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        lines.remove_move_reconcile()
        lines.reconcile()

    def _cash_basis(self):
        """A tax that is due when the invoice is paid; it is paid in two parts."""
        self.company.tax_exigibility = True
        transition = self.account("liability_current").copy()
        transition.reconcile = True
        tax = self.company.account_sale_tax_id.copy(
            {
                "name": "On payment",
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": transition.id,
            }
        )
        document = self.invoice(110.0, post=False)
        document.invoice_line_ids.tax_ids = tax
        document.action_post()
        self.pay(document, amount=50.0)
        self.pay(document)

    def _internal_transfer(self):
        """Money from the bank to the till; from 18.0 on these are two payments by hand."""
        if "is_internal_transfer" not in self.env["account.payment"]._fields:
            return
        self.advance(
            45.0,
            payment_type="outbound",
            is_internal_transfer=True,
            destination_journal_id=self.cash.id,
        ).action_post()

    def _free_and_paid_together(self):
        """One payment for two invoices, one of which costs nothing."""
        self.pay(self.invoice(35.0) | self.invoice(36.0), group_payment=True)
        zero = self.invoice(0.0)
        paid = self.pay(self.invoice(37.0))
        (zero | paid.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
