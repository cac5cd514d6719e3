"""``docker-compose.yml``, read by the real docker-compose. No engine is needed."""

import json
import subprocess

import pytest

from tools import compose
from tools.places import ROOT
from tools.say import Missing


@pytest.fixture(scope="module")
def docker_compose():
    try:
        return compose.program()
    except Missing as missing:
        pytest.skip(f"missing tool: docker-compose ({missing})")


@pytest.fixture(scope="module")
def services(docker_compose):
    return _read(docker_compose, ROOT / "docker-compose.yml")["services"]


def _read(program, file):
    argv = [program, f"--file={file}", f"--project-directory={ROOT}", "config", "--format=json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)


def test_a_key_that_compose_does_not_know_is_refused(docker_compose, tmp_path):
    text = (ROOT / "docker-compose.yml").read_text()
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace("shm_size:", "shm_seize:"))
    with pytest.raises(AssertionError, match="shm_seize"):
        _read(docker_compose, broken)


def test_ports_are_open_on_this_machine_only(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert [(port["host_ip"], port["published"]) for port in ports] == [("127.0.0.1", "8069")]


def test_the_password_is_a_file(docker_compose, services):
    secrets = _read(docker_compose, ROOT / "docker-compose.yml")["secrets"]
    assert set(secrets["postgres_password"]) == {"name", "file"}
    for name in ("db", "odoo", "init"):
        assert [used["source"] for used in services[name]["secrets"]] == ["postgres_password"]
    for service in services.values():
        named = {key for key in service.get("environment") or {} if "PASSWORD" in key}
        assert all(key.endswith("PASSWORD_FILE") for key in named)


def test_what_keeps_running_is_watched(services):
    running = {name for name, service in services.items() if service["restart"] != "no"}
    assert running == {"db", "odoo", "proxy"}
    assert all(services[name]["healthcheck"]["test"] for name in running)


def test_data_outlives_the_containers(services):
    kept = {
        volume["target"]
        for service in services.values()
        for volume in service["volumes"]
        if volume["type"] == "volume"
    }
    assert kept == {"/var/lib/postgresql/data", "/var/lib/odoo"}


def test_the_database_reaches_nothing_outside(docker_compose, services):
    networks = _read(docker_compose, ROOT / "docker-compose.yml")["networks"]
    assert networks["backend"]["internal"]
    assert list(services["db"]["networks"]) == ["backend"]


def test_it_installs_the_addons_that_exist(services):
    wanted = next(word for word in services["init"]["command"] if word.startswith("--init="))
    for addon in wanted.removeprefix("--init=").split(","):
        assert (ROOT / "addons" / addon / "__manifest__.py").exists()
