from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestScreens(HttpCase):
    browser_size = "1366,768"

    def test_views_work_in_the_browser(self):
        """On 17.0 much of what is not translated loads without an error and shows nothing."""
        probe = self.env["ipai.series.probe"].create(
            {"name": "Alpha", "amount": 3, "color": 4, "line_ids": [(0, 0, {"name": "First"})]}
        )
        action = self.env.ref("ipai_series_probe.action_probe")
        self.start_tour(f"/web#action={action.id}", "ipai_series_probe", login="admin")
        self.assertTrue(probe.line_ids.done)
