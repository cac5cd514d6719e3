from . import account_payment_register
from . import account_payment_reject
from . import account_payment_void
from . import account_payment_guard_probe
from . import account_resequence
from . import account_automatic_entry_wizard
from . import base_partner_merge
