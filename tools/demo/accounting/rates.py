"""Invented exchange rates: one a week, wandering around a plausible start."""

import random
from datetime import date, timedelta

from . import facts

# Units of the currency for one euro. Invented, of the size they have had for years.
START = {"USD": 1.09, "GBP": 0.85}
WEEKLY_STEP = 0.008


def weekly(today: date, seed: int = facts.SEED) -> list[tuple[str, date, float]]:
    """Return (currency, day, units per euro) from before the history to ``today``."""
    chance = random.Random(seed)  # noqa: S311  it deals out data, not secrets
    first = today - timedelta(days=facts.HISTORY_DAYS + 30)
    rates = dict(START)
    made = []
    for days in range(0, (today - first).days + 1, 7):
        day = first + timedelta(days=days)
        made += [(currency, day, round(rate, 6)) for currency, rate in rates.items()]
        rates = {
            currency: rate * (1 + chance.uniform(-WEEKLY_STEP, WEEKLY_STEP))
            for currency, rate in rates.items()
        }
    return made
