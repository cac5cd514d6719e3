from . import voucher
