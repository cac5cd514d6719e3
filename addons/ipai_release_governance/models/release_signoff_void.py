import json
from datetime import timedelta

from odoo import _, models


class ReleaseSignoffVoid(models.Model):
    """A signature holds for the evidence it saw, and no longer than the runbook says."""

    _inherit = "ipai.release.signoff"

    def _void(self, reason):
        """Declare an approval void, tell who gave it, and ask again where it is still needed."""
        self.ensure_one()
        self._set("signoff_void", {"state": "void", "void_reason": reason})
        if self.release_id._asks_for(self.stage):
            self._ask_again()
        else:
            self.release_id._schedule_activity(
                self.signed_by_id, _("Your sign-off of %s is void", self.display_name), reason
            )

    def _renewed_values(self):
        values = super()._renewed_values()
        team = self.release_id._users_of_role(self.role_id)
        if self.signed_by_id in team:
            values["user_id"] = self.signed_by_id.id
        return values

    def _changed_text(self):
        """Which items are no longer what this signature saw, as a sentence."""
        seen = json.loads(self.evidence_seen or "{}")
        now = self.release_id._evidence_by_item(self.stage)
        changed = self.release_id._evidence_items(self.stage).filtered(
            lambda item: seen.get(item.code) != now[item.code]
        )
        names = [f"{item.display_name} ({item._outcome_label()})" for item in changed]
        names += sorted(seen.keys() - now.keys())
        return _("The evidence changed after it was signed: %s.", ", ".join(names))

    def _is_expired(self):
        self.ensure_one()
        age = self.release_id._database_now() - self.signed_at
        return bool(self.valid_days) and age > timedelta(days=self.valid_days)


class Release(models.Model):
    _inherit = "ipai.release"

    def _log(self, kind, payload):
        """Every change of the record comes through here: what it makes of signatures shows at
        once, in the same transaction."""
        super()._log(kind, payload)
        # A signature is no evidence; without this, voiding one would look at all others again.
        if not kind.startswith("signoff_"):
            self._void_outdated()

    def _void_outdated(self):
        """Void approvals whose evidence is no longer what they saw. Final when a release ended."""
        for release in self.filtered(lambda row: not row._is_ended()):
            approved = release.signoff_ids.filtered(lambda row: row.state == "approved")
            for stage in sorted(set(approved.mapped("stage"))):
                digest = release._evidence_digest(stage)
                for signoff in approved.filtered(lambda row, stage=stage: row.stage == stage):
                    if signoff.evidence_digest != digest:
                        signoff._void(signoff._changed_text())

    def _void_expired(self):
        """Void approvals of the present stage that are too old for it to go on."""
        for release in self:
            stage = release._current_stage()
            for signoff in release._signoffs_of(stage) if release._asks_for(stage) else ():
                if signoff.state == "approved" and signoff._is_expired():
                    signoff._void(_("It was valid for %s days.", signoff.valid_days))
