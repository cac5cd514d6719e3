"""Copying the helper to a host that still takes files."""

import os

import paramiko
import pytest
from ipai_release_checks.transport import HostProtocolError, NoFilesTaken, sftp, upload
from ways import address, helper, stand_in

CONTENT = b"#!" + os.urandom(300_000)
FILES = {"release_host.py": CONTENT, "example.ini": b"[host]\n"}


@pytest.fixture
def home(sshd):
    return sshd.folder / "home"


def send(sshd):
    return upload(address(sshd), str(sshd.key), FILES)


def test_files_arrive_whole_and_scripts_can_be_run(sshd, home):
    assert send(sshd) == [str(home / name) for name in FILES]
    assert {path.name: path.read_bytes() for path in home.iterdir()} == FILES
    assert [(home / name).stat().st_mode & 0o777 for name in FILES] == [0o755, 0o644]


def test_an_older_file_is_replaced(sshd, home):
    (home / "release_host.py").write_text("older and longer" * 100_000)
    send(sshd)
    assert (home / "release_host.py").read_bytes() == CONTENT


def test_what_arrives_damaged_never_gets_the_name(sshd, home, monkeypatch):
    write = paramiko.SFTPFile.write
    monkeypatch.setattr(paramiko.SFTPFile, "write", lambda file, data: write(file, data[:-1]))
    (home / "release_host.py").write_text("older")
    with pytest.raises(HostProtocolError, match="SHA-256 differs"):
        send(sshd)
    assert os.listdir(home) == ["release_host.py"]
    assert (home / "release_host.py").read_text() == "older"


@pytest.mark.parametrize("command", [stand_in, helper])
def test_a_key_bound_to_the_helper_copies_nothing(sshd, home, folder, command, monkeypatch):
    monkeypatch.setattr(sftp, "CHANNEL_TIMEOUT", 2)
    argv = command(folder) if command is helper else command()
    sshd.authorize(command=" ".join(argv))
    with pytest.raises(NoFilesTaken, match="takes no files from Odoo"):
        send(sshd)
    assert os.listdir(home) == []


def test_a_home_that_cannot_be_written_is_an_error(start_sshd):
    with pytest.raises(HostProtocolError, match=r"could not be copied to .*: permission denied"):
        send(start_sshd(sftp="-R"))
