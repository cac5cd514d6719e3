from pathlib import Path

from lxml import etree
from odoo.modules.module import get_manifest
from odoo.tests import BaseCase

ADDONS = Path(__file__).parents[2]

# XPath of what runs on 19.0 and fails, or quietly does nothing, on an older series → what to do.
TRAPS = {
    "//record[not(@id)]": "give the record an external id: without one it is not translated",
    "//chatter[@*[name() != 'position']]": "leave the chatter bare: 17.0 has no such attributes",
    "//*[@t-name='card' or @t-name='menu'][@position]": "use an xpath as the locator",
    "//*[@widget='kanban_color_picker']": "show the colours another way: 17.0 lacks this widget",
    "//calendar[@show_date_picker]": "leave it out: 17.0 refuses it",
    "//list/header/button[@data-hotkey]": "leave the hotkey out: 17.0 refuses it",
    "//search//group[@expand or @string]": "write a bare <group>: 19.0 refuses the attributes",
    "//record[@model='ir.actions.act_window']/field[@name='target'][text()='inline']": (
        "use another target: 19.0 has no inline"
    ),
    "//field[@name='view_ids'][@eval]": "write records of ir.actions.act_window.view",
    "//*[contains(@context, 'list_view_ref') or contains(@context, 'tree_view_ref')]": (
        "name the view in the action: the key differs between the series"
    ),
    # Spellings of an older series: they are not translated upwards.
    "//tree | //*[@t-name='kanban-box'] | //*[@t-name='kanban-menu'] | //kanban//field[@bold]": (
        "write the element of 19.0"
    ),
    "//record/field[@name='groups_id' or @name='numbercall' or @name='doall']": (
        "write the field of 19.0"
    ),
}


def faults(tree):
    """Return ``(line, remedy)`` of each construct that does not run on every series."""
    return [
        (node.sourceline, remedy) for path, remedy in TRAPS.items() for node in tree.xpath(path)
    ]


class TestSources(BaseCase):
    """Read the data files of the suite: a mistake shows on any series, not only on the oldest."""

    def _addons(self):
        return [manifest.parent for manifest in ADDONS.glob("*/__manifest__.py")]

    def test_every_addon_is_translated(self):
        """An addon is recognised by its dependency; one that forgets it fails on 17.0 only."""
        for addon in self._addons():
            if addon.name != "ipai_series":
                self.assertIn("ipai_series", get_manifest(addon.name)["depends"], addon.name)

    def test_no_description_in_another_language(self):
        """Odoo reads README.md as reStructuredText, with warnings at installation."""
        self.assertEqual([str(path) for path in ADDONS.glob("*/README.md")], [])

    def test_data_files_run_on_every_series(self):
        found = []
        for addon in self._addons():
            for name in get_manifest(addon.name).get("data", ()):
                if name.endswith(".xml"):
                    tree = etree.parse(str(addon / name))
                    found += [f"{addon.name}/{name}:{line}: {fix}" for line, fix in faults(tree)]
        self.assertFalse(found, "\n".join(found))

    def test_traps_are_noticed(self):
        tree = etree.fromstring(
            "<odoo><record model='ir.ui.view'><field name='arch'>"
            "<form><chatter reload_on_post='True'/></form></field></record>"
            "<record id='a' model='res.users'><field name='groups_id'/></record></odoo>"
        )
        self.assertEqual(len(faults(tree)), 3)
        tree = etree.fromstring(
            "<odoo><record id='a' model='ir.ui.view'><field name='group_ids'/>"
            "<field name='arch'><data><chatter position='before'/></data></field></record></odoo>"
        )
        self.assertEqual(faults(tree), [])
