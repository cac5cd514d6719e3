"""The plan of the demo, without Odoo: is it the same every time, and does it make sense?"""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from tools.demo.accounting import facts, plan, rates

TODAY = date(2026, 2, 3)


@pytest.fixture(scope="module")
def made():
    return plan.make(TODAY)


@pytest.fixture(scope="module")
def documents(made):
    return {doc.key: doc for doc in made.documents}


def test_same_day_same_plan(made):
    assert plan.make(TODAY) == made


def test_another_seed_is_another_plan(made):
    assert plan.make(TODAY, seed=7).documents != made.documents


def test_size(made):
    kinds = Counter(doc.move_type for doc in made.documents)
    assert kinds["out_invoice"] + kinds["in_invoice"] >= 600
    assert kinds["out_refund"] and kinds["in_refund"]
    assert sum(pay.post for pay in made.payments) >= 500
    assert {pay.currency for pay in made.payments} == {"EUR", "USD", "GBP"}
    assert {doc.company for doc in made.documents} == {facts.MAIN, facts.SECOND}


def test_keys_are_unique(made, documents):
    assert len(documents) == len(made.documents)
    assert len({pay.key for pay in made.payments}) == len(made.payments)


def test_nothing_happens_in_the_future(made):
    happened = [*made.documents, *made.payments, *made.statement_lines]
    assert max(record.day for record in happened) <= TODAY
    assert (TODAY - min(record.day for record in happened)).days <= facts.HISTORY_DAYS


def test_payments_fit_their_documents(made, documents):
    for pay in made.payments:
        for doc in map(documents.__getitem__, pay.pays):
            assert doc.post and doc.partner == pay.partner and doc.company == pay.company
            assert (doc.move_type == "out_invoice") == pay.customer
            assert doc.day <= pay.day
            assert doc.currency == pay.currency or pay.kind == "other_currency"


def test_documents_are_settled_once_or_in_instalments(made):
    settled = Counter(key for pay in made.payments for key in pay.pays if pay.kind != "instalments")
    assert set(settled.values()) == {1}
    instalments = Counter(
        key for pay in made.payments for key in pay.pays if pay.kind == "instalments"
    )
    assert set(instalments.values()) == {2}
    assert not settled.keys() & instalments.keys()


def test_some_payments_settle_several_documents(made):
    assert sum(len(pay.pays) > 1 for pay in made.payments) >= 10


def test_shares(made):
    shares = {pay.kind: set() for pay in made.payments}
    for pay in made.payments:
        shares[pay.kind].add(pay.share)
    assert shares["full"] == {Decimal(1)}
    assert max(shares["partial"]) < 1 < min(shares["overpaid"])


def test_instalmentscover_the_history_and_move():
    found = rates.weekly(TODAY)
    first = min(day for _currency, day, _rate in found)
    assert (TODAY - first).days > facts.HISTORY_DAYS
    for currency, start in rates.START.items():
        values = [rate for name, _day, rate in found if name == currency]
        assert len(set(values)) > 10
        assert all(abs(value / start - 1) < 0.2 for value in values)
