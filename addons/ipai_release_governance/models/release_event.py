import json

from odoo import api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.http import request

from ..core import journal

#: Characters of a payload that lists show.
SUBJECT = 200
REFUSE = """
    BEGIN
        RAISE EXCEPTION 'The release journal is append-only: % refused', TG_OP;
    END """
#: Made anew at each update, so that they cannot be missing after one.
TRIGGERS = (
    f"""
    CREATE OR REPLACE FUNCTION ipai_release_event_refuse() RETURNS trigger AS $${REFUSE}$$
    LANGUAGE plpgsql
    """,
    "DROP TRIGGER IF EXISTS ipai_release_event_no_change ON ipai_release_event",
    """
    CREATE TRIGGER ipai_release_event_no_change BEFORE UPDATE OR DELETE ON ipai_release_event
    FOR EACH ROW EXECUTE FUNCTION ipai_release_event_refuse()
    """,
    "DROP TRIGGER IF EXISTS ipai_release_event_no_truncate ON ipai_release_event",
    """
    CREATE TRIGGER ipai_release_event_no_truncate BEFORE TRUNCATE ON ipai_release_event
    FOR EACH STATEMENT EXECUTE FUNCTION ipai_release_event_refuse()
    """,
)


class ReleaseEvent(models.Model):
    """One line of a release's journal: append-only and hash-chained.

    Rows are inserted in one SQL statement, since the trigger refuses the UPDATE with which the ORM
    would complete them. See ``core/journal.py`` for the chain.
    """

    _name = "ipai.release.event"
    _description = "Release Journal Event"
    _order = "release_id, sequence"
    _inherit = ["ipai.guarded.mixin"]
    _log_access = False
    _rec_name = "kind"
    _guarded_rows = True

    release_id = fields.Many2one(
        "ipai.release", required=True, ondelete="restrict", readonly=True, index=True
    )
    company_id = fields.Many2one(related="release_id.company_id")
    sequence = fields.Integer(required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True)
    actor_id = fields.Many2one("res.users", string="User", readonly=True)
    actor = fields.Char(string="Login", required=True, readonly=True, help="As it was at the time.")
    time = fields.Char(
        required=True, readonly=True, help="ISO 8601 in UTC, from the database's clock."
    )
    payload = fields.Text(required=True, readonly=True, help="Canonical JSON.")
    subject = fields.Char(compute="_compute_subject", help="The payload without the rows.")
    previous = fields.Char(required=True, readonly=True)
    hash = fields.Char(string="SHA-256", required=True, readonly=True)

    _sequence_unique = Constraint(
        "unique(release_id, sequence)", "Two events have the same place in the journal."
    )

    @api.depends("payload")
    def _compute_subject(self):
        for event in self:
            payload = json.loads(event.payload or "{}")
            rows = payload.pop("rows", {})
            told = ", ".join(f"{name}: {value}" for name, value in payload.items() if value)
            event.subject = (told or ", ".join(sorted(rows)))[:SUBJECT]

    def init(self):
        for statement in TRIGGERS:
            self.env.cr.execute(statement)

    @api.model
    def _append(self, release, kind, payload):
        """Append one event and move the release's journal head.

        The head is written first: of two transactions that append to one release at once,
        PostgreSQL lets one fail to serialize there and Odoo tries it again, so the chain cannot
        fork.

        Changes of rows that no event holds yet go along as ``rows``, see
        ``ipai.journaled.mixin``.

        :param payload: JSON data
        """
        self._claim_head(release)
        release.flush_recordset(["journal_head", "journal_length"])
        rows = release._take_pending()
        actor = self._actor()
        event = {
            "release": release.name,
            "sequence": release.journal_length + 1,
            "kind": kind,
            "actor": actor.login,
            "time": self._database_time(),
            "payload": {
                **payload,
                **({"rows": rows} if rows else {}),
                **({"as": self.env.user.login} if actor != self.env.user else {}),
            },
        }
        previous = release.journal_head or journal.GENESIS
        head = journal.event_hash(previous, event)
        release._store({"journal_head": head, "journal_length": event["sequence"]})
        release.flush_recordset(["journal_head", "journal_length"])
        self._insert_row(release, actor, event, previous, head)
        release.invalidate_recordset(["event_ids"])

    def _claim_head(self, release):
        """Let the transaction that comes second fail here, where Odoo's log calls it no error."""
        self.env.cr.execute(
            "SELECT FROM ipai_release WHERE id = %s FOR NO KEY UPDATE",
            [release.id],
            log_exceptions=False,
        )

    def _actor(self):
        """The user who acts: who logged in, also where code goes on in the name of another."""
        uid = request and request.session.uid
        # sudo: nobody may read all users; only the login is taken.
        return self.env["res.users"].sudo().browse(uid or self.env.uid)

    def _database_time(self):
        """The database's clock, in UTC: the clocks of workers may differ."""
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        return self.env.cr.fetchone()[0].isoformat(timespec="microseconds") + "Z"

    def _insert_row(self, release, actor, event, previous, head):
        self.env.cr.execute(
            "INSERT INTO ipai_release_event (release_id, sequence, kind, actor_id, actor, time, "
            "payload, previous, hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                release.id,
                event["sequence"],
                event["kind"],
                actor.id,
                event["actor"],
                event["time"],
                journal.canonical(event["payload"]),
                previous,
                head,
            ],
        )


class Release(models.Model):
    _inherit = "ipai.release"

    def _log(self, kind, payload):
        """Append an event to the journal of each release."""
        for release in self:
            self.env["ipai.release.event"]._append(release, kind, payload)
