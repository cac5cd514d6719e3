"""Surroundings for tests: the real local ones, with Odoo's facts given by hand."""

from datetime import datetime, timezone

from release_checks.context import ModuleFacts, Window
from release_checks.local import LocalContext

DAY = datetime(2025, 11, 30, tzinfo=timezone.utc)
WINDOW = Window(DAY.replace(hour=18), DAY.replace(hour=19))


class Surroundings(LocalContext):
    """A local context whose modules, baselines, probes and groups are plain dictionaries."""

    def __init__(self, series=19, window=WINDOW, **arguments):
        self.modules = arguments.pop("modules", {})
        self.baselines = arguments.pop("baselines", {})
        self.probes = arguments.pop("probes", ())
        self.groups = arguments.pop("groups", {})
        super().__init__(series, window, **arguments)

    def module(self, name):
        return self.modules.get(name, ModuleFacts(name))

    def baseline(self, item_code):
        return self.baselines.get(item_code)

    def probe(self, params):
        return self.probes

    def group_members(self, xmlid):
        return self.groups.get(xmlid)
