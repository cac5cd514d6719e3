"""What Odoo's payments call differently in its series."""

from odoo.addons.ipai_series.compat import SERIES

#: The payment's memo: ``memo`` since 18, the ``ref`` of its journal entry before.
MEMO = "memo" if SERIES >= 18 else "ref"
#: The payment a journal entry belongs to.
MOVE_PAYMENT = "origin_payment_id" if SERIES >= 18 else "payment_id"
#: States of a payment that stands in the books, and of one that was given up.
POSTED_STATES = ("in_process", "paid") if SERIES >= 18 else ("posted",)
CANCELLED_STATES = ("canceled", "rejected") if SERIES >= 18 else ("cancel",)
#: What the state of a payment follows: its own column since 18, its entry's before.
STATE_DEPENDS = ("state", "move_id.state") if SERIES >= 18 else ("move_id.state",)
#: States of an entry whose items can be reconciled; bills in draft too since 19.
RECONCILABLE_STATES = ("posted", "draft") if SERIES >= 19 else ("posted",)
#: Whether posting a bill drops the stale reconciliations of its draft.
POSTING_DROPS_STALE = SERIES >= 19
#: Whether a posted entry follows a change of its payment.
POSTED_ENTRY_FOLLOWS = SERIES < 19
