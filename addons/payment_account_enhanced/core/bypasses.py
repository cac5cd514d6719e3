"""Known ways round a lock on posted payments, as calls any client can send.

The *Test the guards* button, the release's ``guard`` checks and the tests over HTTP all run these.
Every one succeeds on stock Odoo of some series; every one must be refused to an ordinary user.
"""

from typing import NamedTuple

#: Stands for the record that the call before returned.
PREVIOUS = object()


class Call(NamedTuple):
    """One remote call: ``ids`` are the records, or ``PREVIOUS``, or None for a model method."""

    model: str
    method: str
    ids: object
    args: tuple = ()
    context: tuple = ()


class Bypass(NamedTuple):
    """A way round the lock. ``calls`` run in order; the last one must be refused."""

    code: str
    title: str
    calls: tuple
    series: tuple = (17, 18, 19)


PAYMENT = "account.payment"
MOVE = "account.move"
LINE = "account.move.line"
PARTIAL = "account.partial.reconcile"
FULL = "account.full.reconcile"
WIZARD = "base.partner.merge.automatic.wizard"
NO_CHECKS = (
    ("skip_account_move_synchronization", True),
    ("skip_readonly_check", True),
    ("skip_invoice_sync", True),
    ("check_move_validity", False),
    ("force_delete", True),
    ("tracking_disable", True),
    ("payment_account_enhanced_guard", True),
)


def bypasses(sample, series):
    """Return the ways that exist on an Odoo series.

    :param dict sample: ids of a posted, reconciled payment and what belongs to it; the keys are
        those of ``account.payment._probe_sample``.
    :param int series: 17, 18 or 19.
    """
    found = [
        *_on_payment(sample, series),
        *_on_state(sample, series),
        *_on_entry(sample, series),
        *_on_items(sample),
        *_on_reconciliation(sample),
        *_linked(sample),
        *_around(sample),
        *_nested(sample, series),
        *_unapproved(sample, series),
        *_forged(sample),
    ]
    return [bypass for bypass in found if series in bypass.series]


def _one(code, title, call, series=(17, 18, 19)):
    return Bypass(code, title, (call,), series)


def _on_payment(s, series):
    values = {
        "amount": s["amount"] + 1,
        "partner_id": s["other_partner"],
        "currency_id": s["other_currency"],
        "payment_type": "inbound",
        "destination_account_id": s["other_account"],
        "date": "2020-01-01",
        "payment_reference": "forged",
        "partner_bank_id": s["other_bank"],
        "memo" if series >= 18 else "ref": "forged",
        "name": "FORGED/1",
        "payment_method_line_id": s["other_method_line"],
        "outstanding_account_id": s["other_account"],
        "move_id": s["bill"],
        "document_number": "forged",
    }
    for name, value in values.items():
        call = Call(PAYMENT, "write", s["payment"], ({name: value},))
        yield _one(f"payment.{name}", f"Write {name} of the payment", call)
    amount = {"amount": s["amount"] + 1}
    yield _one(
        "payment.context",
        "Write the amount with every context key that skips checks",
        Call(PAYMENT, "write", s["payment"], (amount,), NO_CHECKS),
    )
    yield _one(
        "payment.load",
        "Import a file that changes the amount",
        Call(PAYMENT, "load", None, ([".id", "amount"], [[str(s["payment"]), "1.23"]])),
    )


def _on_state(s, series):
    for state in ("draft", "cancel" if series < 18 else "canceled"):
        call = Call(PAYMENT, "write", s["payment"], ({"state": state},))
        yield _one(f"payment.state.{state}", f"Write the state {state}", call)
    for method in ("action_draft", "action_cancel", "unlink"):
        yield _one(f"payment.{method}", f"Payment: {method}", Call(PAYMENT, method, s["payment"]))
    for method in ("action_validate", "action_reject"):
        call = Call(PAYMENT, method, s["payment"])
        yield _one(f"payment.{method}", f"Payment: {method}", call, (18, 19))


def _on_entry(s, series):
    link = "origin_payment_id" if series >= 18 else "payment_id"
    values = {
        "date": "2020-01-01",
        "partner_id": s["other_partner"],
        "currency_id": s["other_currency"],
        "ref": "forged",
        "name": "FORGED/2",
        "narration": "forged",
        "state": "draft",
        "journal_id": s["other_journal"],
        link: False,
        "payment_ids": [(1, s["payment"], {"amount": s["amount"] + 1})],
        "line_ids": [(1, s["liquidity_line"], {"name": "forged"})],
        "invoice_date": "2020-01-01",
        "posted_before": False,
        "tax_cash_basis_rec_id": s["partial"],
        "reversed_entry_id": s["entry_alone"],
    }
    for name, value in values.items():
        for label, context in (("", ()), (" without checks", NO_CHECKS)):
            yield _one(
                f"entry.{name}{'.context' if context else ''}",
                f"Write {name} of the journal entry{label}",
                Call(MOVE, "write", s["move"], ({name: value},), context),
            )
    for method in ("button_draft", "button_cancel", "unlink"):
        call = Call(MOVE, method, s["move"], (), NO_CHECKS)
        yield _one(f"entry.{method}", f"Journal entry: {method}", call)
    call = Call(MOVE, "button_draft", s["entry_alone"])
    yield _one("entry.other", "Reset another posted journal entry to draft", call)
    call = Call(MOVE, "write", s["entry_alone"], ({"state": "draft"},))
    yield _one("entry.other.state", "Write the state of another posted journal entry", call)


def _on_items(s):
    values = {
        "name": "forged",
        "date_maturity": "2020-01-01",
        "account_id": s["other_account"],
        "partner_id": s["other_partner"],
        "debit": 1.23,
        "credit": 1.23,
        "amount_currency": 1.23,
        "amount_residual": 1.23,
        "amount_residual_currency": 1.23,
        "matching_number": "forged",
    }
    for name, value in values.items():
        for key in ("liquidity_line", "counterpart_line"):
            yield _one(
                f"item.{name}.{key}",
                f"Write {name} of a journal item ({key.replace('_', ' ')})",
                Call(LINE, "write", s[key], ({name: value},), NO_CHECKS),
            )
    yield _one(
        "item.reconciled",
        "Write that a journal item is open again",
        Call(LINE, "write", s["counterpart_line"], ({"reconciled": False},), NO_CHECKS),
    )
    edits = {"name": "forged", "date_maturity": "2020-01-01", "account_id": s["other_account"]}
    yield Bypass(
        "item.parent_state",
        "Write journal items as those of a draft, then change them",
        (
            Call(LINE, "write", s["liquidity_line"], ({"parent_state": "draft"},)),
            Call(LINE, "write", s["liquidity_line"], (edits,), NO_CHECKS),
        ),
    )
    both = [s["liquidity_line"], s["counterpart_line"]]
    call = Call(LINE, "write", both, ({"partner_id": s["other_partner"]},), NO_CHECKS)
    yield _one("item.partner.both", "Write the partner of both journal items", call)
    added = {"move_id": s["move"], "account_id": s["other_account"], "name": "forged"}
    yield _one(
        "item.create", "Add a journal item", Call(LINE, "create", None, ([added],), NO_CHECKS)
    )
    yield _one("item.unlink", "Delete the journal items", Call(LINE, "unlink", both, (), NO_CHECKS))


def _on_reconciliation(s):
    yield _one("partial.unlink", "Delete the reconciliation", Call(PARTIAL, "unlink", s["partial"]))
    call = Call(PARTIAL, "write", s["partial"], ({"amount": 0.01},))
    yield _one("partial.write", "Write the amount of the reconciliation", call)
    call = Call(MOVE, "js_remove_outstanding_partial", s["bill"], (s["partial"],))
    yield _one("partial.widget", "Remove the payment on the bill", call)
    call = Call(LINE, "remove_move_reconcile", s["counterpart_line"])
    yield _one("partial.unreconcile", "Unreconcile the journal items", call)
    if s["full"]:
        call = Call(FULL, "unlink", s["full"])
        yield _one("full.unlink", "Delete the mark of the full reconciliation", call)
    for method in ("button_draft", "button_cancel"):
        yield _one(f"bill.{method}", f"Paid bill: {method}", Call(MOVE, method, s["bill"]))
    call = Call(MOVE, "write", s["bill"], ({"state": "draft"},))
    yield _one("bill.state", "Write the state of the paid bill", call)


def _linked(s):
    """Links of other records to the payment, its entry or its items."""
    reconciled = {
        "debit_move_id": s["counterpart_line"],
        "credit_move_id": s["liquidity_line"],
        "amount": s["amount"],
        "debit_amount_currency": s["amount"],
        "credit_amount_currency": s["amount"],
    }
    call = Call(PARTIAL, "create", None, ([reconciled],))
    yield _one("partial.create", "Reconcile more with the payment than is open of it", call)
    full = {"reconciled_line_ids": [(6, 0, [s["counterpart_line"]])]}
    call = Call(FULL, "create", None, ([full],))
    yield _one("full.create", "Take an item into another full reconciliation", call)
    call = Call(MOVE, "write", s["other_bill"], ({"matched_payment_ids": [(4, s["payment"])]},))
    yield _one("bill.matched", "Name the payment on another bill", call, (18, 19))
    taken = s["new_payment"] | {"payment_type": "inbound", "move_id": s["move"]}
    call = Call(PAYMENT, "create", None, ([taken],))
    yield _one("payment.entry", "Enter another payment with this one's entry", call)
    call = Call("ir.attachment", "write", s["attachment"], ({"url": "https://a.example/"},))
    yield _one("attachment.url", "Point a supporting document elsewhere", call)


def _around(s):
    active = (("active_model", MOVE), ("active_ids", [s["move"]]))
    reversal = {"journal_id": s["journal"], "date": "2024-01-31"}
    yield Bypass(
        "wizard.reversal",
        "Reverse the journal entry",
        (
            Call("account.move.reversal", "create", None, (reversal,), active),
            Call("account.move.reversal", "reverse_moves", PREVIOUS),
        ),
    )
    merge = {
        "state": "selection",
        "partner_ids": [(6, 0, [s["partner"], s["other_partner"]])],
        "dst_partner_id": s["other_partner"],
    }
    yield Bypass(
        "wizard.merge",
        "Merge the partner into another one",
        (Call(WIZARD, "create", None, (merge,)), Call(WIZARD, "action_merge", PREVIOUS)),
    )
    call = Call("account.resequence.wizard", "create", None, ({"move_ids": [(6, 0, [s["move"]])]},))
    yield _one("wizard.resequence", "Renumber the journal entry", call)
    yield _one("message.unlink", "Delete a message", Call("mail.message", "unlink", s["message"]))
    call = Call("ir.attachment", "unlink", s["attachment"])
    yield _one("attachment.unlink", "Delete a supporting document", call)
    call = Call("ir.attachment", "write", s["attachment"], ({"res_id": s["other_payment"]},))
    yield _one("attachment.move", "Move a supporting document elsewhere", call)
    call = Call("account.journal", "write", s["journal"], ({"active": False},))
    yield _one("journal.archive", "Archive the journal", call)
    call = Call("account.journal", "write", s["journal"], ({"currency_id": s["other_currency"]},))
    yield _one("journal.currency", "Give the journal another currency", call)
    items = (("active_model", LINE), ("active_ids", [s["counterpart_line"]]))
    transfer = {"action": "change_account", "destination_account_id": s["other_account"]}
    yield Bypass(
        "wizard.automatic",
        "Transfer a journal item to another account",
        (
            Call("account.automatic.entry.wizard", "create", None, (transfer,), items),
            Call("account.automatic.entry.wizard", "do_action", PREVIOUS),
        ),
    )


def _nested(s, series):
    """Commands on records of the payment, inside the values of another record."""
    forged = {"name": "forged"}
    call = Call(MOVE, "write", s["other_bill"], ({"line_ids": [(1, s["liquidity_line"], forged)]},))
    yield _one("nested.entry.items", "Write a journal item through another entry", call)
    values = {"memo": "x"} if series >= 18 else {"ref": "x"}
    commands = {
        "message_ids": [(2, s["message"])],
    }
    if series >= 18:
        commands["invoice_ids"] = [(1, s["bill"], {"state": "draft"})]
        commands["attachment_ids"] = [(2, s["attachment"])]
    else:
        commands["line_ids"] = [(1, s["liquidity_line"], forged)]
    for name, command in commands.items():
        call = Call(PAYMENT, "write", s["other_payment"], (values | {name: command},))
        yield _one(f"nested.payment.{name}", f"Write through {name} of another payment", call)


def _unapproved(s, series):
    call = Call(PAYMENT, "action_post", s["other_payment"])
    yield _one("unapproved.action_post", "Post a payment under review", call)
    states = ("in_process", "paid") if series >= 18 else ("posted",)
    for state in states:
        call = Call(PAYMENT, "write", s["other_payment"], ({"state": state},))
        yield _one(f"unapproved.state.{state}", f"Write the state {state} under review", call)
        linked = {"state": state, "move_id": s["other_bill"]}
        call = Call(PAYMENT, "write", s["other_payment"], (linked,))
        title = f"Write the state {state} and an entry of one's own under review"
        yield _one(f"unapproved.state.{state}.entry", title, call, (18, 19))
    if s["other_move"]:
        call = Call(MOVE, "unlink", s["other_move"])
        yield _one("unapproved.entry.unlink", "Delete the entry of a payment under review", call)
        call = Call(MOVE, "action_post", s["other_move"])
        yield _one("unapproved.entry", "Post the entry of a payment under review", call)
        call = Call(MOVE, "write", s["other_move"], ({"state": "posted"},))
        yield _one("unapproved.entry.state", "Write the entry's state under review", call)
    call = Call(PAYMENT, "unlink", s["other_payment"])
    yield _one("unapproved.unlink", "Delete a payment under review", call)


def _forged(s):
    approved = {"approval_state": "approved"}
    call = Call(PAYMENT, "write", s["other_payment"], (approved,))
    yield _one("approval.write", "Write the approval of a payment", call)
    call = Call(PAYMENT, "create", None, ([s["new_payment"] | approved],))
    yield _one("approval.create", "Enter a payment as approved", call)
    context = (("default_approval_state", "approved"),)
    call = Call(PAYMENT, "create", None, ([s["new_payment"]],), context)
    yield _one("approval.default", "Enter a payment with an approved default", call)
    line = {
        "payment_key": s["payment"],
        "event": "approve",
        "company_id": s["company"],
        "hash": "0",
    }
    call = Call("account.payment.history", "create", None, ([line],), NO_CHECKS)
    yield _one("history.create", "Write a line of history", call)
    call = Call("account.payment.history", "unlink", s["history"], (), NO_CHECKS)
    yield _one("history.unlink", "Delete a line of history", call)
    override = {
        "payment_id": s["payment"],
        "reason": "forged",
        "end_datetime": "2099-01-01 00:00:00",
    }
    call = Call("account.payment.override", "create", None, ([override],))
    yield _one("override.create", "Grant an override", call)
