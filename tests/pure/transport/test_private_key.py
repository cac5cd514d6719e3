"""Odoo's own key: which files are taken, and what is said about the others."""

import subprocess

import pytest
from ipai_release_checks.transport import HostNotConfigured, public_line
from ways import Way, over_ssh, ssh_transport, stand_in

KINDS = {
    "ed25519": ("-t", "ed25519", "-N", ""),
    "ecdsa": ("-t", "ecdsa", "-N", ""),
    "rsa": ("-t", "rsa", "-N", ""),
    "rsa in PEM": ("-t", "rsa", "-m", "PEM", "-N", ""),
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_each_type_logs_in(sshd, options):
    sshd.key = sshd.make_key("another", *options)
    with over_ssh(sshd, stand_in()).client as client:
        assert client.call("echo").done


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_the_public_line_is_the_one_of_ssh_keygen(sshd, options):
    path = sshd.make_key("another", *options)
    argv = ["ssh-keygen", "-y", "-f", path]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert public_line(str(path)).split() == printed.stdout.split()[:2]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604, 0o602, 0o610])
def test_a_file_that_others_can_use_is_refused(sshd, mode):
    sshd.key.chmod(mode)
    with pytest.raises(HostNotConfigured, match=f"by other users \\(mode {mode:o}\\)") as problem:
        Way(ssh_transport(sshd)).call("echo")
    assert problem.value.hint == f"Give it to Odoo's user alone: chmod 600 {sshd.key}"


def test_a_read_only_file_is_taken(sshd):
    sshd.key.chmod(0o400)
    assert public_line(str(sshd.key)).startswith("ssh-ed25519 ")


@pytest.mark.parametrize("form", [("-t", "ed25519"), ("-t", "rsa"), ("-t", "rsa", "-m", "PEM")])
def test_a_passphrase_is_refused_and_not_asked_for(sshd, form):
    sshd.key = sshd.make_key("protected", *form, "-N", "correct horse")
    with pytest.raises(HostNotConfigured, match="protected by a passphrase"):
        public_line(str(sshd.key))


def test_what_is_no_private_key_is_named(sshd, tmp_path):
    public = sshd.key.with_name("key.pub")
    public.chmod(0o600)
    for path, told in (
        (public, "holds no private key"),
        (tmp_path / "missing", "cannot be read: No such file"),
        (tmp_path, "is no file"),
    ):
        with pytest.raises(HostNotConfigured, match=told):
            public_line(str(path))


@pytest.mark.parametrize("content", ["", "nonsense", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_file_is_no_key_and_not_shown(tmp_path, content):
    path = tmp_path / "broken"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(HostNotConfigured, match="holds no private key") as problem:
        public_line(str(path))
    assert "AAAA" not in f"{problem.value} {problem.value.hint}"
