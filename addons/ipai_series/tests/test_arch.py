import importlib.util
from pathlib import Path

from lxml import etree
from odoo.tests import BaseCase

# By path: importing the package would register the models of 17.0 on every series.
_PATH = Path(__file__).parents[1] / "below_18" / "arch.py"
_SPEC = importlib.util.spec_from_file_location("ipai_series_arch_under_test", _PATH)
arch = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(arch)


def translated(xml, model_fields=arch.CHATTER_FIELDS):
    return etree.fromstring(arch.translate_arch(xml, model_fields))


class TestArch(BaseCase):
    def test_list_root_and_embedded(self):
        root = translated("<list><field name='ids' mode='list,kanban'><list/></field></list>")
        self.assertEqual(root.tag, "tree")
        self.assertEqual(root[0].get("mode"), "tree,kanban")
        self.assertEqual(root[0][0].tag, "tree")

    def test_locator_of_an_inheriting_view(self):
        root = translated("<list position='inside'><field name='a'/></list>")
        self.assertEqual((root.tag, root.get("position")), ("tree", "inside"))

    def test_xpath_steps(self):
        cases = {
            "//list": "//tree",
            "//list[1]/field[@name='list']": "//tree[1]/field[@name='list']",
            "//field[@name='x']/list//button": "//field[@name='x']/tree//button",
            "ancestor::list": "ancestor::tree",
            "//field[@list]": "//field[@list]",
            "//listing | //price_list | //list-x": "//listing | //price_list | //list-x",
            "//t[@t-name='card']": "//t[@t-name='kanban-box']/div",
            '//t[@t-name="card"]/field': "//t[@t-name='kanban-box']/div/field",
            "//t[@t-name='menu']/a": "//t[@t-name='kanban-menu']/a",
            "//chatter": "//div[hasclass('oe_chatter')]",
        }
        for expr, expected in cases.items():
            with self.subTest(expr=expr):
                root = translated(_xpath(expr))
                self.assertEqual(root[0].get("expr"), expected)

    def test_chatter_shows_the_fields_of_the_model(self):
        root = translated(
            "<form><chatter/></form>", {"message_ids", "message_follower_ids", "name"}
        )
        self.assertEqual((root[0].tag, root[0].get("class")), ("div", "oe_chatter"))
        names = [field.get("name") for field in root[0]]
        self.assertEqual(names, ["message_follower_ids", "message_ids"])

    def test_chatter_as_a_locator(self):
        root = translated("<data><chatter position='before'><p/></chatter></data>")
        self.assertEqual(root[0].tag, "xpath")
        self.assertEqual(root[0].get("expr"), "//div[hasclass('oe_chatter')]")
        self.assertEqual(root[0].get("position"), "before")
        self.assertEqual([child.tag for child in root[0]], ["p"])

    def test_card_gets_the_one_clickable_element(self):
        root = translated(
            "<kanban highlight_color='color'><templates>"
            "<t t-name='card' class='gap-1'>One <field name='a'/> two</t>"
            "</templates></kanban>"
        )
        box = root.find(".//t")
        self.assertEqual(dict(box.attrib), {"t-name": "kanban-box"})
        self.assertEqual(len(box), 1)
        card = box[0]
        self.assertEqual(card.get("class"), "d-flex flex-column oe_kanban_global_click gap-1")
        self.assertEqual(card.get("color"), "color")
        self.assertEqual("".join(card.itertext()), "One  two")
        self.assertIsNone(box.text)

    def test_card_that_must_not_open(self):
        root = translated(
            "<kanban can_open='0'><templates>"
            "<t t-name='card' class='flex-row'/>"
            "</templates></kanban>"
        )
        self.assertEqual(root.find(".//t/div").get("class"), "d-flex flex-row")

    def test_menu(self):
        root = translated("<kanban><templates><t t-name='menu'><a/></t></templates></kanban>")
        self.assertEqual(root.find(".//t").get("t-name"), "kanban-menu")
        self.assertEqual(root.find(".//t")[0].tag, "a")

    def test_what_is_translated_stays(self):
        xml = (
            "<kanban><templates><t t-name='card'><field name='a'/></t></templates>"
            "<field name='ids' mode='list'><list/></field><chatter/></kanban>"
        )
        once = arch.translate_arch(xml, arch.CHATTER_FIELDS)
        self.assertEqual(arch.translate_arch(once, arch.CHATTER_FIELDS), once)

    def test_comments_and_text_stay(self):
        root = translated("<form><!-- a list --><p>The list</p></form>")
        self.assertEqual(root[0].text, " a list ")
        self.assertEqual(root[1].text, "The list")

    def test_view_modes(self):
        self.assertEqual(arch.translate_view_modes("kanban,list,form"), "kanban,tree,form")

    def test_malformed(self):
        with self.assertRaises(etree.XMLSyntaxError):
            arch.translate_arch("<list>", ())


def _xpath(expr):
    data = etree.Element("data")
    etree.SubElement(data, "xpath", expr=expr, position="after")
    return etree.tostring(data, encoding="unicode")
