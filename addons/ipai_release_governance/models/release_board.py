from odoo import api, fields, models

from ..core.vocabulary import RELEASE_STATES

#: Columns that appear only when a release is in them.
EXCEPTIONS = frozenset({"aborted", "rolled_back"})


class ReleaseBoard(models.Model):
    """The board of releases: a column for each state, in the order they follow one another."""

    _inherit = "ipai.release"

    state = fields.Selection(group_expand="_expand_states")

    @api.model
    def _expand_states(self, states, _domain, _order=None):
        """The columns of the board. ``_order`` is passed on 17.0 only."""
        return [
            state for state, _label in RELEASE_STATES if state not in EXCEPTIONS or state in states
        ]
