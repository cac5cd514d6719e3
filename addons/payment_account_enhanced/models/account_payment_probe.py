from contextlib import contextmanager

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.addons.ipai_series.compat import GROUPS, SERIES
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import Callbacks

from ..core import digest, states
from ..core.bypasses import PREVIOUS, bypasses
from .series import MEMO

REFUSALS = (AccessError, UserError, ValidationError)
PLAIN_GROUPS = (
    "base.group_user",
    "base.group_partner_manager",
    "account.group_account_invoice",
    "payment_account_enhanced.group_payment_user",
)


class RollBack(Exception):
    """Leaves a savepoint on purpose."""


@contextmanager
def nothing_after_commit(cr):
    """Forget what is planned here for after the commit.

    A savepoint takes the records back, but not those plans: Odoo would look for the records.
    """
    kept, cr.postcommit = cr.postcommit, Callbacks()
    try:
        yield
    finally:
        cr.postcommit = kept


class AccountPayment(models.Model):
    """Tries every known bypass for real, as a plain user, and leaves nothing behind."""

    _inherit = "account.payment"

    @api.model
    def _guard_probe_report(self, company=None):
        """Try every known bypass on a payment made for it; nothing of it is kept.

        :param company: where to try; the current company by default.
        :return: list of ``{"code", "title", "held", "message"}``. ``held`` is True when the way
            was refused, False when it went through, None when it could not be tried.
        """
        prober = self.with_user(SUPERUSER_ID).with_company(company or self.env.company)
        prober = prober.with_context(tracking_disable=True, no_reset_password=True, lang=None)
        report = []
        try:
            with nothing_after_commit(self.env.cr), self.env.cr.savepoint():
                report += prober._probe_all()
                raise RollBack
        except RollBack:
            return report
        except REFUSALS as error:
            return [prober._probe_row("setup", _("Prepare a payment to try on"), None, str(error))]

    def _probe_all(self):
        user = self._probe_user()
        sample = self._probe_sample()
        return [
            self._probe_row(bypass.code, bypass.title, *self._probe_one(bypass, user))
            for bypass in bypasses(sample, SERIES)
        ]

    def _probe_row(self, code, title, held, message):
        return {"code": code, "title": title, "held": held, "message": message}

    def _probe_one(self, bypass, user):
        """Return whether the bypass was refused, and what was said."""
        try:
            with self.env.cr.savepoint():
                self._probe_calls(bypass.calls, user)
                self.env.flush_all()
                raise RollBack
        except RollBack:
            return False, _("It went through.")
        except REFUSALS as error:
            return True, str(error)

    def _probe_calls(self, calls, user):
        previous = None
        for call in calls:
            context = {"allowed_company_ids": self.env.company.ids, **dict(call.context)}
            model = self.env[call.model].with_user(user).with_context(**context)
            records = previous if call.ids is PREVIOUS else model.browse(call.ids)
            previous = getattr(records, call.method)(*call.args)
            if call.method == "load" and not previous["ids"]:
                raise UserError("\n".join(row["message"] for row in previous["messages"]))

    def _probe_user(self):
        groups = [self.env.ref(xmlid).id for xmlid in PLAIN_GROUPS]
        return self.env["res.users"].create(
            {
                "name": "Guard probe",
                "login": "payment-guard-probe",
                "company_id": self.env.company.id,
                "company_ids": [fields.Command.set(self.env.company.ids)],
                GROUPS: [fields.Command.set(groups)],
            }
        )

    def _probe_sample(self):
        """Return the ids of a posted, reconciled payment and of what belongs to it.

        :raises UserError: the company has no bank journal, purchase journal or accounts.
        """
        journal = self._probe_find("account.journal", [("type", "in", ("bank", "cash"))])
        partners = self.env["res.partner"].create([{"name": "Probe A"}, {"name": "Probe B"}])
        bill = self._probe_bill(partners[0])
        payment, other = self.create([self._probe_payment_vals(partners[0], journal)] * 2)
        payment._probe_post()
        other._write_workflow({"approval_state": states.UNDER_REVIEW})
        bill_line = bill.line_ids.filtered(lambda line: line.account_type == "liability_payable")
        counterpart = payment._seek_for_lines()[1]
        (bill_line | counterpart).reconcile()
        return self._probe_ids(payment, bill) | {
            "other_payment": other.id,
            "other_move": other.move_id.id,
            "partner": partners[0].id,
            "other_partner": partners[1].id,
            "other_bank": self._probe_bank(partners[0]).id,
            "entry_alone": self._probe_entry().id,
            "other_bill": bill.copy().id,
            "new_payment": self._probe_payment_vals(partners[0], journal),
        }

    def _probe_ids(self, payment, bill):
        liquidity, counterpart, _writeoff = payment._seek_for_lines()
        partial = counterpart.matched_debit_ids | counterpart.matched_credit_ids
        document = {
            "name": "probe.txt",
            "raw": b"probe",
            "res_model": self._name,
            "res_id": payment.id,
        }
        journals = self._probe_find("account.journal", [("id", "!=", payment.journal_id.id)])
        account = self._probe_find("account.account", [("account_type", "=", "expense")])
        method = payment.payment_method_line_id.copy({"name": "probe"})
        currencies = self.env["res.currency"].with_context(active_test=False)
        currency = currencies.search([("id", "!=", payment.currency_id.id)], limit=1)
        return {
            "company": self.env.company.id,
            "payment": payment.id,
            "amount": payment.amount,
            "move": payment.move_id.id,
            "bill": bill.id,
            "liquidity_line": liquidity.id,
            "counterpart_line": counterpart.id,
            "partial": partial.id,
            "full": partial.full_reconcile_id.id,
            "journal": payment.journal_id.id,
            "other_journal": journals.id,
            "other_account": account.id,
            "other_currency": currency.id,
            "other_method_line": method.id,
            "attachment": self.env["ir.attachment"].create(document).id,
            "message": payment.message_post(body=_("Guard probe")).id,
            "history": payment._record_history("post").id,
        }

    def _probe_find(self, model, domain):
        company = self.env[model]._check_company_domain(self.env.company)
        found = self.env[model].search([*company, *domain], limit=1)
        if not found:
            raise UserError(
                _(
                    "%(company)s has no %(model)s the guards could be tried with. "
                    "Set up its chart of accounts first.",
                    company=self.env.company.name,
                    model=self.env[model]._description,
                )
            )
        return found

    def _probe_payment_vals(self, partner, journal):
        return {
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": partner.id,
            "journal_id": journal.id,
            "amount": 100.0,
            MEMO: "probe",
        }

    def _probe_bill(self, partner):
        account = self._probe_find("account.account", [("account_type", "=", "expense")])
        line = {"name": "probe", "account_id": account.id, "price_unit": 100.0, "tax_ids": False}
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": partner.id,
                "invoice_date": fields.Date.context_today(self),
                "invoice_line_ids": [fields.Command.create(line)],
            }
        )
        bill.action_post()
        return bill

    def _probe_entry(self):
        """Return a posted journal entry that is no payment's."""
        account = self._probe_find("account.account", [("account_type", "=", "expense")])
        line = {"account_id": account.id, "name": "probe"}
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "line_ids": [
                    fields.Command.create(line | {"debit": 1.0}),
                    fields.Command.create(line | {"credit": 1.0}),
                ],
            }
        )
        entry.action_post()
        return entry

    def _probe_bank(self, partner):
        return self.env["res.partner.bank"].create(
            {"acc_number": "PROBE-1", "partner_id": partner.id}
        )

    def _probe_post(self):
        """Post a payment made for the probe, approved by nobody."""
        self.ensure_one()
        content = self._approval_content()
        self._write_workflow(
            {
                "approval_state": states.APPROVED,
                "approval_content": digest.canonical(content),
                "approval_digest": digest.digest(content),
            }
        )
        self.action_post()
