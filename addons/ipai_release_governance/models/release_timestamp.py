import base64
import binascii
import logging
from urllib.parse import urlsplit

import requests
from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..bundle import verify_bundle
from ..core import timestamp

_logger = logging.getLogger(__name__)

#: Seconds that an authority has for its answer, and bytes that an answer has at most.
PATIENCE, LIMIT = 20, 1 << 20
#: Stamps asked for in one run of the scheduler.
CHUNK = 50


class ResCompany(models.Model):
    _inherit = "res.company"

    release_stamp_url = fields.Char(
        string="Time-Stamping Address",
        groups="base.group_system",
        help="Where the journal of a release is stamped when it ends (RFC 3161). Only the hash of "
        "its head leaves Odoo. Empty: nowhere.",
    )

    @api.constrains("release_stamp_url")
    def _check_release_stamp_url(self):
        for company in self.filtered("release_stamp_url"):
            parts = urlsplit(company.release_stamp_url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValidationError(
                    _(
                        "Time-Stamping Address: %s is no web address. Enter one that begins with "
                        "https:// or http://.",
                        company.release_stamp_url,
                    )
                )


class ReleaseAnchor(models.Model):
    """Time stamps by an authority: asked for by the scheduler, until there is one."""

    _inherit = "ipai.release.anchor"

    token = fields.Binary(string="Time Stamp", attachment=False, readonly=True)
    stamped_at = fields.Char(readonly=True, help="The time that the authority vouches for, in UTC.")
    problem = fields.Char(readonly=True, help="Why there is no time stamp yet. It is tried again.")

    @api.model
    def _cron_stamp(self):
        """Ask for the time stamps that are missing."""
        waiting = self.search([("kind", "=", "timestamp"), ("token", "=", False)], limit=CHUNK)
        for anchor in waiting:
            anchor._stamp()

    def _stamp(self):
        """Ask the company's authority to stamp this head, and keep what it answers."""
        self.ensure_one()
        # sudo: the address is for administrators; the scheduler sends to it.
        url = self.company_id.sudo().release_stamp_url
        if not url:
            return
        query, nonce = timestamp.request(self.head)
        try:
            answer = self._post(url, query)
            time = timestamp.check(answer, self.head, nonce)
        except (requests.RequestException, timestamp.StampRefused) as problem:
            _logger.warning("No time stamp for %s: %s", self.release_id.name, problem)
            self._store({"problem": str(problem)[:200]})
            return
        self._store(
            {
                "token": base64.b64encode(answer),
                "stamped_at": time.replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
                "problem": False,
            }
        )

    @api.model
    def _post(self, url, query):
        """Send a request; return the bytes of the answer.

        :raises requests.RequestException: no answer, or none of this kind
        """
        headers = {"Content-Type": timestamp.QUERY, "Accept": timestamp.REPLY}
        with requests.post(
            url, data=query, headers=headers, timeout=PATIENCE, allow_redirects=False, stream=True
        ) as answer:
            answer.raise_for_status()
            content = answer.raw.read(LIMIT + 1, decode_content=True)
        if len(content) > LIMIT:
            raise requests.RequestException("the answer is too long for a time stamp")
        return content

    def _stamp_bytes(self):
        """The authority's answer. What was written past the suite comes as it stands."""
        try:
            return base64.b64decode(self.token, validate=True)
        except binascii.Error:
            # It is no time stamp then, and the verifier says so, here and of a bundle.
            return self.token

    def _stamp_file(self):
        return f"timestamps/{self.sequence}-{self.id}.tsr"

    def _bundle_anchor(self):
        values = super()._bundle_anchor()
        if self.token:
            values.update(file=self._stamp_file(), stamped_at=self.stamped_at)
        return values


class Release(models.Model):
    _inherit = "ipai.release"

    def _send_execution_log(self):
        """The release has ended: its journal is stamped up to here, where there is an address."""
        result = super()._send_execution_log()
        for release in self:
            # sudo: see _stamp.
            url = release.company_id.sudo().release_stamp_url
            if url:
                release._anchor("timestamp", urlsplit(url).hostname)
                # sudo: whoever signed last may not set the scheduler going.
                self.env.ref("ipai_release_governance.cron_stamp").sudo()._trigger()
        return result

    def _bundle_members(self):
        stamps = self.anchor_ids.filtered("token")
        return [
            *super()._bundle_members(),
            *((row._stamp_file(), [row._stamp_bytes()], {}) for row in stamps),
        ]

    def _verify_chain(self, note):
        chain = super()._verify_chain(note)
        for anchor in self.anchor_ids.filtered("token"):
            verify_bundle.check_stamp(anchor._stamp_bytes(), anchor.head, anchor.display_name, note)
        return chain
