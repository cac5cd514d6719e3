"""Invented exchange rates: one a week, wandering around a plausible start."""

import random
from datetime import date, timedelta

from . import plan

# Units of the currency for one euro. Invented, of the size they have had for years.
START = {"USD": 1.09, "GBP": 0.85}
WEEKLY_STEP = 0.008


def weekly(today: date, seed: int = plan.SEED) -> list[tuple[str, date, float]]:
    """Return (currency, day, units per euro) from before the history to ``today``."""
    chance = random.Random(seed)
    first = today - timedelta(days=plan.HISTORY_DAYS + 30)
    made = []
    for currency, rate in START.items():
        for days in range(0, (today - first).days + 1, 7):
            made.append((currency, first + timedelta(days=days), round(rate, 6)))
            rate *= 1 + chance.uniform(-WEEKLY_STEP, WEEKLY_STEP)
    return made
