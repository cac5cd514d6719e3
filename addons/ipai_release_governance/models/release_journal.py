from odoo import api, models

#: Where a transaction keeps the changes that no event holds yet: ``{release: (user, rows)}``.
PENDING = "ipai_release.changes"


class ReleaseJournal(models.Model):
    """Changes of the record on their way into the journal, see ``ipai.journaled.mixin``."""

    _inherit = "ipai.release"

    def _journal_release(self):
        return self

    def _pending_rows(self):
        """Changes of this release that no event holds yet, of the present user.

        ``{row: {field: [before, after]}}``, ``{row: None}`` for a deleted row.
        """
        precommit = self.env.cr.precommit
        if PENDING not in precommit.data:
            precommit.data[PENDING] = {}
            precommit.add(self.env(context={})["ipai.release"]._journal_pending)
        pending = precommit.data[PENDING]
        if self.id in pending and pending[self.id][0] != self.env.uid:
            self._journal_pending(self)  # what another user changed is an event of theirs
        return precommit.data[PENDING].setdefault(self.id, (self.env.uid, {}))[1]

    @api.model
    def _journal_pending(self, releases=None):
        """Write an event ``changed`` for what no event took along.

        :param releases: only these; all of the transaction otherwise
        """
        pending = self.env.cr.precommit.data.get(PENDING, {})
        for release_id in list(pending) if releases is None else releases.ids:
            if release_id in pending:
                uid, rows = pending[release_id]
                # sudo: the event is that of whoever changed the row, whatever rights they have.
                release = self.with_user(uid).sudo().browse(release_id)
                if _told(rows):
                    release._log("changed", {})
                pending.pop(release_id, None)
        if releases is None:
            # What later hooks of this commit change needs a hook anew.
            self.env.cr.precommit.data.pop(PENDING, None)

    def _take_pending(self):
        """Changes for the event that is about to be written, by the user who writes it."""
        pending = self.env.cr.precommit.data.get(PENDING, {})
        uid, _rows = pending.get(self.id, (self.env.uid, None))
        if uid != self.env.uid:
            self._journal_pending(self)
        return _told(pending.pop(self.id, (uid, {}))[1])


def _told(rows):
    """Rows without the values that are again what they were."""
    told = {
        key: row and {name: pair for name, pair in sorted(row.items()) if pair[0] != pair[1]}
        for key, row in rows.items()
    }
    return {key: row for key, row in told.items() if row is None or row}
