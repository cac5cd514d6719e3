"""Releases that are taken back, and a database that is restored: part of ``make test-host``.

Not collected by ``make test``: the name of this file is given.
"""

from deployment import Deployment
from test_release import passed

from tests.run.shop import EXECUTOR, manual
from tools.demo import shopcode

#: All of the way back but the restore, which nobody decided on.
TAKEN_BACK = {"R.1": "passed", "R.2": "passed", "R.3": "skipped", "R.4": "passed"}


def test_an_upgrade_that_raises_is_rolled_back(host):
    taken_back(host, shopcode.RAISES)


def test_a_server_that_dies_at_its_start_is_rolled_back(host):
    taken_back(host, shopcode.DIES)


def taken_back(host, version):
    deployment = Deployment(host, version)
    deployment.start()
    deployment.until_over()
    assert deployment.release.value("state") == "rolled_back", deployment.told()
    assert deployment.outcomes(way_back=True) == TAKEN_BACK, deployment.told()
    assert (host.version(), host.code.head()) == (shopcode.BEFORE, host.code.before)
    assert "3.1" in deployment.release.value("end_reason")
    deployment.release.check_journal()


def test_a_damaged_database_is_restored(host):
    """The release is remembered, event by event, and what was entered since is listed."""
    deployment = Deployment(host, then=[manual()])
    deployment.start()
    deployment.until("the last item", lambda: deployment.release.items("is_mine")["4.1"]["is_mine"])
    before = deployment.release.events()
    deployment.people["admin"].call("res.partner", "create", {"name": "Late Buyer"})
    with host.connected() as cr:
        cr.execute("UPDATE account_move SET ref = 'lost' WHERE state = 'posted'")
    decide_restore(deployment)
    deployment.until_over()
    assert deployment.release.value("state") == "rolled_back", deployment.told()
    assert passed(deployment.outcomes(way_back=True)), deployment.told()
    after = deployment.release.events()
    assert after[: len(before)] == before
    deployment.release.check_journal()
    with host.connected() as cr:
        cr.execute("SELECT count(*) FROM account_move WHERE ref = 'lost'")
        assert cr.fetchone() == (0,)
    assert "partners.csv" in {row["name"] for row in deployment.release.evidence("R.3", "name")}
    assert b"Late Buyer" in partners_since(deployment)


def decide_restore(deployment):
    executor = deployment.people[EXECUTOR]
    values = {
        "release_id": deployment.release.id,
        "act": "roll_back",
        "reason": "The books are damaged",
        "restore": True,
        "typed_database": "shop",
    }
    wizard = executor.call("ipai.release.reason.wizard", "create", values)
    executor.call("ipai.release.reason.wizard", "action_confirm", [wizard])


def partners_since(deployment):
    executor = deployment.people[EXECUTOR]
    [kept] = executor.search(
        "ipai.release.evidence",
        [("release_id", "=", deployment.release.id), ("name", "=", "partners.csv")],
        ["attachment_id"],
    )
    return executor.download(f"/web/content/{kept['attachment_id'][0]}?download=true")
