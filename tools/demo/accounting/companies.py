"""The two demo companies with their chart of accounts, journals and currencies."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from odoo import Command

from . import facts, rates

# Where the external ids of the demo are kept; no addon has this name.
MODULE = "__ipai_demo__"

# Countries without a localisation of their own: with others Odoo 18 and 19 would install one and
# replace the generic chart of accounts.
COMPANIES = {
    facts.MAIN: {
        "name": "Larch Harbour Property Services",
        "street": "Seaview Row 4",
        "city": "Reykjavík",
        "country": "base.is",
        "currency": "EUR",
        "email": "office@larchharbour.example.com",
    },
    facts.SECOND: {
        "name": "Larch Harbour Guernsey",
        "street": "Quay Steps 11",
        "city": "St Peter Port",
        "country": "base.gg",
        "currency": "GBP",
        "email": "office@guernsey.larchharbour.example.com",
    },
}


class Bank(NamedTuple):
    """A bank journal beside the one of the chart; no currency means the company's."""

    key: str
    name: str
    code: str
    currency: str | None = None


BANKS = (
    Bank("bank_second", "Savings Bank", "BNK2"),
    Bank("bank_usd", "Bank USD", "BNKU", "USD"),
    Bank("bank_gbp", "Bank GBP", "BNKG", "GBP"),
)

OPENING_BALANCE = 250_000


@dataclass
class Books:
    """A company and what its documents are booked with."""

    company: object
    journals: dict = field(default_factory=dict)

    @property
    def env(self):
        return self.company.env

    def account(self, name: str):
        """Return the account of the generic chart by its name in the chart's data."""
        return chart_record(self.company, name)


def chart_record(company, name: str):
    """Return a record that the chart template made for ``company``, such as ``"expense_rent"``."""
    return company.env["account.chart.template"].with_company(company).ref(name)


def currency(env, code: str):
    """Return the currency with the ISO code ``code``, active or not."""
    return env.ref(f"base.{code}")


def existing(env):
    """Return the main demo company, an empty recordset if the demo was never made here."""
    return env.ref(f"{MODULE}.{facts.MAIN}", raise_if_not_found=False) or env["res.company"]


def make(env, today) -> dict[str, Books]:
    """Create currencies, rates and companies; return the books by company key."""
    _stay_at_home(env)
    _load_rates(env, today)
    made = {
        facts.MAIN: _company(env, facts.MAIN, env.ref("base.main_company")),
        facts.SECOND: _company(env, facts.SECOND, env["res.company"]),
    }
    _let_user_see(env, [books.company for books in made.values()])
    for books in made.values():
        _opening_entry(books, today)
    return made


def _stay_at_home(env):
    """Keep the demo database from reporting itself to Odoo's servers every week."""
    env.ref("mail.ir_cron_module_update_notification").active = False


def _load_rates(env, today):
    for code in ("EUR", "USD", "GBP"):
        currency(env, code).active = True
    # company_id False: the rates hold for both companies. The euro is the currency of rate 1.
    env["res.currency.rate"].create(
        [
            {"currency_id": currency(env, code).id, "name": day, "rate": rate, "company_id": False}
            for code, day, rate in rates.weekly(today)
        ]
    )


def _company(env, key: str, company) -> Books:
    values = dict(COMPANIES[key])
    country = env.ref(values.pop("country"))
    money = currency(env, values.pop("currency"))
    values["country_id"] = country.id
    if "iap_enrich_auto_done" in company._fields:
        # Else Odoo asks a service on the internet what it knows of the company's mail domain.
        values["iap_enrich_auto_done"] = True
    if company:
        company.write(values)
    else:
        company = env["res.company"].create({**values, "currency_id": money.id})
    _load_chart(company)
    # The generic chart sets the dollar, the currency of its fiscal country.
    company.currency_id = money
    _mark(company, key)
    return Books(company, _journals(company, key))


def _load_chart(company):
    if not company.chart_template:
        company.env["account.chart.template"].try_loading("generic_coa", company)


def _mark(company, key: str):
    """Give the company an external id: a second run recognises the demo by it."""
    company.env["ir.model.data"].create(
        {
            "module": MODULE,
            "name": key,
            "model": company._name,
            "res_id": company.id,
            "noupdate": True,
        }
    )


def _journals(company, key: str) -> dict:
    found = {"bank": chart_record(company, "bank"), "cash": _cash_journal(company)}
    if key == facts.MAIN:
        found.update({bank.key: _bank_journal(company, bank) for bank in BANKS})
    return found


def _cash_journal(company):
    """Return the cash journal; the chart of 17.0 and 18.0 brings one, that of 19.0 does not."""
    journals = company.env["account.journal"].with_company(company)
    found = journals.search([("type", "=", "cash"), ("company_id", "=", company.id)], limit=1)
    return found or journals.create(
        {"name": "Cash", "code": "CSH1", "type": "cash", "company_id": company.id}
    )


def _bank_journal(company, bank):
    money = currency(company.env, bank.currency).id if bank.currency else False
    return (
        company.env["account.journal"]
        .with_company(company)
        .create(
            {
                "name": bank.name,
                "code": bank.code,
                "type": "bank",
                "company_id": company.id,
                "currency_id": money,
            }
        )
    )


def _let_user_see(env, companies):
    """Give the administrator both companies, the main one as default."""
    env.ref("base.user_admin").write(
        {
            "company_ids": [Command.link(company.id) for company in companies],
            "company_id": companies[0].id,
        }
    )


def _opening_entry(books: Books, today):
    """Money in the bank to begin with, against the owners' capital."""
    day = today - timedelta(days=facts.HISTORY_DAYS + 1)
    bank = books.journals["bank"].default_account_id
    lines = [(bank, OPENING_BALANCE), (books.account("capital"), -OPENING_BALANCE)]
    entry = books.env["account.move"].create(
        {
            "company_id": books.company.id,
            "journal_id": books.env["account.journal"]
            .search([("type", "=", "general"), ("company_id", "=", books.company.id)], limit=1)
            .id,
            "date": day,
            "ref": "Opening balance",
            "line_ids": [
                Command.create(
                    {"name": "Opening balance", "account_id": account.id, "balance": amount}
                )
                for account, amount in lines
            ],
        }
    )
    entry.action_post()
