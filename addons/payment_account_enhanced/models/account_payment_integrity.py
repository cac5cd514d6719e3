import json
import logging

from odoo import _, api, models
from odoo.tools import html2plaintext

from ..core import chain, digest, states

_logger = logging.getLogger(__name__)

#: Payments read at a time by the nightly comparison.
CHUNK = 1000


class AccountPayment(models.Model):
    """Shows what was changed below Odoo: direct SQL cannot be stopped, but it cannot hide."""

    _inherit = "account.payment"

    @api.model
    def _cron_compare_with_seal(self):
        """Compare every posted payment with its seal and every history with its chain.

        What differs is told on the payment, once for each difference.
        """
        found = 0
        for payments in self._in_chunks([("approval_state", "in", (states.POSTED, states.VOID))]):
            # Payments older than the workflow are sealed the first night, as they are then.
            payments.filtered(lambda payment: not payment.sealed_digest)._seal()
            for payment in payments:
                difference = payment._tampering()
                if difference:
                    found += 1
                    payment._report_tampering(difference)
            self.env.flush_all()
            self.env.invalidate_all()
        if found:
            _logger.warning("%s payments differ from their seal or history", found)

    @api.model
    def _in_chunks(self, domain):
        last = 0
        while chunk := self.search([*domain, ("id", ">", last)], order="id", limit=CHUNK):
            yield chunk
            last = chunk[-1].id

    def _tampering(self):
        """Return in words what of a posted payment is not as the workflow left it, or ``""``."""
        self.ensure_one()
        found = []
        changed = self._changed_since_seal()
        if changed:
            found.append(_("changed since it was posted: %s", self._content_labels(changed)))
        broken = chain.first_break(self.history_ids._chain_lines())
        if broken is not None:
            found.append(_("line %s of its history was changed", broken + 1))
        if not self.history_ids and self.approve_uid:
            found.append(_("its history is missing"))
        return "; ".join(found)

    def _changed_since_seal(self):
        """Return the fields that differ from the sealed content; none where there is no seal."""
        self.ensure_one()
        if not self.sealed_content:
            return []
        if digest.digest(json.loads(self.sealed_content)) != self.sealed_digest:
            return ["sealed_digest"]
        sealed, content = json.loads(self.sealed_content), self._sealable_content()
        # What a seal of an earlier version does not name was not sealed.
        return list(digest.differences(sealed, {name: content.get(name) for name in sealed}))

    def _report_changed_since_seal(self):
        """Report payments that differ from their seals, before a change seals them anew."""
        for payment in self:
            changed = payment._changed_since_seal()
            if changed:
                labels = payment._content_labels(changed)
                payment._report_tampering(_("changed since it was posted: %s", labels))

    def _report_tampering(self, difference):
        self.ensure_one()
        body = _("This payment is not as the workflow left it: %s", difference)
        # Only what the nightly job said counts: anybody can write the same words.
        said = self.message_ids.filtered(lambda message: message.create_uid == self.env.user)
        if any(html2plaintext(message.body or "").strip() == body for message in said):
            return
        people = self.company_id._payment_finance_people()
        self.message_post(body=body, partner_ids=people.partner_id.ids)
        _logger.warning("Payment %s (id %s): %s", self._history_name(), self.id, difference)
