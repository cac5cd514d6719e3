# Each release is verified in a transaction of its own, so that thousands hold up nobody's work.
# pylint: disable=invalid-commit
import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from psycopg2 import OperationalError

_logger = logging.getLogger(__name__)

#: Verified less long ago than this, a release waits for the next week.
WEEK = timedelta(days=6)
#: Releases looked up at once, and seconds after which the scheduler gets its turn again.
CHUNK, TURN = 100, 300


class ReleaseVerifyCron(models.Model):
    """The weekly verification of all releases that have begun."""

    _inherit = "ipai.release"

    @api.model
    def _cron_verify(self):
        """Verify what is due, a transaction a release; go on in another turn when it takes long."""
        deadline = time.monotonic() + TURN
        last = 0
        while releases := self._due_for_verification(last):
            for release in releases:
                release._verify_committed()
                if time.monotonic() > deadline:
                    self._verify_later()
                    return
            last = releases[-1].id

    @api.model
    def _due_for_verification(self, last):
        """The next chunk of releases to verify, by number, behind ``last``."""
        return self.search(
            [
                ("id", ">", last),
                ("state", "!=", "draft"),
                "|",
                ("verified_at", "=", False),
                ("verified_at", "<", fields.Datetime.now() - WEEK),
            ],
            order="id",
            limit=CHUNK,
        )

    def _verify_committed(self):
        """Verify one release and commit; one that is being worked on waits for the next time."""
        try:
            findings = self._verify()
            self.env.cr.commit()
        except OperationalError:
            self.env.cr.rollback()
            self.env.invalidate_all()
            _logger.info("%s was written to while it was verified; next time", self.id)
            return
        if findings:
            _logger.warning("The record of %s does not verify: %s", self.name, findings[0])

    @api.model
    def _verify_later(self):
        self.env.ref("ipai_release_governance.cron_verify")._trigger()
        self.env.cr.commit()
