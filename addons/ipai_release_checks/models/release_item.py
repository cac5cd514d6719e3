import json
import logging
import traceback
from dataclasses import asdict

from odoo import _, api, fields, models
from odoo.addons.ipai_release_governance.core.result import Result
from odoo.addons.ipai_release_governance.core.vocabulary import BLOCKING

from .. import checks
from ..core.text import without_nul
from .check_context import MEASUREMENT_FILE, ItemContext
from .host_pool import hosts_of
from .snapshot_pool import pool_of

_logger = logging.getLogger(__name__)


class ReleaseItem(models.Model):
    """Automated items: queued, claimed under a lease, executed, settled."""

    _inherit = "ipai.release.item"

    check_kind = fields.Char(readonly=True)
    check_params = fields.Text(string="Check Parameters", readonly=True, help="Canonical JSON.")
    queued_at = fields.Datetime(readonly=True, index=True, help="When it was queued to run.")
    lease_until = fields.Datetime(
        readonly=True, help="A worker has it until then; after that another one takes it."
    )
    lease_holder = fields.Char(
        readonly=True, help="PostgreSQL session of the worker; when it is gone, so is the lease."
    )
    fence = fields.Integer(
        readonly=True, help="Counts the claims. Only the latest claim may settle the item."
    )
    resume_at = fields.Datetime(
        readonly=True, help="A host is at it: when to ask again. Empty while a worker has it."
    )
    snapshot_name = fields.Char(readonly=True, help="PostgreSQL snapshot the item was measured in.")

    @api.model
    def _get_unjournaled_fields(self):
        """Which worker has an item, and until when, is no part of the record."""
        lease = {"queued_at", "lease_until", "lease_holder", "fence", "resume_at"}
        return super()._get_unjournaled_fields() | lease

    # -- queueing ----------------------------------------------------------------------------

    def _on_phase_open(self):
        super()._on_phase_open()
        self.filtered(lambda item: item.mode == "automated")._queue()

    def _queue(self):
        """Hand these items to the queue; they run when the items before them are settled."""
        for item in self:
            # sudo: phases open in the name of testers, who may not write the checklist.
            item.sudo()._store({"queued_at": fields.Datetime.now()})
        if self:
            self.env["ipai.release.queue"]._wake()

    def _reopen(self, kind="retry"):
        super()._reopen(kind)
        if self.mode == "automated":
            self._queue()

    def _after_settling(self):
        super()._after_settling()
        # A manual item may have been what the machine waited for.
        self.env["ipai.release.queue"]._wake()

    def _runnable(self):
        """Automated items that a button may start: not worked off yet, or stopped at the gate."""
        return self.filtered(
            lambda item: (
                item.mode == "automated"
                and item.phase_id.state in ("running", "blocked")
                and item.outcome in BLOCKING | {"pending"}
            )
        )

    def _start_again(self):
        """Queue what is pending, also what is due later, and begin anew what did not pass."""
        for item in self:
            if item.outcome == "pending":
                item._store({"scheduled_at": fields.Datetime.now()})
                item._queue()
            else:
                item._reopen()

    # -- executing ---------------------------------------------------------------------------

    def _kind(self):
        return checks.get(self.check_kind)

    def _uses_snapshot(self):
        # The addon of a kind may be gone by now; then nothing was measured either.
        return self.check_kind in checks.names() and self._kind().uses_snapshot

    def _execute(self):
        """Run the check and return its result; a broken check is an error, never a pass.

        :raises NotYet: a host is still at it; ask again in a while
        """
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                return self._run_check()
        except checks.NotYet:
            raise
        except Exception as problem:
            _logger.exception("Check %s of %s broke", self.check_kind, self.release_id.name)
            return self._broken(problem)

    def _broken(self, problem):
        """The result of a check that broke with the exception that is being handled."""
        return Result(
            "error",
            summary=without_nul(_("The check itself broke: %s", problem)),
            output=without_nul(traceback.format_exc()),
            hint=_("Report this with the evidence; retry after an update of the checks."),
        )

    def _run_check(self):
        kind = self._kind()
        obstacle = self._obstacle_to_acting(kind)
        if obstacle:
            return obstacle
        params = json.loads(self.check_params)
        with pool_of(self.env) as pool, hosts_of(self.env) as hosts:
            context = ItemContext(self, lambda: pool.snapshot(self.phase_id), hosts)
            measurement, verdict = checks.run(kind, context, params)
        return self._result(measurement, verdict)

    def _obstacle_to_acting(self, kind):
        """The result of an item that must not act now; ``None`` when nothing is in its way."""
        frozen = self._frozen_result()
        if frozen:
            return frozen
        before = self.phase_id.item_ids.filtered(
            lambda item: item.outcome in BLOCKING and item._place() < self._place()
        )
        if kind.needs_decision and not self.release_id.restore_decided_by_id:
            return Result("skipped", summary=_("Nobody decided to restore the database."))
        if kind.changes and not kind.needs_decision and before:
            return Result(
                "inconclusive",
                summary=_("Not done, since %s did not pass.", before[0].display_name),
                hint=_("Settle that item first, then press Retry Failed."),
            )
        return None

    def _place(self):
        return self.sequence, self.id

    def _result(self, measurement, verdict):
        # What is measured comes from anywhere; PostgreSQL's text takes every character but NUL.
        told = without_nul(asdict(verdict))
        if measurement is None:
            return Result(**told)
        return Result(
            **told,
            output=without_nul(measurement.output),
            measurements=without_nul(dict(measurement.values)),
            files=(
                (MEASUREMENT_FILE, measurement.to_json().encode()),
                *self._kind().files(measurement),
            ),
            units=dict(self._kind().units),
            steps=tuple(without_nul(list(self._kind().steps(measurement)))),
        )
