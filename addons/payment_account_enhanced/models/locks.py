"""Which fields of a posted payment, its entry and its reconciliations are locked.

What Odoo itself writes on posted records (hashes, sequence gaps, attachments, activities, "sent")
is in none of these sets, so it goes on without being asked. Matching numbers and residuals it
computes, or writes with a permit: nobody else has to.
"""

from odoo.addons.ipai_series.compat import SERIES

from .series import MEMO, MOVE_PAYMENT

#: Ways out of "posted"; writing one of these is a reset, not an edit.
STATE = "state"

PAYMENT = frozenset(
    {
        "amount",
        "amount_company_currency_signed",
        "company_id",
        "currency_id",
        "date",
        "destination_account_id",
        "document_number",
        "journal_id",
        "move_id",
        "name",
        "outstanding_account_id",
        "paired_internal_transfer_payment_id",
        "partner_bank_id",
        "partner_id",
        "partner_type",
        "payment_method_line_id",
        "payment_reference",
        "payment_type",
        MEMO,
        STATE,
    }
    | ({"invoice_ids"} if SERIES >= 18 else set())
    | ({"is_internal_transfer", "destination_journal_id", "line_ids"} if SERIES < 18 else set())
)

#: What the entry is made from at posting; before 18 there is one from the start, and it counts.
BOOKING = (
    ("destination_account_id", "outstanding_account_id", "partner_type") if SERIES >= 18 else ()
)

#: What the journal entry is made from.
BOOKED = frozenset(
    {
        "amount",
        "currency_id",
        "date",
        "destination_account_id",
        "journal_id",
        "outstanding_account_id",
        "partner_id",
        "partner_type",
        "payment_type",
    }
)

#: What an approval is for; a change sends a submitted payment back to draft.
CONTENT = frozenset(
    {
        "amount",
        "company_id",
        "currency_id",
        "date",
        "document_number",
        "journal_id",
        "partner_bank_id",
        "partner_id",
        "payment_method_line_id",
        "payment_type",
        MEMO,
        *BOOKING,
    }
)

MOVE = frozenset(
    {
        "company_id",
        "currency_id",
        "date",
        "inalterable_hash",
        "invoice_date",
        "invoice_line_ids",
        "is_storno",
        "journal_id",
        "line_ids",
        "move_type",
        "name",
        "narration",
        "partner_bank_id",
        "partner_id",
        "payment_ids",
        "payment_reference",
        "posted_before",
        "ref",
        "reversed_entry_id",
        "sequence_number",
        "sequence_prefix",
        "statement_line_id",
        "tax_cash_basis_origin_move_id",
        "tax_cash_basis_rec_id",
        MOVE_PAYMENT,
        STATE,
    }
)

LINE = frozenset(
    {
        "account_id",
        "amount_currency",
        "amount_residual",
        "amount_residual_currency",
        "balance",
        "company_currency_id",
        "company_id",
        "credit",
        "currency_id",
        "date",
        "date_maturity",
        "debit",
        "display_type",
        "full_reconcile_id",
        "journal_id",
        "matching_number",
        "move_id",
        "move_name",
        "name",
        "parent_state",
        "partner_id",
        "payment_id",
        "price_unit",
        "product_id",
        "quantity",
        "reconciled",
        "ref",
        "statement_line_id",
        "tax_ids",
        "tax_line_id",
        "tax_tag_ids",
    }
)

PARTIAL = frozenset(
    {
        "amount",
        "company_id",
        "credit_amount_currency",
        "credit_move_id",
        "debit_amount_currency",
        "debit_move_id",
        "full_reconcile_id",
        "max_date",
    }
)

FULL = frozenset({"partial_reconcile_ids", "reconciled_line_ids"})

#: Of a reconciled payment these are closed to managers too, without an override.
CLOSED_WHEN_RECONCILED = frozenset(
    {
        "account_id",
        "amount",
        "amount_currency",
        "balance",
        "company_id",
        "credit",
        "currency_id",
        "date",
        "debit",
        "destination_account_id",
        "invoice_date",
        "line_ids",
        "move_id",
        "outstanding_account_id",
        "partner_id",
    }
)


def will_change(record, vals, name):
    """Whether writing ``vals`` changes the field ``name`` of one record.

    :param record: one record.
    :param dict vals: as ``write`` takes them.
    :param str name: a key of ``vals``. Commands on a relation to many count as a change.
    """
    field = record._fields[name]
    if field.type in ("one2many", "many2many"):
        return bool(vals[name])
    new = field.convert_to_cache(vals[name], record, validate=False)
    return new != field.convert_to_cache(record[name], record, validate=False)


def changes(record, vals, names):
    """Return ``{field: (before, after)}``, in words, of the ``names`` that ``vals`` change."""
    return {
        name: (spell(record, name, record[name]), spell(record, name, vals[name]))
        for name in sorted(names & vals.keys())
        if will_change(record, vals, name)
    }


def spell(record, name, value):
    """Return a value of the field ``name`` as people read it."""
    field = record._fields[name]
    if field.type == "many2one":
        target = value if hasattr(value, "_name") else record.env[field.comodel_name].browse(value)
        # sudo: the history names what the user may not open; and ids may be invented.
        return target.sudo().exists().display_name or ""
    if field.type in ("one2many", "many2many"):
        return ", ".join(map(str, value.ids if hasattr(value, "ids") else value))
    return "" if value is False or value is None else str(value)
