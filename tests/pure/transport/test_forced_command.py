"""With the key line nothing runs but the helper, whatever a client asks for."""

import json
import socket
import subprocess
import sys
from base64 import b64decode

import paramiko
import pytest
from ways import REAL, helper, ssh_transport

VICTIM = "kept"


@pytest.fixture
def victim(folder):
    path = folder / VICTIM
    path.write_text("not to be removed")
    return path


@pytest.fixture
def intruder(sshd, folder):
    """A client that holds Odoo's private key, where the helper's own key line is in force."""
    configuration = helper(folder)[-2]
    argv = [sys.executable, REAL, "--config", configuration, "key-line", f"{sshd.key}.pub"]
    printed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    sshd.authorize_line(printed.replace(f'command="{REAL}', f'command="{sys.executable} {REAL}'))
    client = paramiko.SSHClient()
    shown = paramiko.PKey.from_type_string("ssh-ed25519", b64decode(sshd.host_key.split()[1]))
    client.get_host_keys().add(f"[{sshd.host}]:{sshd.port}", shown.get_name(), shown)
    client.connect(sshd.host, sshd.port, sshd.user, key_filename=str(sshd.key))
    yield client
    client.close()


def session(client):
    channel = client.get_transport().open_session()
    channel.settimeout(20)
    return channel


def said(channel):
    """Everything that comes back until the channel ends, and its exit status."""
    channel.shutdown_write()
    output = b"".join(iter(lambda: channel.recv(65_536), b""))
    return output.decode(), channel.recv_exit_status()


@pytest.mark.parametrize(
    "command",
    [
        "rm {victim}",
        "serve; rm {victim}",
        "serve\nrm {victim}",
        "$(rm {victim})",
        "/bin/sh -c 'rm {victim}'",
        "release_host.py install --prefix {folder}",
        "scp -t {folder}",
        "serve --config /opt/other.ini",
        "python3",
    ],
)
def test_another_command_is_refused(intruder, victim, folder, command):
    channel = session(intruder)
    channel.exec_command(command.format(victim=victim, folder=folder))
    output, status = said(channel)
    assert (json.loads(output)["status"], status) == ("refused", 2)
    assert victim.exists()
    assert {path.name for path in folder.iterdir()} == {VICTIM, "host.ini"}


def test_serve_serves(intruder):
    channel = session(intruder)
    channel.exec_command("serve")
    channel.sendall(b'{"v": 1, "key": "a", "verb": "journal", "params": {}}\n')
    output, status = said(channel)
    assert (json.loads(output)["status"], status) == ("done", 0)


def test_a_shell_is_the_helper(intruder, victim):
    channel = session(intruder)
    channel.invoke_shell()
    channel.sendall(f"rm {victim}\n".encode())
    output, _status = said(channel)
    assert json.loads(output)["status"] == "refused"
    assert victim.exists()


def test_no_terminal_is_given(intruder):
    with pytest.raises(paramiko.SSHException):
        session(intruder).get_pty()


def test_no_files_are_taken_and_none_given(intruder, victim):
    with pytest.raises(paramiko.SFTPError):
        intruder.open_sftp().get(str(victim), str(victim.with_name("stolen")))
    assert not victim.with_name("stolen").exists()


def test_no_port_is_forwarded_to_the_host(intruder):
    with socket.create_server(("127.0.0.1", 0)) as inside:
        address = inside.getsockname()
        with pytest.raises(paramiko.ChannelException, match="prohibited"):
            intruder.get_transport().open_channel("direct-tcpip", address, ("127.0.0.1", 1))


def test_no_port_is_opened_on_the_host(intruder):
    with pytest.raises(paramiko.SSHException, match="denied"):
        intruder.get_transport().request_port_forward("127.0.0.1", 0)


def test_no_agent_and_no_variable_is_taken_along(intruder):
    channel = session(intruder)
    channel.request_forward_agent(lambda _channel: None)
    channel.set_environment_variable("LD_PRELOAD", "/opt/evil.so")
    channel.exec_command("serve")
    channel.sendall(b'{"v": 1, "key": "a", "verb": "journal", "params": {}}\n')
    assert json.loads(said(channel)[0])["status"] == "done"
    with pytest.raises(paramiko.ChannelException):
        intruder.get_transport().open_channel("auth-agent@openssh.com")


def test_the_clients_own_transport_works_with_this_line(intruder, sshd):
    transport = ssh_transport(sshd)
    request = b'{"v": 1, "key": "a", "verb": "journal", "params": {}}\n'
    assert json.loads(transport.exchange(request, 20))["status"] == "done"
    transport.close()
