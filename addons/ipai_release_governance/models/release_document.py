import json

from odoo import models

from ..core import vocabulary
from ..core.clock import utc

#: Name and version of the data that ``_document()`` returns. Raise it when a key changes.
SCHEMA = "ipai.release/1"


def person(user):
    """A user by name and login, ``None`` for none."""
    return {"name": user.name, "login": user.login} if user else None


class ReleaseDocument(models.Model):
    """The whole release as data: what the execution log prints, and what travels inside it."""

    _inherit = "ipai.release"

    def _document(self):
        """This release as JSON data, for people and programs that have no Odoo.

        The same release gives the same data: lists are ordered, nothing depends on the reader's
        language or time zone, and rows have no database ids. Times are ISO 8601 in UTC with a
        ``Z``; durations are minutes; sizes are bytes; a missing text is ``""``, a missing time,
        person or number ``null``. A person is ``{"name", "login"}``, a role its technical name.

        Keys of the release:

        - ``schema``: :data:`SCHEMA`
        - ``reference, title, company, state, verdict, end_reason``
        - ``runbook``: ``{name, code, version, verification_hours, sha256, authors}``, as it was
          when the release was planned; ``authors`` wrote, changed or published it
        - ``target``: ``{name, database, base_url, time_zone, archive_location}``
        - ``modules``: ``[{name, version_expected, version_before, version_after}]``
        - ``code``: ``{branch_before, branch_after, commit_before, commit_after}``
        - ``schedule``: ``{window_start, window_end, planned_start, planned_end, created_at,
          started_at, started_by, ended_at, minutes, downtime_seconds, closed_at}``; ``ended_at``
          is the end of the deployment, ``closed_at`` that of the release, ``downtime_seconds``
          ``null`` where nobody measured
        - ``roles``: ``{role: name}`` and ``team``: ``[{role, person}]``
        - ``phases``: ``[{code, name, stage, state, policy, started_at, ended_at, minutes, gate,
          items}]``; ``gate`` is ``{decision, reason, by}``; for ``items`` see
          ``ipai.release.item._document()``
        - ``summary``: ``{minutes, phases, phases_passed, tests, tests_passed, critical_issues,
          issues}``; ``issues`` is a list of sentences
        - ``scores``: ``[{aspect, proposed, score, reason}]``, 1 to 5, 0 where nothing was done
        - ``signoffs``: ``[{role, stage, meaning, state, signer, signed_by, name, on_behalf_of,
          requested_at, signed_at, address, notes, typed_name, drawn, evidence_sha256,
          void_reason}]``; ``name`` is the signer's at the time, ``on_behalf_of`` who delegated it,
          ``address`` where the request came from, ``void_reason`` why an approval holds no more
        - ``incidents``: ``[{item, time, severity, status, description, resolution, approver,
          resolved_at}]``
        - ``retention``: ``{months, until}``, a date ``YYYY-MM-DD``
        - ``journal``: ``{head, length, events}``; ``events`` are what
          :func:`core.journal.broken_links` verifies
        """
        self.ensure_one()
        # The source language: a document must not differ between two readers.
        release = self.with_context(lang=None)
        return {
            "schema": SCHEMA,
            **release._document_plan(),
            "team": [
                {"role": member.role_id.code, "person": person(member.user_id)}
                for member in release._sorted_team()
            ],
            "phases": [release._document_phase(phase) for phase in release.phase_ids],
            "summary": release._document_summary(),
            "scores": [release._document_score(line) for line in release.score_ids],
            "signoffs": [release._document_signoff(row) for row in release.signoff_ids],
            "incidents": [release._document_incident(row) for row in release.incident_ids],
            "retention": {
                "months": release._snapshot().get("retention_months"),
                "until": (release.retention_date and release.retention_date.isoformat()) or None,
            },
            "journal": release._document_journal(),
        }

    def _document_plan(self):
        return {
            "reference": self.name,
            "title": self.title,
            "company": self.company_id.name,
            "state": self.state,
            "verdict": self.verdict or "",
            "end_reason": self.end_reason or "",
            "runbook": self._document_runbook(),
            "target": self._document_target(),
            "modules": [self._document_module(line) for line in self.module_ids],
            "code": {
                name: self[name] or ""
                for name in ("branch_before", "branch_after", "commit_before", "commit_after")
            },
            "schedule": self._document_schedule(),
            "roles": {role.code: role.name for role in self._roles_named()},
        }

    def _document_runbook(self):
        snapshot = self._snapshot()
        return {
            "name": snapshot.get("name", ""),
            "code": snapshot.get("code", ""),
            "version": snapshot.get("version"),
            "verification_hours": snapshot.get("verification_hours"),
            "sha256": self.runbook_digest or "",
            "authors": [person(user) for user in self._authors().sorted("login")],
        }

    def _document_module(self, line):
        return {
            name: line[name] or ""
            for name in ("name", "version_expected", "version_before", "version_after")
        }

    def _document_schedule(self):
        return {
            "window_start": utc(self.window_start),
            "window_end": utc(self.window_end),
            "planned_start": utc(self.planned_start),
            "planned_end": utc(self.planned_end),
            "created_at": utc(self.create_date),
            "started_at": utc(self.actual_start),
            "started_by": person(self.started_by_id),
            "ended_at": utc(self.actual_end),
            "minutes": round(self.actual_minutes, 2),
            "downtime_seconds": round(self.downtime_seconds, 2) if self.has_downtime else None,
            "closed_at": utc(self.closed_at),
        }

    def _roles_named(self):
        """All roles that the document names."""
        return (self.member_ids.role_id | self.item_ids.role_id | self.signoff_ids.role_id).sorted(
            lambda role: (role.sequence, role.code)
        )

    def _sorted_team(self):
        return self.member_ids.sorted(
            lambda member: (member.role_id.sequence, member.role_id.code, member.user_id.login)
        )

    def _document_phase(self, phase):
        return {
            "code": phase.code,
            "name": phase.name,
            "stage": phase.stage,
            "state": phase.state,
            "policy": phase.gate_policy,
            "started_at": utc(phase.date_start),
            "ended_at": utc(phase.date_end),
            "minutes": round(phase.minutes, 2),
            "gate": {
                "decision": phase.gate_decision or "",
                "reason": phase.gate_reason or "",
                "by": person(phase.gate_by_id),
            },
            "items": [item._document() for item in phase.item_ids],
        }

    def _document_summary(self):
        return {
            "minutes": round(self.actual_minutes, 2),
            "phases": self.phase_count,
            "phases_passed": self.passed_phase_count,
            "tests": self.item_count,
            "tests_passed": self.passed_count,
            "critical_issues": self.critical_issue_count,
            "issues": self._issue_lines(),
        }

    def _issue_lines(self):
        """The issues found, one sentence each: items that were not plainly passed, incidents that
        no item tells of, and what people wrote down beside them."""
        outcomes = dict(vocabulary.OUTCOMES)
        items = self._issue_items()
        lines = [
            f"{item.display_name}: {outcomes[item.outcome]}. {item.summary or ''}".strip()
            for item in items
        ]
        lines += [
            incident.description
            for incident in self.incident_ids
            if incident.status != "dismissed" and incident.item_id not in items
        ]
        return lines + (self.issues_note or "").splitlines()

    def _document_score(self, line):
        return {
            "aspect": line.aspect,
            "proposed": line.proposed,
            "score": line.score,
            "reason": line.reason or "",
        }

    def _document_signoff(self, row):
        return {
            "role": row.role_id.code,
            "stage": row.stage,
            "meaning": row.meaning or "",
            "state": row.state,
            "signer": person(row.user_id),
            "signed_by": person(row.signed_by_id),
            "name": row.signed_name or "",
            "on_behalf_of": person(row.on_behalf_of_id),
            "requested_at": utc(row.requested_at),
            "signed_at": utc(row.signed_at),
            "address": row.signed_address or "",
            "notes": row.reason or "",
            "typed_name": row.typed_name or "",
            "drawn": bool(row.signature),
            "evidence_sha256": row.evidence_digest or "",
            "void_reason": row.void_reason or "",
        }

    def _document_incident(self, incident):
        return {
            "item": incident.item_id.code or "",
            "time": utc(incident.time),
            "severity": incident.severity,
            "status": incident.status,
            "description": incident.description,
            "resolution": incident.resolution or "",
            "approver": person(incident.approver_id),
            "resolved_at": utc(incident.resolved_at),
        }

    def _document_journal(self):
        return {
            "head": self.journal_head or "",
            "length": self.journal_length,
            "events": [
                {
                    "release": self.name,
                    "sequence": event.sequence,
                    "kind": event.kind,
                    "actor": event.actor,
                    "time": event.time,
                    "payload": json.loads(event.payload),
                    "previous": event.previous,
                    "hash": event.hash,
                }
                for event in self.event_ids
            ],
        }
