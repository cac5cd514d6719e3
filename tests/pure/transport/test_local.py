"""What holds for a helper on Odoo's own machine."""

import resource

import pytest
from ipai_release_checks.transport import HostNotConfigured
from ways import locally, stand_in


def test_a_command_that_is_not_there_is_named():
    with pytest.raises(HostNotConfigured, match=r"/nowhere/helper cannot be run: No such"):
        locally(["/nowhere/helper", "serve"]).call("hello")


def test_no_shell_reads_the_command(tmp_path):
    victim = tmp_path / "victim"
    victim.touch()
    with pytest.raises(HostNotConfigured):
        locally([f"/bin/true; rm {victim}"]).call("hello")
    assert victim.exists()


def test_the_helper_does_not_see_what_odoo_knows(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "secret of the shop")
    way = locally(stand_in())
    seen = way.call("process").result["environment"]
    way.client.close()
    assert "PATH" in seen
    assert "secret of the shop" not in seen.values()


def test_the_helper_is_not_held_to_the_limits_of_an_odoo_worker():
    before = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (100_000, before[1]))
    try:
        way = locally(stand_in())
        limit = way.call("process").result["cpu_limit"]
        way.client.close()
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, before)
    assert limit == before[1]


def test_closing_ends_the_helper():
    way = locally(stand_in())
    way.call("echo")
    process = way.transport._process
    way.client.close()
    assert process.poll() == 0
