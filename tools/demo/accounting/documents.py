"""Partners, customer invoices, vendor bills and refunds."""

from odoo import Command

from . import companies, facts
from .progress import chunks

BATCH = 100


def make_partners(env, partners) -> dict:
    """Create the partners of a plan; return them by key."""
    values = [
        {
            "name": partner.name,
            "is_company": True,
            "country_id": env.ref(f"base.{partner.country}").id,
            "email": f"{partner.key}@partners.example.com",
            f"{partner.kind}_rank": 1,
        }
        for partner in partners.values()
    ]
    return dict(zip(partners, env["res.partner"].create(values), strict=True))


def make(books, partners, documents, bar) -> dict:
    """Create and post the documents of one company in batches; return the moves by key.

    Refunds come last: they need what they take back. Odoo matches the two on posting.
    """
    made = {}
    for refunds in (False, True):
        part = [doc for doc in documents if bool(doc.reverses) is refunds]
        for batch in chunks(part, BATCH, bar):
            _make_batch(books, partners, batch, made)
    return made


def _make_batch(books, partners, batch, made):
    model = books.env["account.move"].with_company(books.company)
    moves = model.create([_values(books, partners, made, doc) for doc in batch])
    made.update(zip((doc.key for doc in batch), moves, strict=True))
    model.concat(*(made[doc.key] for doc in batch if doc.post)).action_post()


def _values(books, partners, made, doc: facts.Document) -> dict:
    values = {
        "move_type": doc.move_type,
        "partner_id": partners[doc.partner].id,
        "currency_id": companies.currency(books.env, doc.currency).id,
        "invoice_date": doc.day,
        "date": doc.day,
        "invoice_date_due": doc.due,
        "invoice_line_ids": [Command.create(_line(books, doc, line)) for line in doc.lines],
    }
    if doc.move_type.startswith("in_"):
        # The supplier's own number, by which Odoo looks for bills entered twice.
        values["ref"] = f"SUP-{doc.key}"
    if doc.reverses:
        values["reversed_entry_id"] = made[doc.reverses].id
    return values


def _line(books, doc: facts.Document, line: facts.Line) -> dict:
    customer = doc.move_type.startswith("out_")
    company = books.company
    tax = company.account_sale_tax_id if customer else company.account_purchase_tax_id
    return {
        "name": line.name,
        "quantity": line.quantity,
        "price_unit": float(line.price),
        "account_id": books.account(line.account).id,
        "tax_ids": [Command.set(tax.ids)],
    }
