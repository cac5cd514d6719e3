from odoo import api, models


class AccountPaymentVoucherReport(models.AbstractModel):
    """What the voucher prints, asked for by its button or by its address."""

    _name = "report.payment_account_enhanced.voucher"
    _description = "Payment Voucher"

    @api.model
    def _get_report_values(self, docids, data=None):
        payments = self.env["account.payment"].browse(docids)
        payments._check_printable()
        return {"doc_ids": docids, "doc_model": payments._name, "docs": payments}
