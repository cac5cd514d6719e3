from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import GROUPS
from odoo.exceptions import AccessError, UserError
from psycopg2 import DatabaseError, IntegrityError, OperationalError

from ..bundle import verify_bundle
from ..core import journal
from .release import minutes_between

VERIFIERS = (
    "ipai_release_governance.group_release_auditor",
    "ipai_release_governance.group_release_manager",
)
AUDITOR = "ipai_release_governance.group_release_auditor"
#: What reading a record may end with that was written past the suite, or has lost its files.
UNREADABLE = (UserError, ValueError, LookupError, TypeError, OSError, DatabaseError)
#: Events read at once.
BATCH = 5000
#: Findings kept on the form, and in the event.
KEPT, TOLD = 100, 10
#: Minutes that rounding may add to a duration.
MINUTES_CLOSE = 0.001
EVENTS = """
SELECT sequence, kind, actor, time, payload, previous, hash
  FROM ipai_release_event
 WHERE release_id = %s AND sequence > %s
 ORDER BY sequence
 LIMIT %s
"""


class ReleaseVerify(models.Model):
    """Whether the record of a release is what its journal tells, and the journal what was written.

    The same functions verify a downloaded bundle, see ``bundle/verify_bundle.py``. Here the
    triggers in PostgreSQL and the files of the filestore come in addition.
    """

    _inherit = "ipai.release"

    verified_at = fields.Datetime(string="Last Verified", readonly=True, copy=False)
    verified_result = fields.Selection(
        [("passed", "Verified"), ("failed", "Findings")],
        string="Verification",
        readonly=True,
        copy=False,
        tracking=True,
    )
    verified_findings = fields.Text(
        string="Findings", readonly=True, copy=False, help="What does not fit, one line each."
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {
            "verified_at",
            "verified_result",
            "verified_findings",
        }

    def action_verify(self):
        """Verify these releases now, and keep the result."""
        if not any(self.env.user.has_group(group) for group in VERIFIERS):
            raise AccessError(_("Only auditors and runbook managers verify the record."))
        for release in self:
            release._verify()

    def _verify(self):
        """Verify this release: an event, fields of the form, and word to the auditors.

        :return: the findings, one line each
        """
        findings = self._findings_to_the_end()
        self._keep_verification(findings)
        if findings:
            self._tell_auditors(findings)
        return findings

    def _findings_to_the_end(self):
        """What does not fit. A record that cannot be read to its end does not fit either."""
        try:
            with self.env.cr.savepoint():
                return self._findings()
        except OperationalError:
            # Somebody writes to it at this moment: that says nothing about the record.
            raise
        except UNREADABLE as problem:
            return [f"release: cannot be read to its end: {type(problem).__name__}: {problem}"]

    def _keep_verification(self, findings):
        values = {
            "verified_at": fields.Datetime.now(),
            "verified_result": "failed" if findings else "passed",
            "verified_findings": "\n".join(findings[:KEPT]) or False,
        }
        told = {
            "result": values["verified_result"],
            "count": len(findings),
            "findings": findings[:TOLD],
        }
        try:
            with self.env.cr.savepoint():
                self._store(values)
                self._log("verified", told)
        except IntegrityError:
            # The journal is broken so that no event can follow: only the form can say so.
            self._keep_unlogged(values)

    def _keep_unlogged(self, values):
        self.env.cr.execute(
            "UPDATE ipai_release SET verified_at = %s, verified_result = %s, "
            "verified_findings = %s WHERE id = %s",
            [*values.values(), self.id],
        )
        self.invalidate_recordset(list(values))

    def _tell_auditors(self, findings):
        """Ask each auditor of the company to look, once as long as they have not."""
        summary = _("The record of %s does not verify", self.name)
        asked = self.sudo().activity_ids.filtered(lambda row: row.summary == summary).user_id
        for user in self._auditors() - asked:
            self._schedule_activity(user, summary, "<br/>".join(findings[:TOLD]))

    def _auditors(self):
        # sudo: who the auditors are is asked by whoever runs the verification.
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    (GROUPS, "in", self.env.ref(AUDITOR).ids),
                    ("company_ids", "in", self.company_id.ids),
                ]
            )
        )

    # -- what is looked at -------------------------------------------------------------------

    def _findings(self):
        """Everything that does not fit, one line each. Extend it."""
        self.ensure_one()
        self._journal_pending(self)
        self.env.flush_all()
        self.env.invalidate_all()
        findings = []

        def note(where, what):
            findings.append(f"{where}: {what}")

        # sudo: the record is verified whole, whatever the auditor may read of it.
        release = self.sudo().with_context(lang=None, active_test=False)
        for where, what in release.env["ipai.release.event"]._trigger_findings():
            note(where, what)
        chain = release._verify_chain(note)
        record = release._record_rows()
        verify_bundle.compare(chain.rows, record, note)
        verify_bundle.check_signoffs(chain, record, note)
        verify_bundle.check_runbook((release.runbook_snapshot or "").encode(), record, note)
        release._verify_derived(note)
        release._verify_actors(note)
        release._verify_files(chain, note)
        return findings

    def _verify_chain(self, note):
        chain = verify_bundle.Journal(note, self._known_heads())
        chain.read(self._journal_lines(), self.name)
        chain.check_end(self.journal_head, self.journal_length, "release")
        chain.check_heads()
        return chain

    def _known_heads(self):
        """Heads of this journal that are known elsewhere: ``{head: where}``. Extend it."""
        return {}

    def _journal_lines(self):
        """The journal as lines of ``journal.jsonl``, never in memory as a whole."""
        last = 0
        while True:
            self.env.cr.execute(EVENTS, [self.id, last, BATCH])
            rows = self.env.cr.fetchall()
            for row in rows:
                yield self._journal_line(*row)
            if len(rows) < BATCH:
                return
            last = rows[-1][0]

    def _journal_line(self, sequence, kind, actor, time, payload, previous, own):
        # The payload as it is stored: an event is hashed as it stands.
        text = journal.canonical
        body = (
            f'{{"actor":{text(actor)},"kind":{text(kind)},"payload":{payload},'
            f'"release":{text(self.name)},"sequence":{sequence},"time":{text(time)}}}'
        )
        return verify_bundle.journal_line(body.encode(), previous, own)

    @api.model
    def _journaled_models(self):
        """Models whose rows are in the journal."""
        names = self.env.registry.descendants(["ipai.journaled.mixin"], "_inherit")
        return [self.env[name] for name in sorted(names) if not self.env[name]._abstract]

    def _journaled_rows(self):
        """All rows of this release, one recordset a model."""
        for model in self._journaled_models():
            column = "id" if model._name == self._name else "release_id"
            yield (
                model.sudo()
                .with_context(active_test=False, lang=None)
                .search([(column, "=", self.id)], order="id")
            )

    def _record_rows(self):
        """The record as it is, in the form in which the journal tells it."""
        return {
            row._journal_key(): row._journal_values()
            for rows in self._journaled_rows()
            for row in rows
        }

    def _note_reseated(self):
        """Have the next event tell what taking a record back cannot keep.

        After a restore rows may have new ids, and references to what the database does not have
        are empty. Other values that the journal does not tell stay findings.
        """
        chain, record, rows = self._verify_chain(_ignore), self._record_rows(), self._pending_rows()
        for key in chain.rows.keys() | record.keys():
            told, found = chain.rows.get(key), record.get(key)
            if found is None:
                rows[key] = None
                continue
            changes = {
                name: [(told or {}).get(name), found.get(name)]
                for name in (told or {}).keys() | found.keys()
                if told is None or _is_reference(told.get(name), found.get(name))
            }
            rows[key] = {
                name: pair for name, pair in changes.items() if not verify_bundle.same(*pair)
            }

    def _verify_derived(self, note):
        """Stored copies of other fields say what those say; the journal leaves them out."""
        for rows in self._journaled_rows():
            related = [field for field in rows._fields.values() if field.store and field.related]
            for row in rows:
                for field in related:
                    if row[field.name] != row._source_value(field.related):
                        note(row._journal_key(), f"{field.name} is not that of its source")
        minutes = minutes_between(self.actual_start, self.actual_end)
        if abs(self.actual_minutes - minutes) > MINUTES_CLOSE:
            note("release", f"lasted {minutes} minutes, and says {self.actual_minutes}")

    def _verify_actors(self, note):
        """Events lead to the user whose login they name."""
        logins = {}
        for event in self.event_ids:
            logins.setdefault((event.actor, event.actor_id), event)
        users = self.env["res.users"].search([("login", "in", [actor for actor, _user in logins])])
        named = {user.login: user for user in users}
        for (actor, user), event in logins.items():
            if named.get(actor, user) != user:
                note(f"event {event.sequence}", f"leads to another user than {actor}")

    # -- files -------------------------------------------------------------------------------

    def _verify_files(self, chain, note):
        """Evidence and the printed log are the bytes whose SHA-256 the journal holds."""
        for evidence in self.item_ids.evidence_ids:
            evidence._verify_bytes(note)
        log = self.execution_log_id
        if log:
            own = log._read_digest()
            if own not in chain.printed:
                note(log.name, log._missing_or("is not the log whose SHA-256 is in the journal"))
            if (log.res_model, log.res_id) != (self._name, self.id):
                note(log.name, "is attached to something else than its release")


def _ignore(_where, _what):
    """A finding that is told another time."""


def _is_reference(*values):
    return any(isinstance(value, dict | list) for value in values)


class ReleaseEvidence(models.Model):
    _inherit = "ipai.release.evidence"

    def _verify_bytes(self, note):
        name = f"evidence {self.name} of item {self.item_id.code}"
        if self.output and journal.digest_bytes(self.output.encode()) != self.sha256:
            note(name, "its text is not the one whose SHA-256 is in the journal")
        if self.attachment_id:
            self.attachment_id._verify_evidence(self, name, note)


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _verify_evidence(self, evidence, name, note):
        if self._read_digest() != evidence.sha256:
            note(name, self._missing_or("its file is not the one whose SHA-256 is in the journal"))
        if (self.res_model, self.res_id) != (evidence.item_id._name, evidence.item_id.id):
            note(name, "its file is attached to something else than its item")
        if (self.name, self.mimetype) != (evidence.name, evidence.mimetype):
            note(name, f"its file is called {self.name} and is {self.mimetype}")

    def _read_digest(self):
        """SHA-256 of the bytes as they are stored now."""
        content = self.raw or b""
        self.invalidate_recordset(["raw"])
        return journal.digest_bytes(content)

    def _missing_or(self, finding):
        return finding if self.raw else "its file is empty, or missing in the filestore"
