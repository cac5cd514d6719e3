from odoo import _, api, fields, models
from odoo.addons.ipai_series.compat import Constraint
from odoo.exceptions import UserError

from ..core import vocabulary
from ..guard import is_setter


class ReleaseScore(models.Model):
    """The quality score of one aspect: proposed from the outcomes, changed only with a reason."""

    _name = "ipai.release.score"
    _description = "Release Quality Score"
    _inherit = ["ipai.release.part.mixin"]
    _order = "release_id, sequence, id"
    _open_fields = frozenset({"score", "reason"})

    aspect = fields.Selection(
        [*vocabulary.ASPECTS, vocabulary.OVERALL], required=True, readonly=True
    )
    sequence = fields.Integer(readonly=True)
    proposed = fields.Integer(readonly=True, help="1 to 5; 0 while nothing of it was worked off.")
    score = fields.Integer(string="Score (1-5)")
    reason = fields.Char(string="Notes")

    _aspect_unique = Constraint("unique(release_id, aspect)", "This aspect has a score already.")
    _score_range = Constraint("check(score between 0 and 5)", "A score lies between 1 and 5.")

    def write(self, vals):
        if is_setter(self.env):
            return super().write(vals)
        self._refuse_signed()
        result = super().write(vals)
        for line in self:
            if line.score != line.proposed and not line.reason:
                raise UserError(
                    _(
                        "Notes of %s: say why the score is not the proposed one.",
                        line._aspect_label(),
                    )
                )
            line.release_id._log(
                "score",
                {
                    "aspect": line.aspect,
                    "proposed": line.proposed,
                    "score": line.score,
                    "reason": line.reason or "",
                },
            )
        return result

    def _refuse_signed(self):
        if self.release_id.filtered(lambda release: release._is_ended()):
            raise UserError(_("The release has ended: its scores are final."))

    def _aspect_label(self):
        return dict(self._fields["aspect"]._description_selection(self.env))[self.aspect]

    @api.model
    def _propose(self, release, proposals):
        """Write the proposals; a score that a person changed stays.

        :param proposals: ``{aspect: 1 to 5 or None}``
        """
        lines = {line.aspect: line for line in release.score_ids}
        for sequence, (aspect, proposed) in enumerate(proposals.items()):
            line = lines.get(aspect)
            if not line:
                line = self._insert(
                    [{"release_id": release.id, "aspect": aspect, "sequence": sequence}]
                )
            values = {"proposed": proposed or 0}
            if line.score == line.proposed:
                values["score"] = proposed or 0
            line._store(values)
