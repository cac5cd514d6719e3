"""The history of the demo companies as plain data: who sold what to whom, and how it was paid.

Nothing here imports Odoo. The same day and seed always give the same plan, so that a figure seen
in one demo can be looked up in another. Amounts of lines are without tax, in the currency of the
document; Odoo computes the taxes, and therefore the amount of a payment is planned as a share of
what a document still owes, not as a figure.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from . import names

SEED = 20260101
HISTORY_DAYS = 120

MAIN, SECOND = "main", "second"

CUSTOMER_INVOICES = {MAIN: 330, SECOND: 20}
VENDOR_BILLS = {MAIN: 290, SECOND: 16}
DRAFT_DOCUMENTS = {MAIN: 12, SECOND: 2}
REFUNDS = {MAIN: 12, SECOND: 2}
COMPANY_CURRENCY = {MAIN: "EUR", SECOND: "GBP"}

# How often a document of the main company is in which currency.
CURRENCY_MIX = {MAIN: {"EUR": 62, "USD": 25, "GBP": 13}, SECOND: {"GBP": 80, "EUR": 20}}


@dataclass(frozen=True)
class Mix:
    """How many payments of each kind a company makes.

    ``full``, ``wizard`` (the *Pay* button), ``grouped``, ``instalments`` (in pairs) and
    ``other_currency`` settle their documents; ``partial`` leaves a part of the document open,
    ``overpaid`` a part of the payment; ``advances`` belong to no document, ``drafts`` were never
    posted, ``without_entry`` have no journal entry where the series allows it.
    """

    full: int
    wizard: int
    grouped: int
    instalments: int
    partial: int
    overpaid: int
    other_currency: int
    advances: int
    drafts: int
    without_entry: int


MIX = {
    MAIN: Mix(
        full=270,
        wizard=15,
        grouped=25,
        instalments=20,
        partial=85,
        overpaid=20,
        other_currency=15,
        advances=60,
        drafts=10,
        without_entry=10,
    ),
    SECOND: Mix(
        full=12,
        wizard=2,
        grouped=1,
        instalments=1,
        partial=4,
        overpaid=1,
        other_currency=0,
        advances=4,
        drafts=1,
        without_entry=0,
    ),
}


@dataclass(frozen=True)
class Partner:
    """A customer or supplier; ``currency`` is the one they are invoiced in."""

    key: str
    name: str
    kind: str
    country: str
    currency: str


@dataclass(frozen=True)
class Line:
    """One invoice line; ``account`` is the name of an account in the generic chart, or None."""

    name: str
    quantity: int
    price: Decimal
    account: str | None = None


@dataclass(frozen=True)
class Document:
    """An invoice, a bill or a refund. ``reverses`` is the key of the document it takes back."""

    key: str
    company: str
    move_type: str
    partner: str
    currency: str
    day: date
    due: date
    lines: tuple[Line, ...]
    post: bool = True
    reverses: str | None = None


@dataclass(frozen=True)
class Payment:
    """One payment.

    ``pays`` names the documents it settles. ``share`` is the part of what they still owe when
    this payment is its turn (1 = all of it, 1.2 = a fifth too much). A payment that settles nothing has ``amount``.
    """

    key: str
    company: str
    kind: str
    partner: str
    customer: bool
    currency: str
    journal: str
    day: date
    pays: tuple[str, ...] = ()
    share: Decimal = Decimal(1)
    amount: Decimal | None = None
    post: bool = True
    entry: bool = True


@dataclass(frozen=True)
class StatementLine:
    """A line of a bank statement; ``payment`` is the key of the payment it shows, if any."""

    key: str
    journal: str
    day: date
    label: str
    payment: str | None = None
    amount: Decimal | None = None


@dataclass
class Plan:
    """Everything that happened, oldest first."""

    today: date
    partners: dict[str, Partner] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    statement_lines: list[StatementLine] = field(default_factory=list)


def make(today: date, seed: int = SEED) -> Plan:
    """Return the plan of the ``HISTORY_DAYS`` days that end with ``today``."""
    chance = random.Random(seed)
    plan = Plan(today, partners=_partners(chance))
    for company in (MAIN, SECOND):
        plan.documents += _documents(chance, plan, company)
    for company in (MAIN, SECOND):
        plan.payments += _Payments(chance, plan, company).make()
    plan.statement_lines = _statement_lines(chance, plan)
    return plan


def _partners(chance) -> dict[str, Partner]:
    found = {}
    for kind, pool in (("customer", names.CUSTOMERS), ("supplier", names.SUPPLIERS)):
        for number, name in enumerate(pool):
            country = chance.choice(names.COUNTRIES)
            key = f"{kind}{number}"
            found[key] = Partner(key, name, kind, country, _weighted(chance, CURRENCY_MIX[MAIN]))
    return found


def _weighted(chance, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


# ---------------------------------------------------------------------------- documents


def _documents(chance, plan: Plan, company: str) -> list[Document]:
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
    partner = _partner(chance, plan, company, customer)
    day = plan.today - timedelta(days=chance.randrange(1, HISTORY_DAYS))
    currency = partner.currency
    if company == SECOND:
        currency = _weighted(chance, CURRENCY_MIX[SECOND])
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


def _partner(chance, plan: Plan, company: str, customer: bool) -> Partner:
    kind = "customer" if customer else "supplier"
    pool = [partner for partner in plan.partners.values() if partner.kind == kind]
    # The second company is small: it deals with a few partners only.
    return chance.choice(pool if company == MAIN else pool[:6])


def _lines(chance, customer: bool) -> tuple[Line, ...]:
    articles = names.SOLD if customer else names.BOUGHT
    chosen = chance.sample(articles, chance.choice((1, 1, 2, 3)))
    return tuple(
        Line(
            name=article.name,
            quantity=chance.randint(1, article.most),
            price=_cents(chance.uniform(article.low, article.high)),
            account=article.account,
        )
        for article in chosen
    )


def _cents(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


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


# ----------------------------------------------------------------------------- payments


class _Payments:
    """Deals the open documents of one company out to its payments.

    A document is paid in one way only; a refunded one is left alone, because the refund already
    settles a part of it.
    """

    def __init__(self, chance, plan: Plan, company: str):
        self.chance = chance
        self.plan = plan
        self.company = company
        self.numbers = count()
        refunded = {doc.reverses for doc in plan.documents}
        self.open = [
            doc
            for doc in plan.documents
            if doc.company == company and doc.post and not doc.reverses and doc.key not in refunded
        ]
        chance.shuffle(self.open)

    def make(self) -> list[Payment]:
        """Return the payments of the company, oldest first."""
        mix = MIX[self.company]
        made = [pay for _ in range(mix.other_currency) for pay in self._other_currency()]
        made += [pay for _ in range(mix.grouped) for pay in self._grouped()]
        made += [pay for _ in range(mix.instalments) for pay in self._instalments()]
        made += [self._single("partial", self._part()) for _ in range(mix.partial)]
        made += [self._single("overpaid", 1 + self._part()) for _ in range(mix.overpaid)]
        made += [self._single("full", Decimal(1)) for _ in range(mix.full)]
        made += [self._single("wizard", Decimal(1)) for _ in range(mix.wizard)]
        made += [self._advance("advance") for _ in range(mix.advances)]
        made += [self._advance("draft", post=False) for _ in range(mix.drafts)]
        made += [self._advance("without_entry", entry=False) for _ in range(mix.without_entry)]
        return sorted(made, key=lambda pay: pay.day)

    def _part(self) -> Decimal:
        return Decimal(self.chance.randint(15, 85)) / 100

    def _single(self, kind: str, share: Decimal) -> Payment:
        return self._payment(kind, (self.open.pop(),), share=share)

    def _grouped(self) -> list[Payment]:
        """One payment for two or three documents of the same partner, type and currency."""
        first = self.open.pop()
        same = [
            doc
            for doc in self.open
            if (doc.partner, doc.move_type, doc.currency)
            == (first.partner, first.move_type, first.currency)
        ][: self.chance.choice((1, 2))]
        self.open = [doc for doc in self.open if doc not in same]
        return [self._payment("grouped", (first, *same))]

    def _instalments(self) -> list[Payment]:
        """Two payments that settle one document together."""
        doc = self.open.pop()
        first = self._payment("instalments", (doc,), share=self._part())
        rest = self._payment("instalments", (doc,))
        return [first, replace(rest, day=max(first.day, rest.day))]

    def _other_currency(self) -> list[Payment]:
        """Pay a document in foreign currency from an account in the company's own."""
        own = COMPANY_CURRENCY[self.company]
        doc = next(doc for doc in self.open if doc.currency != own)
        self.open.remove(doc)
        return [replace(self._payment("other_currency", (doc,)), currency=own, journal="bank")]

    def _advance(self, kind: str, post: bool = True, entry: bool = True) -> Payment:
        """A payment that belongs to no document (yet)."""
        customer = self.chance.random() < 0.6
        partner = _partner(self.chance, self.plan, self.company, customer)
        currency = partner.currency
        if self.company == SECOND:
            currency = COMPANY_CURRENCY[SECOND]
        return Payment(
            key=f"{self.company}-pay{next(self.numbers)}",
            company=self.company,
            kind=kind,
            partner=partner.key,
            customer=customer,
            currency=currency,
            journal=self._journal(currency),
            day=self.plan.today - timedelta(days=self.chance.randrange(0, HISTORY_DAYS)),
            amount=_cents(self.chance.uniform(50, 4000)),
            post=post,
            entry=entry,
        )

    def _payment(self, kind: str, docs: tuple[Document, ...], share=Decimal(1)) -> Payment:
        latest = max(doc.day for doc in docs)
        day = min(self.plan.today, latest + timedelta(days=self.chance.randint(1, 45)))
        return Payment(
            key=f"{self.company}-pay{next(self.numbers)}",
            company=self.company,
            kind=kind,
            partner=docs[0].partner,
            customer=docs[0].move_type == "out_invoice",
            currency=docs[0].currency,
            journal=self._journal(docs[0].currency),
            day=day,
            pays=tuple(doc.key for doc in docs),
            share=share,
        )

    def _journal(self, currency: str) -> str:
        if self.company == SECOND:
            return self.chance.choice(("bank", "bank", "cash"))
        if currency == "USD":
            return self.chance.choice(("bank_usd", "bank_usd", "bank_usd", "bank"))
        if currency == "GBP":
            return self.chance.choice(("bank_gbp", "bank_gbp", "bank"))
        return self.chance.choice(("bank",) * 6 + ("bank_second",) * 3 + ("cash",))


# --------------------------------------------------------------------------- statements

MATCHED_STATEMENT_LINES = 40
OPEN_STATEMENT_LINES = 20


def _statement_lines(chance, plan: Plan) -> list[StatementLine]:
    """Lines of the main bank account: some show payments of ours, some nobody has explained yet."""
    seen = [
        pay
        for pay in plan.payments
        if pay.company == MAIN and pay.journal == "bank" and pay.currency == "EUR" and pay.kind == "full"
    ]
    made = [
        StatementLine(f"line-{pay.key}", "bank", pay.day, "SEPA transfer", payment=pay.key)
        for pay in sorted(chance.sample(seen, MATCHED_STATEMENT_LINES), key=lambda pay: pay.day)
    ]
    for number in range(OPEN_STATEMENT_LINES):
        day = plan.today - timedelta(days=chance.randrange(1, HISTORY_DAYS))
        amount = _cents(chance.choice((-1, 1)) * chance.uniform(5, 900))
        label = chance.choice(names.STATEMENT_LABELS)
        made.append(StatementLine(f"line-open{number}", "bank", day, label, amount=amount))
    return sorted(made, key=lambda line: line.day)
