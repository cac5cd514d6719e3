"""The words of the suite, one for each thing, and the rules that follow from them alone."""

OUTCOMES = [
    ("pending", "Pending"),
    ("running", "Running"),
    ("passed", "Passed"),
    ("warned", "Warned"),
    ("failed", "Failed"),
    ("error", "Error"),
    ("inconclusive", "Inconclusive"),
    ("skipped", "Skipped"),
    ("waived", "Waived"),
]
#: Not worked off yet.
OPEN = frozenset({"pending", "running"})
#: Could not run, or ran and measured nothing. A person decides what that means.
UNMEASURED = frozenset({"error", "inconclusive"})
#: Stop a phase at its gate until they are retried or waived.
BLOCKING = UNMEASURED | {"failed"}
#: Let a phase pass its gate.
ACCEPTED = frozenset({"passed", "warned", "skipped", "waived"})
SETTLED = ACCEPTED | BLOCKING

SEVERITIES = [("critical", "Critical"), ("major", "Major"), ("minor", "Minor")]

ASPECTS = [
    ("code_deployment", "Code Deployment"),
    ("data_integrity", "Data Integrity"),
    ("service_health", "Service Health"),
    ("functional_tests", "Functional Tests"),
    ("log_analysis", "Log Analysis"),
]
OVERALL = ("overall", "Overall")

STAGES = [
    ("preparation", "Preparation"),
    ("execution", "Execution"),
    ("verification", "Verification"),
    ("rollback", "Rollback"),
]

#: Stage of a sign-off, and the stages of the items whose evidence it is about. What is done after a
#: signature is no part of what it saw. Nobody signs a rollback, so its items are in none.
EVIDENCE_SEEN = {
    "freeze": ("preparation",),
    "execution": ("preparation", "execution"),
    "verification": ("preparation", "execution", "verification"),
}

GATE_POLICIES = [
    ("proceed", "Proceed"),
    ("abort", "Abort"),
    ("roll_back", "Roll back"),
    ("investigate", "Investigate"),
]

PHASE_STATES = [
    ("pending", "Pending"),
    ("running", "Running"),
    ("blocked", "Blocked"),
    ("passed", "Passed"),
    ("failed", "Failed"),
    ("abandoned", "Abandoned"),
]

RELEASE_STATES = [
    ("draft", "Draft"),
    ("scheduled", "Scheduled"),
    ("running", "Running"),
    ("verifying", "Verifying"),
    ("done", "Done"),
    ("aborted", "Aborted"),
    ("rolled_back", "Rolled Back"),
]
#: From each state, the states one setter may lead to.
TRANSITIONS = {
    "draft": frozenset({"scheduled", "aborted"}),
    "scheduled": frozenset({"draft", "running", "aborted"}),
    "running": frozenset({"verifying", "aborted", "rolled_back"}),
    "verifying": frozenset({"done", "rolled_back"}),
    "done": frozenset(),
    "aborted": frozenset(),
    "rolled_back": frozenset(),
}
ENDED = frozenset(state for state, following in TRANSITIONS.items() if not following)

VERDICTS = [
    ("complete_success", "Complete Success"),
    ("minor_issues", "Minor Issues"),
    ("critical_failure", "Critical Failure"),
]


def settled_outcome(outcome, severity):
    """The outcome an item of this severity ends with.

    A failed minor item is a warning: it is reported and does not block. What was not measured
    stays what it is, whatever the severity, since nobody knows what it would have shown.
    """
    if outcome == "failed" and severity == "minor":
        return "warned"
    return outcome


def gate(outcomes, policy):
    """What a phase does now, given the outcomes of its items: ``wait``, ``pass``, ``hold``
    or one of the gate policies ``abort`` and ``roll_back``.

    A failure sets off the policy by itself. Items that measured nothing hold the phase for a
    person instead: a time-out is no reason to roll a shop back, and no reason to go on.
    """
    outcomes = set(outcomes)
    if outcomes & OPEN:
        return "wait"
    blocking = outcomes & BLOCKING
    if not blocking or (policy == "proceed" and not blocking & UNMEASURED):
        return "pass"
    if policy in ("investigate", "proceed") or "failed" not in blocking:
        return "hold"
    return policy


def verdict(state, outcomes, incidents_open):
    """The overall verdict of an ended release, in the words of the execution log.

    :param state: one of RELEASE_STATES
    :param outcomes: outcomes of all items
    :param incidents_open: whether an incident is still pending
    """
    outcomes = set(outcomes)
    if state in ("aborted", "rolled_back") or outcomes & BLOCKING:
        return "critical_failure"
    if incidents_open or outcomes & {"warned", "waived", "skipped"}:
        return "minor_issues"
    return "complete_success"
