from datetime import datetime

from odoo import models

from ..core import journal, vocabulary


class ReleaseSigning(models.Model):
    """The signatures of a release: what they are about, in which order, and when it goes on."""

    _inherit = "ipai.release"

    def _database_now(self):
        """Now by the database's clock, which the journal has too: naive UTC, in seconds."""
        return datetime.fromisoformat(self.env["ipai.release.event"]._database_time()[:19])

    # -- the evidence ------------------------------------------------------------------------

    def _evidence_items(self, stage):
        """Items that a signature of ``stage`` is about, in the order of the record."""
        self.ensure_one()
        seen = vocabulary.EVIDENCE_SEEN[stage]
        return self.item_ids.filtered(lambda item: item.stage in seen)

    def _evidence_digest(self, stage):
        """SHA-256 over what a signer of ``stage`` sees: the digests of its items, as a list.

        Whoever verifies a signature computes this again, see ``journal.digest``.
        """
        return journal.digest([item._evidence_digest() for item in self._evidence_items(stage)])

    def _evidence_by_item(self, stage):
        """The same as ``{code: digest}``, to tell later which items changed."""
        return {item.code: item._evidence_digest() for item in self._evidence_items(stage)}

    # -- asking ------------------------------------------------------------------------------

    def _asks_for(self, stage):
        """Whether signatures of this stage are asked for in the present state.

        While the release is verified, one of its deployment may have to be given again.
        """
        self.ensure_one()
        asked = {"execution": ("execution",), "verification": ("execution", "verification")}
        return not self.rolling_back and stage in asked.get(self._current_stage(), ())

    def _signoffs_of(self, stage):
        return self.signoff_ids.filtered(lambda row: row.stage == stage)

    def _unsigned_roles(self, stage):
        """Roles that still have signatures to give at this point."""
        rows = self._signoffs_of(stage)
        approved = rows.filtered(lambda row: row.state == "approved")
        return rows.role_id.filtered(
            lambda role: (
                len(approved.filtered(lambda row: row.role_id == role))
                < max(rows.filtered(lambda row: row.role_id == role).mapped("quorum"))
            )
        )

    def _request_signoffs(self, stage):
        """All phases of a stage passed: ask its signers, or go on where nobody is to be asked."""
        self._go_on_signing(stage)

    def _go_on_signing(self, stage):
        """Ask who is next; when all roles of a stage signed, the release goes on."""
        self.ensure_one()
        self._void_expired()
        self._next_signoffs(stage)._request()
        if stage == "freeze":
            if not self._unsigned_roles(stage):
                self._signoffs_finished(stage)
        elif self._is_signed():
            self._signoffs_finished(self._current_stage())

    def _next_signoffs(self, stage):
        """Those to be asked now: all that wait, or the first of them where an order is set."""
        waiting = self._signoffs_of(stage).filtered(lambda row: row.state == "waiting")
        if not (waiting and self._snapshot().get("signoffs_in_sequence")):
            return waiting
        first = waiting.filtered(lambda row: row.sequence == min(waiting.mapped("sequence")))
        earlier = self._unsigned_roles(stage) - waiting.role_id
        return waiting.browse() if earlier else first

    def _is_signed(self):
        """Whether the present stage is worked off and everything signed that it needs."""
        stage = self._current_stage()
        phases = self.phase_ids.filtered(lambda phase: phase.stage == stage)
        if any(phase.state != "passed" for phase in phases):
            return False
        seen = ["execution", "verification"] if stage == "verification" else [stage]
        return not any(self._unsigned_roles(name) for name in seen)
