from odoo import models
from odoo.tools import config

from ..below_19.base import is_ours
from .arch import CHATTER_FIELDS, translate_arch


class IrUiView(models.Model):
    _inherit = "ir.ui.view"

    def _series_values(self, values):
        values = super()._series_values(values)
        if values.get("arch") and values.get("type") != "qweb":
            values["arch"] = self._series_arch(values["arch"], values.get("model"))
        return values

    def _series_arch(self, arch, model):
        known = self.env[model]._fields if model in self.env else CHATTER_FIELDS
        return translate_arch(arch, known)

    def _compute_arch(self):
        """Translate also what is read from the file: ``--dev=xml``, and a view that is reset."""
        super()._compute_arch()
        if self.env.context.get("read_arch_from_file") or "xml" in config["dev_mode"]:
            for view in self.filtered(lambda view: view.arch and view.type != "qweb"):
                if is_ours((view.xml_id or view.key or "").partition(".")[0]):
                    view.arch = view._series_arch(view.arch, view.model)
