from . import account_payment_waiting
