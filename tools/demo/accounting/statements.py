"""A bank statement: some lines matched with payments, some that nobody has explained yet."""


def make(books, lines, payments: dict, bar):
    """Create the statement of the main bank account and match the lines that show payments."""
    model = books.env["account.bank.statement.line"].with_company(books.company)
    created = model.create([_values(books, line, payments) for line in lines])
    for line, record in zip(lines, created, strict=True):
        if line.payment:
            _match(record, payments[line.payment])
        bar.update()
    _statement(books, created)


def _values(books, line, payments: dict) -> dict:
    values = {
        "journal_id": books.journals[line.journal].id,
        "date": line.day,
        "payment_ref": line.label,
    }
    if not line.payment:
        return {**values, "amount": float(line.amount)}
    payment = payments[line.payment]
    sign = 1 if payment.payment_type == "inbound" else -1
    return {
        **values,
        "amount": sign * payment.amount,
        "partner_id": payment.partner_id.id,
        "payment_ref": f"{line.label} {payment.name}",
    }


def _match(statement_line, payment):
    """Book the line against the payment's outstanding account instead of the suspense account."""
    # The key keeps Odoo from writing the change back to the statement line; Odoo's own
    # reconciliation does the same.
    line = statement_line.with_context(skip_account_move_synchronization=True)
    _liquidity, suspense, _other = line._seek_for_lines()
    outstanding, _counterpart, _write_off = payment._seek_for_lines()
    suspense.account_id = outstanding.account_id
    (suspense + outstanding).reconcile()


def _statement(books, lines):
    books.env["account.bank.statement"].with_company(books.company).create(
        {
            "name": "Statement of the main account",
            "line_ids": [(6, 0, lines.ids)],
            "balance_end_real": sum(lines.mapped("amount")),
        }
    )
