"""Every verb that a release needs, over real SSH, on a host with systemd, Odoo and git.

Part of ``make test-host``; not collected by ``make test``: the name of this file is given.
"""

import pytest
from onhost import MODULE, OnHost, Prober
from shophost import HELPER

from tools.demo import shopcode


@pytest.fixture
def on_host(host):
    on_host = OnHost(host)
    yield on_host
    on_host.close()


def upgrade(on_host):
    return on_host.until_ended(
        "upgrade", modules=[MODULE], versions={MODULE: shopcode.AFTER}, stop=True
    )


def test_nothing_is_missing(on_host):
    tried = on_host.do("hello")["capabilities"]
    assert [one for one in tried if not one["ok"]] == []
    assert on_host.do("health")["up"]


def test_a_new_version_goes_live(host, on_host):
    commit = host.code.publish()
    with Prober(host.address) as prober:
        on_host.deploy(commit)
        answer = upgrade(on_host)
    assert answer.status == "done", answer
    assert (host.version(), host.code.head()) == (shopcode.AFTER, commit)
    assert abs(answer.result["downtime"]["seconds"] - prober.downtime()) < 1
    assert on_host.do("health")["authenticated"]


def test_downtime_of_a_restart_is_what_people_saw(host, on_host):
    with Prober(host.address) as prober:
        result = on_host.do("restart")
    assert abs(result["downtime"]["seconds"] - prober.downtime()) < 1


@pytest.mark.parametrize("version", [shopcode.RAISES, shopcode.DIES], ids=["raises", "dies"])
def test_a_version_that_breaks_is_taken_back(host, on_host, version):
    on_host.deploy(host.code.publish(version))
    answer = upgrade(on_host)
    assert answer.status == "failed"
    assert answer.result["undone"]
    assert (host.version(), host.code.head()) == (shopcode.BEFORE, host.code.before)
    assert host.answers()


def test_a_file_that_nobody_expects_is_refused(host, on_host):
    commit = host.code.publish(shopcode.SURPRISE)
    answer = on_host.until_ended(
        "code_fetch", branch="main", commit=commit, files=list(shopcode.FILES)
    )
    assert answer.status == "failed"
    assert "account_bank.py" in answer.message
    assert host.code.head() == host.code.before


def test_what_stops_odoo_is_not_stopped_with_it(host, on_host):
    """Asked from within Odoo's own service, the job outlives it; who asked does not."""
    key = on_host.key()
    group = "/sys/fs/cgroup/system.slice/odoo.service/cgroup.procs"
    asked = host.machine.run(
        *("sh", "-c", f"echo $$ > {group}; exec {HELPER} restart --key {key}"), check=False
    )
    assert asked.returncode < 0, "it was not stopped with Odoo"
    assert on_host.until_ended("restart", key).status == "done"
    assert host.answers()


def test_odoos_own_user_restarts_it_through_sudo(host):
    """The helper may be all that sudoers names, and then it is all that sudo runs."""
    rule = "/etc/sudoers.d/ipai-release"
    host.machine.run("tee", rule, input=f"odoo ALL=(root) NOPASSWD: {HELPER} serve\n")
    on_host = OnHost(host, sudo=True)
    assert on_host.do("restart")["authenticated"]
    on_host.close()
    for other in (("id",), (HELPER, "disk"), (HELPER, "serve", "--help")):
        refused = host.machine.run("sudo", "-n", *other, user="odoo", check=False)
        assert "a password is required" in refused.stderr


def test_the_database_is_restored(host, on_host):
    backup = on_host.deploy(host.code.publish())
    assert upgrade(on_host).done
    with host.connected() as cr:
        cr.execute("UPDATE account_move SET ref = 'lost' WHERE state = 'posted'")
        cr.execute("SELECT count(*) FROM account_move WHERE ref = 'lost'")
        assert cr.fetchone()[0]
    result = on_host.do("restore", backup=backup)
    assert host.version() == shopcode.BEFORE
    with host.connected() as cr:
        cr.execute("SELECT count(*) FROM account_move WHERE ref = 'lost'")
        assert cr.fetchone() == (0,)
    assert result["kept_database"] in host.databases()
    assert host.answers()


def test_the_key_runs_no_other_command(host):
    def ssh(*command, **options):
        return host.ssh(*command, **options)

    refused = ssh("id")
    assert refused.returncode == 2
    assert '"refused"' in refused.stdout
    assert "uid=" not in refused.stdout
    for option in (["-t"], ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1"]):
        assert "uid=" not in ssh("id", options=option).stdout
