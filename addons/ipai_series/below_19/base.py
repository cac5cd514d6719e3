from odoo import models
from odoo.modules.module import get_manifest

# Fields that 19.0 renamed: its name → the one before. Not ours to translate where the older
# series has the new name too, hence the look at the model's fields.
RENAMED = {"group_ids": "groups_id", "user_ids": "users"}


def is_ours(module):
    """Whether the data files of ``module`` are written as for 19.0: it depends on this addon.

    :param str module: technical name, or None outside the loading of data files.
    """
    return bool(module) and "ipai_series" in get_manifest(module).get("depends", ())


class Base(models.AbstractModel):
    _inherit = "base"

    def _load_records(self, data_list, *args, **kwargs):
        """Translate the records of our data files before they are created or updated.

        Here and not in ``create``: a view gets its type from the root tag of what arrives there.
        """
        if is_ours(self.env.context.get("install_module")):
            data_list = [
                {**data, "values": self._series_values(data["values"])} for data in data_list
            ]
        return super()._load_records(data_list, *args, **kwargs)

    def _series_values(self, values):
        """Return ``values``, written as for 19.0, in the words of the running series.

        :param dict values: of one record of a data file; left as it is.
        """
        return {self._series_field(name): value for name, value in values.items()}

    def _series_field(self, name):
        former = RENAMED.get(name)
        return former if former in self._fields and name not in self._fields else name
