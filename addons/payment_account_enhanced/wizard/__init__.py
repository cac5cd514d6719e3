from . import (
    account_automatic_entry_wizard,
    account_payment_guard_probe,
    account_payment_reason,
    account_payment_register,
    account_payment_reject,
    account_payment_void,
    account_resequence,
    base_partner_merge,
)
