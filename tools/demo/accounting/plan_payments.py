"""Payments of the plan: which documents they settle, and how far."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

from .facts import COMPANY_CURRENCY, HISTORY_DAYS, MIX, SECOND, Document, Payment, Plan
from .pick import cents, pick_partner


class Payments:
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
        partner = pick_partner(self.chance, self.plan, self.company, customer)
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
            amount=cents(self.chance.uniform(50, 4000)),
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
