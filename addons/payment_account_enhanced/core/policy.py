"""Which payments need approval, and who may decide on one."""

from typing import NamedTuple

NONE = "none"
OUTBOUND = "outbound"
ALL = "all"
AMOUNT = "amount"
JOURNAL = "journal"

#: Decisions one person may take on a payment; the second number is for small teams.
STEPS_PER_PERSON = 1
STEPS_PER_PERSON_SMALL_TEAM = 2


class Policy(NamedTuple):
    """What a company asks for. Amounts are in the currency of the company."""

    mode: str
    minimum: float = 0.0
    authorization_above: float = 0.0


def needs_approval(policy, payment_type, amount, journal_listed):
    """Whether a payment needs approval.

    :param Policy policy: what the company asks for.
    :param str payment_type: ``outbound`` or ``inbound``.
    :param float amount: of the payment, in company currency, rounded to it.
    :param bool journal_listed: whether its journal is marked as needing approval.
    :raises KeyError: the mode is unknown.
    """
    return {
        NONE: False,
        OUTBOUND: payment_type == "outbound",
        ALL: True,
        AMOUNT: amount > policy.minimum,
        JOURNAL: journal_listed,
    }[policy.mode]


def needs_authorization(policy, amount):
    """Whether an approved payment also has to be authorized.

    :param Policy policy: what the company asks for; no threshold means no authorization.
    :param float amount: of the payment, in company currency, rounded to it.
    """
    return bool(policy.authorization_above) and amount > policy.authorization_above


def may_take_step(taken, user, small_team):
    """Whether ``user`` may take one more decision on a payment.

    :param list taken: the people who took the decisions so far, one entry per decision.
    :param user: the person who wants to take the next one.
    :param bool small_team: whether the company allows two decisions of one person.
    """
    limit = STEPS_PER_PERSON_SMALL_TEAM if small_team else STEPS_PER_PERSON
    return list(taken).count(user) < limit


def repeated(taken):
    """Return the people who took more than one decision, in order of appearance."""
    return [user for user in dict.fromkeys(taken) if list(taken).count(user) > 1]
