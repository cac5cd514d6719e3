from odoo import api, models

from ..compat import SERIES


class ResGroups(models.Model):
    _inherit = "res.groups"

    @api.model
    def _set_application(self, category_xmlid, group_xmlids):
        """Show groups together, under one application, on the form of a user.

        For ``<function>`` in data files, outside ``noupdate``: an update deletes the privilege of
        19.0 unless it is loaded again.

        :param str category_xmlid: external id of the ``ir.module.category`` that names the
            application; its parent, where it has one, is the heading above it.
        :param list group_xmlids: external ids of the application's groups.
        :raises ValueError: an external id does not exist.
        """
        category = self.env.ref(category_xmlid)
        groups = self.browse(self.env.ref(xmlid).id for xmlid in group_xmlids)
        if SERIES < 19:
            groups.category_id = category
        else:
            groups.privilege_id = self._load_privilege(category, f"{category_xmlid}_privilege")

    @api.model
    def _load_privilege(self, category, xmlid):
        """Create or update the privilege of 19.0, owned by the module that the id names."""
        values = {
            "name": category.name,
            "sequence": category.sequence,
            "category_id": (category.parent_id or category).id,
        }
        data = {"xml_id": xmlid, "values": values, "noupdate": False}
        return self.env["res.groups.privilege"]._load_records([data])
