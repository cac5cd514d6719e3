import re

from odoo import _, api, fields, models
from odoo.addons.ipai_release_governance.core.journal import GENESIS, digest
from odoo.exceptions import UserError

#: What a host takes no key or release with.
NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9._:/-]")
#: Characters of the database's own id that tell two databases apart.
UUID_SHOWN = 8
#: The verb that costs a host least: asked for only to hear whether something was forgotten.
CHEAPEST = "disk"


class ReleaseHost(models.Model):
    """What a release and its host tell each other beside the verbs: anchors and records."""

    _inherit = "ipai.release"

    host_away_since = fields.Datetime(
        readonly=True, copy=False, help="The host cannot be reached since then."
    )

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"host_away_since"}

    @api.model
    def _get_unjournaled_fields(self):
        """Whether the host answers right now is no part of the record."""
        return super()._get_unjournaled_fields() | {"host_away_since"}

    def _host_reference(self):
        """The reference as hosts know it; two databases on one host do not share it."""
        self.ensure_one()
        # sudo: the database's id is a setting; only its beginning leaves Odoo.
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid", "")
        return NOT_IN_KEYS.sub("-", f"{uuid[:UUID_SHOWN]}/{self.name}")

    def _host_anchor(self):
        """Length and head of the journal, which the host writes into its own."""
        return {
            "release": self._host_reference(),
            "length": self.journal_length,
            "head": self.journal_head or GENESIS,
        }

    def _send_record(self, client):
        """Have the host keep this release's record, and return its answer."""
        params = {"release": self._host_reference(), "record": self._export_record()}
        key = f"{self._host_reference()}/record/{digest(params)[:32]}"
        return client.call("keep_record", params, key, self._host_anchor())

    def _anchor_values(self, journal):
        """Values of the anchor: the host wrote the head that it was sent into its own journal."""
        where = _(
            "%(target)s, up to its event %(number)s",
            target=self.target_id.name,
            number=journal["sequence"],
        )
        return {
            "reference": where,
            "sequence": self.journal_length,
            "head": self.journal_head,
        }

    def _host_is_away_for_good(self, patience):
        since = self.host_away_since
        return bool(since) and fields.Datetime.now() - since > patience

    # -- after a restore ---------------------------------------------------------------------

    def _recall(self, pool):
        """Ask the host whether this database has forgotten anything, and take it back.

        Nothing may be written into the journal before: it would go on from the wrong event.

        :raises CheckError: the host cannot be asked
        """
        self.ensure_one()
        client = pool.client(self.target_id)
        answer = client.call(CHEAPEST, {}, anchor=self._host_anchor())
        if answer.forgotten:
            reference = {"release": self._host_reference()}
            answer = client.call("record", reference, anchor=self._host_anchor())
            self._take_back(answer.result.get("record"), pool)
        pool.recalled.add(self.id)

    def _take_back(self, record, pool):
        try:
            with self.env.cr.savepoint():
                self._replay(record or {}, self._backup_in(record or {}))
        except UserError as problem:
            self.env.invalidate_all()
            pool.refused.add(self.id)
            self._report_trouble(str(problem), "critical")

    def _backup_in(self, record):
        """Name of the backup that this release made, as its record tells it."""
        rows = record.get("tables", {}).get("ipai_release_measurement", [])
        names = [row["value"] for row in rows if row["name"] == "backup" and row["value"]]
        return names[-1] if names else _("a backup")


class ReleaseItem(models.Model):
    _inherit = "ipai.release.item"

    def _host_key(self):
        """What makes asking the host again for this attempt safe."""
        self.ensure_one()
        own = NOT_IN_KEYS.sub("-", f"{self.code}/{self.attempt + 1}")
        return f"{self.release_id._host_reference()}/{own}"
