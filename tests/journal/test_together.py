"""Fifty connections write to one release: one chain, and no event lost."""

import json
from collections import Counter

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

from tools.bench import together


def test_fifty_writers_leave_one_chain():
    registry = Registry(get_db_name())
    with registry.cursor() as cr:
        release_id = together.plan(api.Environment(cr, SUPERUSER_ID, {})).id
    together.write(registry, release_id)
    with registry.cursor() as cr:
        release = api.Environment(cr, SUPERUSER_ID, {})["ipai.release"].browse(release_id)
        assert release._findings() == []
        notes = release.event_ids.filtered(lambda event: event.kind == "note")
        names = Counter(json.loads(event.payload)["name"] for event in notes)
        sequences = release.event_ids.mapped("sequence")
    expected = {
        f"{number}/{place}" for number in range(together.THREADS) for place in range(together.EACH)
    }
    assert (set(names), set(names.values())) == (expected, {1})
    assert sequences == list(range(1, len(sequences) + 1))
