from odoo import fields
from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.ipai_series.compat import SERIES
from odoo.tests.common import new_test_user

from ..models.series import MEMO

INVOICE = "account.group_account_invoice"
ROLE = "payment_account_enhanced.group_payment_%s"
PAID = ("paid", "in_payment")


class PaymentCommon(AccountTestInvoicingCommon):
    """A company with one person in each role, so that approval is in force."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.bank = cls.company_data["default_journal_bank"]
        cls.clerk = cls.new_user("clerk", INVOICE)
        for role in ("user", "reviewer", "approver", "authorizer", "manager"):
            setattr(cls, role, cls.new_user(f"payment_{role}", ROLE % role))

    @classmethod
    def other_company(cls):
        """Return another company with a chart of accounts."""
        if SERIES < 18:
            return cls.setup_company_data("Other")["company"]
        return cls.setup_other_company(name="Other")["company"]

    @classmethod
    def new_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=f"base.group_user,{groups}",
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
        )

    @classmethod
    def payment(cls, user=None, **values):
        """Enter an outbound payment of 100 to ``partner_a``, as ``user``."""
        defaults = {
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": cls.partner_a.id,
            "journal_id": cls.bank.id,
            "amount": 100.0,
            MEMO: "a memo",
        }
        payments = cls.env["account.payment"].with_user(user or cls.user)
        return payments.create(defaults | values)

    @classmethod
    def approved(cls, **values):
        payment = cls.payment(**values)
        payment.action_submit_for_review()
        payment.with_user(cls.reviewer).action_review()
        payment.with_user(cls.approver).action_approve()
        return payment

    @classmethod
    def posted(cls, **values):
        payment = cls.approved(**values)
        payment.with_user(cls.approver).action_post()
        return payment

    @classmethod
    def bill(cls, amount=100.0, partner=None, **values):
        bill = cls.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": (partner or cls.partner_a).id,
                "invoice_date": "2024-01-01",
                "date": "2024-01-01",
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    fields.Command.create(
                        {
                            "name": "a line",
                            "price_unit": amount,
                            "account_id": cls.company_data["default_account_expense"].id,
                            "tax_ids": [],
                        }
                    )
                ],
                **values,
            }
        )
        bill.action_post()
        return bill

    @classmethod
    def invoice(cls, move_type="out_invoice", amount=100.0, **line):
        """Return a posted document of a customer, of one line without a tax."""
        line = {"name": "x", "price_unit": amount, "tax_ids": []} | line
        invoice = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": cls.partner_a.id,
                "invoice_date": "2024-01-01",
                "date": "2024-01-01",
                "invoice_payment_term_id": False,
                "invoice_line_ids": [fields.Command.create(line)],
            }
        )
        invoice.action_post()
        return invoice

    @classmethod
    def new_currency(cls, rates):
        """Return a currency; ``rates`` are units of it for one of the company's, by date."""
        rates = [{"name": date, "rate": rate} for date, rate in rates.items()]
        return cls.env["res.currency"].create(
            {
                "name": "QQQ",
                "symbol": "Q",
                "rounding": 0.01,
                "currency_unit_label": "Quux",
                "currency_subunit_label": "Quuxcents",
                "rate_ids": [fields.Command.create(rate) for rate in rates],
            }
        )

    @classmethod
    def payable(cls, bill):
        return bill.line_ids.filtered(lambda line: line.account_type == "liability_payable")

    @classmethod
    def reconciled(cls, **values):
        """Return a posted payment and the bill it pays."""
        bill = cls.bill()
        payment = cls.payment(**values)
        payment.allocation_ids = [
            fields.Command.create({"move_line_id": cls.payable(bill).id, "amount": 100.0})
        ]
        payment.action_submit_for_review()
        payment.with_user(cls.reviewer).action_review()
        payment.with_user(cls.approver).action_approve()
        payment.with_user(cls.approver).action_post()
        return payment, bill

    @classmethod
    def pay(cls, bills, user, **values):
        """Press the Pay button of bills and return the payments."""
        context = {"active_model": "account.move", "active_ids": bills.ids}
        wizards = cls.env["account.payment.register"].with_user(user).with_context(**context)
        wizard = wizards.create({"payment_date": "2024-01-15", "journal_id": cls.bank.id, **values})
        return wizard._create_payments()

    def decide(self, payments):
        """Review, approve and post payments that were submitted."""
        payments.with_user(self.reviewer).action_review()
        payments.with_user(self.approver).action_approve()
        payments.with_user(self.approver).action_post()

    def events(self, payment):
        return payment.history_ids.sorted("id").mapped("event")

    def last(self, payment):
        """Return the youngest line of history."""
        return payment.history_ids.sorted("id")[-1]
