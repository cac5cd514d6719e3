"""The weekly verification commits release by release, and goes on in another turn."""

from unittest.mock import patch

import pytest
from odoo import SUPERUSER_ID, api
from odoo.addons.ipai_release_governance.models import release_verify_cron
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

from tools.bench import together

COUNT = 3


@pytest.fixture
def registry():
    return Registry(get_db_name())


@pytest.fixture
def ended(registry):
    """Numbers of releases that ended and were not verified yet."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        first = together.plan(env(user=env.ref("base.user_admin")))
        releases = first + first.copy() + first.copy()
        releases.action_abort("Not needed any more")
        return releases.ids


def verified(registry, ids):
    with registry.cursor() as cr:
        cr.execute("SELECT count(verified_at) FROM ipai_release WHERE id = ANY(%s)", [ids])
        return cr.fetchone()[0]


def run(registry):
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["ipai.release"]._cron_verify()
        cr.rollback()


def test_all_that_is_due_is_verified_and_committed(registry, ended):
    run(registry)
    assert verified(registry, ended) == COUNT


def test_one_that_cannot_be_read_stops_none_of_the_others(registry, ended):
    model = registry["ipai.release"]
    findings = model._findings

    def unreadable(release):
        if release.id == min(ended):
            raise ValueError("not base64")
        return findings(release)

    with patch.object(model, "_findings", unreadable):
        run(registry)
    assert verified(registry, ended) == COUNT
    with registry.cursor() as cr:
        releases = api.Environment(cr, SUPERUSER_ID, {})["ipai.release"].browse(sorted(ended))
        assert releases.mapped("verified_result") == ["failed", "passed", "passed"]


def test_a_long_run_goes_on_in_another_turn(registry, ended):
    with patch.object(release_verify_cron, "TURN", 0):
        for number in range(1, COUNT + 1):
            run(registry)
            assert verified(registry, ended) == number
    with registry.cursor() as cr:
        cron = api.Environment(cr, SUPERUSER_ID, {}).ref("ipai_release_governance.cron_verify")
        cr.execute("SELECT count(*) FROM ir_cron_trigger WHERE cron_id = %s", [cron.id])
        assert cr.fetchone()[0]
