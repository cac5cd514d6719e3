"""The state machine of a payment under approval, as a table."""

from typing import NamedTuple

DRAFT = "draft"
UNDER_REVIEW = "under_review"
FOR_APPROVAL = "for_approval"
FOR_AUTHORIZATION = "for_authorization"
APPROVED = "approved"
POSTED = "posted"
REJECTED = "rejected"
CANCELLED = "cancelled"
VOID = "void"

#: Somebody still has to decide.
WAITING = (UNDER_REVIEW, FOR_APPROVAL, FOR_AUTHORIZATION)
#: The content was handed in: changing it sends the payment back to draft.
SUBMITTED = (*WAITING, APPROVED)
#: In the workflow: never posted without being approved.
HANDED_IN = (*SUBMITTED, REJECTED)
#: What a payment may be while Odoo says it is a draft.
OPEN = (DRAFT, *HANDED_IN)


class Step(NamedTuple):
    """One decision on a payment.

    ``sources``: states it may start from. ``target``: state it leads to; ``approve`` may lead to
    ``FOR_AUTHORIZATION`` instead. ``roles``: names of the groups that may take it.
    ``stamp``: prefix of the fields that say who took it and when.
    """

    sources: tuple
    target: str
    roles: tuple
    stamp: str


ROLES = ("user", "reviewer", "approver", "authorizer", "manager")

STEPS = {
    "submit": Step((DRAFT, REJECTED), UNDER_REVIEW, ROLES, "submit"),
    "review": Step((UNDER_REVIEW,), FOR_APPROVAL, ("reviewer", "manager"), "review"),
    "approve": Step((FOR_APPROVAL,), APPROVED, ("approver", "manager"), "approve"),
    "authorize": Step((FOR_AUTHORIZATION,), APPROVED, ("authorizer", "manager"), "authorize"),
}

#: The step a waiting payment needs next.
NEXT_STEP = {
    state: name for name, step in STEPS.items() for state in step.sources if state in WAITING
}


def follow(current, status):
    """Return the approval state of a payment that Odoo reports as ``status``.

    :param str current: the approval state so far.
    :param str status: ``draft``, ``posted`` or ``cancelled``.
    """
    if current == VOID and status != DRAFT:
        return VOID
    if status != DRAFT:
        return status
    return current if current in OPEN else DRAFT
