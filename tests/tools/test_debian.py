"""Debian packages: the mirror of this machine, and one line about what is missing."""

import subprocess

import pytest

from tools import debian
from tools.say import Missing, command


@pytest.fixture
def targets(monkeypatch):
    """Return a function that makes apt answer with these index targets."""

    def answer(*lines):
        done = subprocess.CompletedProcess([], 0, stdout="\n".join(lines))
        monkeypatch.setattr(debian.subprocess, "run", lambda *_, **__: done)
        monkeypatch.setattr(debian.shutil, "which", lambda _: "/usr/bin/apt-get")

    return answer


def test_the_mirror_is_the_main_archive(targets):
    targets(
        "file:/srv/mirror/debian-security/ bookworm-security",
        "file:/srv/mirror/debian/ bookworm",
    )
    assert debian.debian_mirror() == ("file:/srv/mirror/debian/", "bookworm")


def test_no_mirror_says_what_to_set(targets):
    targets("file:/srv/mirror/ubuntu/ noble")
    with pytest.raises(Missing, match="set ODOO_SOURCE_19"):
        debian.debian_mirror()


def test_without_root_the_error_names_the_packages(monkeypatch):
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    with pytest.raises(Missing, match="as root: apt-get install chromium git"):
        debian.install(["chromium", "git"])


def test_a_missing_piece_ends_in_one_line():
    def run():
        raise Missing("install chromium")

    with pytest.raises(SystemExit) as ended:
        command(run)
    assert ended.value.code == "error: install chromium"


def test_an_ssh_server_that_comes_for_the_tests_stays_down(monkeypatch, tmp_path):
    guard = tmp_path / "ssh/sshd_not_to_be_run"
    seen = []
    monkeypatch.setattr(debian, "NO_SSH_SERVER", guard)
    monkeypatch.setattr(debian, "CLUSTER_SETTINGS", tmp_path)
    monkeypatch.setattr(debian, "can_install", lambda: True)
    monkeypatch.setattr(debian, "_apt_get", lambda act, *_: seen.append((act, guard.exists())))
    debian.install(["git"])
    debian.install(["git", "openssh-server"])
    assert seen == [("update", False), ("install", False), ("update", True), ("install", True)]
