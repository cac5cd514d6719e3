"""What a plan consists of, and how much of it there is. No Odoo is imported.

Amounts of lines are without tax, in the currency of the document. Odoo computes the taxes, and
therefore the amount of a payment is planned as a share of what a document still owes.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

SEED = 20260101
HISTORY_DAYS = 120

MAIN, SECOND = "main", "second"

CUSTOMER_INVOICES = {MAIN: 330, SECOND: 20}
VENDOR_BILLS = {MAIN: 290, SECOND: 16}
DRAFT_DOCUMENTS = {MAIN: 12, SECOND: 2}
REFUNDS = {MAIN: 12, SECOND: 2}
MATCHED_STATEMENT_LINES = 40
OPEN_STATEMENT_LINES = 20
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

    ``pays`` names the documents it settles. ``share`` is the part of what they still owe when it
    is this payment's turn: 1 is all of it, 1.2 a fifth too much. A payment that settles nothing
    has ``amount``.
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
