"""Invoices, bills and refunds of the plan."""

from dataclasses import replace
from datetime import date, timedelta

from . import names
from .facts import (
    CURRENCY_MIX,
    CUSTOMER_INVOICES,
    DRAFT_DOCUMENTS,
    HISTORY_DAYS,
    REFUNDS,
    SECOND,
    VENDOR_BILLS,
    Document,
    Line,
    Plan,
)
from .pick import cents, pick_partner, weighted


def documents(chance, plan: Plan, company: str) -> list[Document]:
    """Return the invoices and bills of a company, oldest first, then its refunds."""
    numbers = {"out_invoice": CUSTOMER_INVOICES[company], "in_invoice": VENDOR_BILLS[company]}
    made = [
        _document(chance, plan, company, move_type)
        for move_type, number in numbers.items()
        for _ in range(number)
    ]
    made.sort(key=lambda doc: doc.day)
    made = [replace(doc, key=f"{company}-{n}") for n, doc in enumerate(made)]
    drafts = {doc.key for doc in made[-DRAFT_DOCUMENTS[company] :]}
    made = [replace(doc, post=doc.key not in drafts) for doc in made]
    return made + _refunds(chance, plan.today, made, REFUNDS[company])


def _document(chance, plan: Plan, company: str, move_type: str) -> Document:
    customer = move_type == "out_invoice"
    partner = pick_partner(chance, plan, company, customer)
    day = plan.today - timedelta(days=chance.randrange(1, HISTORY_DAYS))
    currency = partner.currency
    if company == SECOND:
        currency = weighted(chance, CURRENCY_MIX[SECOND])
    return Document(
        key="",
        company=company,
        move_type=move_type,
        partner=partner.key,
        currency=currency,
        day=day,
        due=day + timedelta(days=chance.choice((0, 14, 30, 45))),
        lines=_lines(chance, customer),
    )


def _lines(chance, customer: bool) -> tuple[Line, ...]:
    articles = names.SOLD if customer else names.BOUGHT
    chosen = chance.sample(articles, chance.choice((1, 1, 2, 3)))
    return tuple(
        Line(
            name=article.name,
            quantity=chance.randint(1, article.most),
            price=cents(chance.uniform(article.low, article.high)),
            account=article.account,
        )
        for article in chosen
    )


def _refunds(chance, today: date, documents: list[Document], number: int) -> list[Document]:
    """Take back one line of a few documents, some days later."""
    posted = [doc for doc in documents if doc.post]
    made = []
    for doc in chance.sample(posted, number):
        day = min(today, doc.day + timedelta(days=chance.randint(2, 20)))
        made.append(
            replace(
                doc,
                key=f"{doc.key}-refund",
                move_type=doc.move_type.replace("invoice", "refund"),
                day=day,
                due=day,
                lines=(replace(doc.lines[0], quantity=1),),
                reverses=doc.key,
            )
        )
    return made
