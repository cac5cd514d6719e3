"""The quality score, one to five per aspect, as the machine proposes it from the outcomes."""

from .vocabulary import BLOCKING, OPEN

BEST, WORST = 5, 1


def item_score(outcome, severity, failed_attempts):
    """Score of one item, or ``None`` while it says nothing.

    5 passed without a failed attempt; 4 passed after one, warned, skipped, or a minor item
    waived; 3 waived although critical or major; 2 blocking; 1 blocking and critical.
    """
    if outcome in OPEN:
        return None
    if outcome in BLOCKING:
        return 1 if severity == "critical" else 2
    if outcome == "waived":
        return 4 if severity == "minor" else 3
    if outcome == "passed" and not failed_attempts:
        return BEST
    return 4


def propose(items):
    """Score of an aspect: its worst item decides, since a chain holds as its weakest link does.

    :param items: iterable of ``(outcome, severity, failed_attempts)``
    :return: 1 to 5, or ``None`` when no item of the aspect was worked off
    """
    scores = [item_score(*item) for item in items]
    known = [score for score in scores if score is not None]
    return min(known) if known else None
