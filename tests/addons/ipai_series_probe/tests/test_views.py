from lxml import etree
from odoo.addons.ipai_series.compat import SERIES
from odoo.tests import TransactionCase
from odoo.tools import config

LIST = "tree" if SERIES == 17 else "list"
CARD = "//t[@t-name='kanban-box']/div" if SERIES == 17 else "//t[@t-name='card']"
VIEWS = ("list", "form", "kanban", "calendar", "graph", "pivot", "activity", "search")


class TestViews(TransactionCase):
    def view(self, name):
        return self.env.ref(f"ipai_series_probe.view_probe_{name}")

    def arch(self, name):
        """Return the combined view as the browser gets it."""
        views = self.env["ipai.series.probe"].get_views([(False, name)])["views"]
        return etree.fromstring(views[name]["arch"])

    def test_types(self):
        for name in VIEWS:
            with self.subTest(view=name):
                expected = LIST if name == "list" else name
                self.assertEqual(self.view(name).type, expected)
        self.assertEqual(self.view("list_inherit").type, LIST)

    def test_actions(self):
        action = self.env.ref("ipai_series_probe.action_probe")
        self.assertEqual(
            [kind for _view, kind in action.views],
            [LIST, "kanban", "form", "calendar", "graph", "pivot", "activity"],
        )
        line = self.env.ref("ipai_series_probe.action_probe_calendar_list")
        self.assertEqual(line.view_mode, LIST)
        self.assertIn((self.view("list").id, LIST), line.act_window_id.views)

    def test_every_view_reaches_the_browser(self):
        kinds = [(False, name) for name in VIEWS]
        views = self.env["ipai.series.probe"].get_views(kinds)["views"]
        self.assertEqual(set(views), set(VIEWS))

    def test_list(self):
        root = self.arch("list")
        self.assertEqual(root.tag, LIST)
        self.assertEqual(root.get("default_order"), "name")
        names = [field.get("name") for field in root.iterchildren("field")]
        self.assertEqual(names[:4], ["name", "color", "amount", "state"])

    def test_form(self):
        root = self.arch("form")
        if SERIES == 17:
            self.assertFalse(root.xpath("//list | //chatter | //t[@t-name='card']"))
        lines = root.xpath("//field[@name='line_ids']")[0]
        self.assertEqual(lines.get("mode"), f"{LIST},kanban")
        embedded = lines.find(LIST)
        names = [node.get("name") for node in embedded.xpath("field | button")]
        self.assertEqual(names, ["id", "name", "done", "action_done"])
        chatter = root.xpath("//div[hasclass('oe_chatter')]" if SERIES == 17 else "//chatter")[0]
        before = chatter.getprevious()
        self.assertEqual(before.get("class"), "o_probe_before_chatter")
        if SERIES == 17:
            names = [field.get("name") for field in chatter]
            self.assertEqual(names, ["message_follower_ids", "activity_ids", "message_ids"])

    def test_kanban(self):
        root = self.arch("kanban")
        card = root.xpath(CARD)[0]
        names = [node.get("name") for node in card.iterchildren("field", "button")]
        self.assertEqual(names, ["name", "amount", "start", "action_done"])
        self.assertEqual(card[-1].get("class"), "o_probe_added")
        menu = "kanban-menu" if SERIES == 17 else "menu"
        self.assertEqual(len(root.xpath(f"//t[@t-name='{menu}']/a")), 2)

    def test_view_reset_to_its_file(self):
        for name in ("list", "form", "kanban", "form_inherit", "list_inherit"):
            with self.subTest(view=name):
                view = self.view(name)
                stored = etree.canonicalize(view.arch_db)
                view.arch_db = view.arch_db.replace("<field ", "<field class='o_changed' ", 1)
                self.assertNotEqual(etree.canonicalize(view.arch_db), stored)
                view.reset_arch("hard")
                self.assertEqual(etree.canonicalize(view.arch_db), stored)

    def test_view_read_from_its_file(self):
        stored = {name: etree.canonicalize(self.view(name).arch) for name in VIEWS}
        self.env.invalidate_all()
        self.patch(config, "options", {**config.options, "dev_mode": ["xml"]})
        for name in VIEWS:
            with self.subTest(view=name):
                self.assertEqual(etree.canonicalize(self.view(name).arch), stored[name])
