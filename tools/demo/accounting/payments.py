"""Payments in several currencies and journals, and their matching with the documents."""

from collections import defaultdict

from . import companies
from .progress import chunks

BATCH = 100


class Cashier:
    """Pays the documents of one company as the plan says.

    ``owed`` holds what each document still owes in its own currency while payments are being
    prepared: they are created together and matched afterwards, so Odoo's residual does not know
    of the payment before.
    """

    def __init__(self, books, partners: dict, moves: dict):
        self.books = books
        self.env = books.env
        self.partners = partners
        self.moves = moves
        self.owed = {key: move.amount_residual for key, move in moves.items()}
        self.made = {}

    def pay(self, payments, bar) -> dict:
        """Create and post the payments in batches; return them by key."""
        model = self.env["account.payment"].with_company(self.books.company)
        for batch in chunks(payments, BATCH, bar):
            created = model.create([self._values(pay) for pay in batch])
            self.made.update(zip((pay.key for pay in batch), created, strict=True))
            self._drop_entries([self.made[pay.key] for pay in batch if not pay.entry])
            model.concat(*(self.made[pay.key] for pay in batch if pay.post)).action_post()
        return self.made

    def register(self, payments, bar):
        """Pay documents with the *Pay* wizard, as a user does it."""
        for pay in payments:
            wizard = self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=[self.moves[key].id for key in pay.pays]
            )
            wizard.create(
                {"journal_id": self.books.journals[pay.journal].id, "payment_date": pay.day}
            ).action_create_payments()
            bar.update()

    def match(self, payments, bar):
        """Reconcile payments with the documents they belong to. (Odoo does it for refunds.)"""
        groups = defaultdict(lambda: self.env["account.move"])
        for pay in payments:
            groups[pay.pays] |= self.made[pay.key].move_id
        sets = [
            _open_lines(moves | moves.concat(*(self.moves[key] for key in keys)))
            for keys, moves in groups.items()
        ]
        for batch in chunks(sets, BATCH, bar):
            # What reconcile() calls for one set of lines; a list of sets is ten times as fast.
            self.env["account.move.line"]._reconcile_plan(batch)

    def _values(self, pay) -> dict:
        memo = "memo" if "memo" in self.env["account.payment"]._fields else "ref"
        return {
            "payment_type": "inbound" if pay.customer else "outbound",
            "partner_type": "customer" if pay.customer else "supplier",
            "partner_id": self.partners[pay.partner].id,
            "journal_id": self.books.journals[pay.journal].id,
            "currency_id": companies.currency(self.env, pay.currency).id,
            "date": pay.day,
            "amount": self._amount(pay),
            memo: ", ".join(self._reference(key) for key in pay.pays) or "On account",
        }

    def _reference(self, key: str) -> str:
        move = self.moves[key]
        return move.ref or move.name

    def _amount(self, pay) -> float:
        if pay.amount is not None:
            return float(pay.amount)
        total = sum(self._take(key, float(pay.share)) for key in pay.pays)
        money = self.moves[pay.pays[0]].currency_id
        own = companies.currency(self.env, pay.currency)
        return money._convert(total, own, self.books.company, pay.day)

    def _take(self, key: str, share: float) -> float:
        taken = self.moves[key].currency_id.round(self.owed[key] * share)
        self.owed[key] -= taken
        return taken

    def _drop_entries(self, payments):
        """Leave payments without a journal entry, as a shop without outstanding accounts has them.

        On 17.0 every payment has an entry.
        """
        if self.env["account.payment"]._fields["move_id"].required:
            return
        for payment in payments:
            payment.outstanding_account_id = False


def _open_lines(moves):
    return moves.line_ids.filtered(
        lambda line: line.account_id.account_type in ("asset_receivable", "liability_payable")
    )
