"""The history of the demo companies as plain data: who sold what to whom, and how it was paid.

Nothing here imports Odoo. The same day and seed always give the same plan, so that a figure seen
in one demo can be looked up in another.
"""

import random
from datetime import date, timedelta

from . import names
from .facts import (
    CURRENCY_MIX,
    HISTORY_DAYS,
    MAIN,
    MATCHED_STATEMENT_LINES,
    OPEN_STATEMENT_LINES,
    SECOND,
    SEED,
    Partner,
    Plan,
    StatementLine,
)
from .pick import cents, weighted
from .plan_documents import documents
from .plan_payments import Payments


def make(today: date, seed: int = SEED) -> Plan:
    """Return the plan of the ``HISTORY_DAYS`` days that end with ``today``."""
    chance = random.Random(seed)  # noqa: S311  it deals out data, not secrets
    plan = Plan(today, partners=_partners(chance))
    for company in (MAIN, SECOND):
        plan.documents += documents(chance, plan, company)
    for company in (MAIN, SECOND):
        plan.payments += Payments(chance, plan, company).make()
    plan.statement_lines = _statement_lines(chance, plan)
    return plan


def _partners(chance) -> dict[str, Partner]:
    found = {}
    for kind, pool in (("customer", names.CUSTOMERS), ("supplier", names.SUPPLIERS)):
        for number, name in enumerate(pool):
            country = chance.choice(names.COUNTRIES)
            key = f"{kind}{number}"
            found[key] = Partner(key, name, kind, country, weighted(chance, CURRENCY_MIX[MAIN]))
    return found


def _statement_lines(chance, plan: Plan) -> list[StatementLine]:
    """Lines of the main bank account: some show payments of ours, some nobody has explained yet."""
    seen = [
        pay
        for pay in plan.payments
        if (pay.company, pay.journal, pay.currency, pay.kind) == (MAIN, "bank", "EUR", "full")
    ]
    made = [
        StatementLine(f"line-{pay.key}", "bank", pay.day, "SEPA transfer", payment=pay.key)
        for pay in sorted(chance.sample(seen, MATCHED_STATEMENT_LINES), key=lambda pay: pay.day)
    ]
    for number in range(OPEN_STATEMENT_LINES):
        day = plan.today - timedelta(days=chance.randrange(1, HISTORY_DAYS))
        amount = cents(chance.choice((-1, 1)) * chance.uniform(5, 900))
        label = chance.choice(names.STATEMENT_LABELS)
        made.append(StatementLine(f"line-open{number}", "bank", day, label, amount=amount))
    return sorted(made, key=lambda line: line.day)
