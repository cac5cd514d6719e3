from odoo import api, models

from .release_event import REFUSE

#: The triggers as PostgreSQL keeps them: ``{name: (type, function)}``; the bits of the type are in
#: PostgreSQL's catalog/pg_trigger.h: row 1, before 2, delete 8, update 16, truncate 32.
EXPECTED = {
    "ipai_release_event_no_change": (1 + 2 + 8 + 16, "ipai_release_event_refuse"),
    "ipai_release_event_no_truncate": (2 + 32, "ipai_release_event_refuse"),
}
#: Enabled always, or for everybody but a replica.
ENABLED = frozenset("OA")
FOUND = """
SELECT trigger.tgname, trigger.tgtype, function.proname, trigger.tgenabled, function.prosrc,
       trigger.tgqual IS NULL AND cardinality(trigger.tgattr::smallint[]) = 0
  FROM pg_trigger trigger
  JOIN pg_proc function ON function.oid = trigger.tgfoid
 WHERE trigger.tgrelid = 'ipai_release_event'::regclass AND NOT trigger.tgisinternal
"""


class ReleaseEventGuard(models.Model):
    """Whether PostgreSQL still refuses to change the journal."""

    _inherit = "ipai.release.event"

    @api.model
    def _trigger_findings(self):
        """What is wrong with the triggers, as ``(where, what)``."""
        self.env.cr.execute(FOUND)
        found = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        findings = []
        for name, expected in EXPECTED.items():
            problem = self._trigger_problem(found.get(name), expected)
            if problem:
                findings.append((f"trigger {name}", problem))
        self.env.cr.execute("SHOW session_replication_role")
        if self.env.cr.fetchone()[0] == "replica":
            findings.append(("PostgreSQL", "this session runs as a replica, without triggers"))
        return findings

    @api.model
    def _trigger_problem(self, found, expected):
        if not found:
            return "is missing: the journal could be changed. Update the addon to make it anew"
        kind, function, enabled, source, whole = found
        if enabled not in ENABLED:
            return "is disabled: the journal could be changed"
        if (kind, function) != expected or not whole or source != REFUSE:
            return "was changed: it does not refuse what it has to"
        return ""
