from odoo import models

from ..core.clock import utc
from .release_document import person


class ReleaseItemDocument(models.Model):
    """One item as data; see ``ipai.release._document()`` for the whole."""

    _inherit = "ipai.release.item"

    def _document(self):
        """This item as JSON data, in the conventions of ``ipai.release._document()``.

        - ``code, name, mode, role, severity, aspect, instructions`` (HTML)``, expected``
        - ``outcome, attempt, summary, actual, notes, hint, records`` (a list of lines)
        - ``assigned, tester``: persons
        - ``scheduled_at, started_at, ended_at, minutes``
        - ``waiver``: ``{by, reason, until}`` or ``null``
        - ``steps``: ``[{name, start, end, ok, note}]``, what a machine did one after the other
        - ``measurements``: ``[{name, label, unit, value}]``
        - ``evidence``: ``[{name, attempt, mimetype, size, sha256, file, output, added_by}]``;
          ``file`` says whether it is kept as a file, ``output`` is its text
        - ``sha256``: digest over outcome, measurements and evidence, as signers see it
        """
        self.ensure_one()
        return {
            **self._document_task(),
            **self._document_result(),
            "measurements": [self._document_measurement(line) for line in self.measurement_ids],
            "evidence": [self._document_evidence(row) for row in self.evidence_ids],
            "sha256": self._evidence_digest(),
        }

    def _document_task(self):
        return {
            "code": self.code,
            "name": self.name,
            "mode": self.mode,
            "role": self.role_id.code or "",
            "assigned": person(self.assigned_id),
            "severity": self.severity,
            "aspect": self.aspect or "",
            "instructions": str(self.instructions or ""),
            "expected": self.expected or "",
            "scheduled_at": utc(self.scheduled_at),
        }

    def _document_result(self):
        return {
            "outcome": self.outcome,
            "attempt": self.attempt,
            "summary": self.summary or "",
            "actual": self.actual or "",
            "notes": self.notes or "",
            "hint": self.hint or "",
            "records": (self.records or "").splitlines(),
            "tester": person(self.executed_by_id),
            "started_at": utc(self.date_start),
            "ended_at": utc(self.date_end),
            "minutes": round(self.minutes, 2),
            "waiver": self._document_waiver(),
            "steps": self._steps(),
        }

    def _document_waiver(self):
        if not self.waived_by_id:
            return None
        return {
            "by": person(self.waived_by_id),
            "reason": self.waived_reason or "",
            "until": (self.waived_until and self.waived_until.isoformat()) or None,
        }

    def _document_measurement(self, line):
        return {
            "name": line.name,
            "label": line.label,
            "unit": line.unit or "",
            "value": line.value or "",
        }

    def _document_evidence(self, row):
        return {
            "name": row.name,
            "attempt": row.attempt,
            "mimetype": row.mimetype or "",
            "size": row.size,
            "sha256": row.sha256,
            "file": bool(row.attachment_id),
            "output": row.output or "",
            "added_by": person(row.added_by_id),
        }
