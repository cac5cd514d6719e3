"""Draws from the random numbers of a plan."""

from decimal import Decimal

from .facts import MAIN, Partner, Plan


def weighted(chance, weights: dict[str, int]) -> str:
    """Return one of the keys, each as often as its weight says."""
    return chance.choices(list(weights), list(weights.values()))[0]


def pick_partner(chance, plan: Plan, company: str, customer: bool) -> Partner:
    """Return a customer or supplier that the company deals with."""
    kind = "customer" if customer else "supplier"
    pool = [partner for partner in plan.partners.values() if partner.kind == kind]
    # The second company is small: it deals with a few partners only.
    return chance.choice(pool if company == MAIN else pool[:6])


def cents(amount: float) -> Decimal:
    """Return ``amount`` rounded to two places."""
    return Decimal(str(amount)).quantize(Decimal("0.01"))
