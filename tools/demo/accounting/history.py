"""Makes the accounting data of the demo through Odoo's own API, in one transaction.

It has to run before ``payment_account_enhanced`` is installed: the payments are history from
before the approval workflow, and that addon's installation finds and classifies them.
"""

from dataclasses import dataclass

from tools.say import Missing

from . import companies, documents, facts, payments, plan, statements
from .progress import progress


@dataclass(frozen=True)
class Summary:
    """How many records of each sort were made."""

    documents: int
    payments: int
    statement_lines: int


# Keeps Odoo from writing a chatter line for each of the records.
QUIET = {"tracking_disable": True, "mail_create_nosubscribe": True, "mail_notrack": True}


def create(env, today) -> Summary | None:
    """Create the demo companies and their history up to ``today``.

    The caller commits: an error half-way leaves nothing behind. Returns None, and does nothing,
    if the data is there already. Raises ``Missing`` if the database holds other accounting data.
    """
    if companies.existing(env):
        return None
    _refuse_foreign_data(env)
    # su: books of two companies are kept at once; whose rights suffice for it is not the question.
    env = env(su=True, context={**env.context, **QUIET})
    history = plan.make(today)
    with progress("Companies, chart of accounts", 2) as bar:
        books = companies.make(env, today)
        bar.update(2)
    partners = documents.make_partners(env, history.partners)
    for key in books:
        _keep_books(books[key], partners, history, key)
    return Summary(len(history.documents), len(history.payments), len(history.statement_lines))


def _refuse_foreign_data(env):
    entries = env["account.move"].search_count([])
    if entries:
        raise Missing(
            f"database {env.cr.dbname} holds {entries} journal entries that the demo did not make: "
            "name an empty database with --database"
        )


def _keep_books(books, partners, history, key):
    name = books.company.name.replace("Larch Harbour ", "")
    docs = [doc for doc in history.documents if doc.company == key]
    with progress(f"Invoices, bills: {name}", len(docs)) as bar:
        moves = documents.make(books, partners, docs, bar)
    made = _pay(books, partners, moves, [pay for pay in history.payments if pay.company == key])
    if key == facts.MAIN:
        with progress("Bank statement lines", len(history.statement_lines)) as bar:
            statements.make(books, history.statement_lines, made, bar)


def _pay(books, partners, moves, pays) -> dict:
    cashier = payments.Cashier(books, partners, moves)
    name = books.company.name.replace("Larch Harbour ", "")
    by_wizard = [pay for pay in pays if pay.kind == "wizard"]
    by_hand = [pay for pay in pays if pay.kind != "wizard"]
    with progress(f"Payments: {name}", len(by_hand)) as bar:
        made = cashier.pay(by_hand, bar)
    matched = [pay for pay in by_hand if pay.pays]
    with progress(f"Matching: {name}", len({pay.pays for pay in matched})) as bar:
        cashier.match(matched, bar)
    with progress(f"Payments by wizard: {name}", len(by_wizard)) as bar:
        cashier.register(by_wizard, bar)
    return made
