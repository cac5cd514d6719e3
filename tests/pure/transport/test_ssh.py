"""The pinned host key, and connections that break, hang or never come about."""

import logging
import socket
import subprocess
import threading
import time
from contextlib import suppress

import pytest
from ipai_release_checks.transport import (
    HostKeyMismatch,
    HostNotConfigured,
    HostUnreachable,
    fingerprint,
    scan,
    ssh,
)
from ways import Way, effects, finished, helper, over_ssh, ssh_transport, stand_in


def printed_fingerprint(sshd):
    """The fingerprint that OpenSSH itself prints of the server's key."""
    argv = ["ssh-keygen", "-lf", sshd.folder / "host_key.pub"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()[1]


# -- the host key


def test_scan_reads_the_key_without_logging_in(sshd):
    assert scan(sshd.host, sshd.port) == sshd.host_key
    assert fingerprint(sshd.host_key) == printed_fingerprint(sshd)
    assert "publickey" not in sshd.log.read_text()


@pytest.mark.parametrize(
    "options",
    [("-t", "ed25519", "-N", ""), ("-t", "ecdsa", "-N", ""), ("-t", "rsa", "-N", "")],
    ids=["ed25519", "ecdsa", "rsa"],
)
def test_a_changed_host_key_is_refused_and_both_are_named(sshd, options):
    way = over_ssh(sshd, stand_in())
    assert way.call("echo").done
    pinned = printed_fingerprint(sshd)
    sshd.stop()
    sshd.log.write_text("")
    sshd.new_host_key(*options)
    sshd.start()
    with pytest.raises(HostKeyMismatch) as problem:
        way.call("echo")
    shown = printed_fingerprint(sshd)
    assert (problem.value.pinned, problem.value.shown) == (pinned, shown)
    assert f"shows the host key {shown}, but {pinned} is pinned" in problem.value.message
    assert "publickey" not in sshd.log.read_text(), "nobody logs in to a stranger"


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_host_key_of_each_type_can_be_pinned(sshd, kind):
    sshd.stop()
    sshd.new_host_key("-t", kind, "-N", "")
    sshd.start()
    assert scan(sshd.host, sshd.port) == sshd.host_key
    with over_ssh(sshd, stand_in()).client as client:
        assert client.call("echo").done


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 nonsense", "nonsense AAAA"])
def test_a_host_key_that_is_none_is_an_error(sshd, text):
    with pytest.raises(HostNotConfigured, match="host key cannot be read"):
        Way(ssh_transport(sshd, host_key=text)).call("echo")


# -- who may log in


def test_a_key_that_is_not_known_is_refused_by_its_fingerprint(sshd):
    sshd.authorize(key=sshd.make_key("another"))
    with pytest.raises(HostUnreachable, match=r"refuses Odoo's key SHA256:.{43}\.") as problem:
        Way(ssh_transport(sshd)).call("echo")
    assert "Key Line" in problem.value.hint


def test_no_agent_and_no_other_key_is_tried(sshd, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    other = sshd.make_key("other")
    (home / ".ssh" / "id_ed25519").write_bytes(other.read_bytes())
    asked = threading.Event()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    sshd.authorize(key=other)
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(tmp_path / "agent"))
        agent.listen()
        threading.Thread(target=note_and_hang_up, args=(agent, asked), daemon=True).start()
        with pytest.raises(HostUnreachable, match="refuses"):
            Way(ssh_transport(sshd)).call("echo")
        agent.shutdown(socket.SHUT_RDWR)
    assert not asked.is_set()


def note_and_hang_up(agent, asked):
    with suppress(OSError), agent.accept()[0]:
        asked.set()


def test_a_host_without_the_helper_says_what_its_shell_says(sshd):
    with pytest.raises(HostUnreachable, match=r"ended with status 127\..*serve.*not found") as told:
        Way(ssh_transport(sshd)).call("hello")
    assert "Key Line" in told.value.hint


# -- connections that break


def test_a_cut_connection_gives_the_result_under_the_same_key(sshd, folder):
    way = over_ssh(sshd, helper(folder))
    assert way.call("hello").done
    threading.Timer(0.5, sshd.cut).start()
    answer = finished(way, "command", {"name": "slowly"}, key="REL/1/2.1/1")
    assert (answer.status, effects(folder)) == ("done", ["ran"])
    assert sshd.log.read_text().count("Accepted publickey") == 2
    way.client.close()


def test_a_server_that_was_killed_and_started_again_is_reached_again(sshd):
    way = over_ssh(sshd, stand_in())
    assert way.call("echo").done
    sshd.stop()
    with pytest.raises(HostUnreachable, match=r"cannot be reached: .*refused"):
        way.call("echo")
    sshd.start()
    assert way.call("echo").done
    way.client.close()


def test_a_frozen_server_ends_in_a_time_out(sshd):
    way = over_ssh(sshd, stand_in())
    assert way.call("echo").done
    frozen = sshd.connections()
    for connection in frozen:
        connection.suspend()
    with pytest.raises(HostUnreachable, match=r"did not answer within 1 s"):
        way.call("echo", timeout=1)
    for connection in frozen:
        connection.resume()
    assert way.call("echo").done
    way.client.close()


def test_an_idle_connection_is_kept_alive(start_sshd, monkeypatch):
    monkeypatch.setattr(ssh, "KEEP_ALIVE", 1)
    server = start_sshd(log_level="DEBUG")
    with over_ssh(server, stand_in()).client as client:
        client.call("echo")
        time.sleep(2.5)
    assert "keepalive@lag.net" in server.log.read_text()


# -- servers that are none


def silent(connection):
    """Take the connection and say nothing until it ends."""
    connection.recv(1000)
    time.sleep(3)


def chatty(connection):
    connection.sendall(b"220 mail.example.com ESMTP\r\n" * 200)


def flooding(connection):
    for _part in range(100):
        connection.sendall(b"x" * 1_000_000)


@pytest.fixture(params=[silent, chatty, flooding])
def stranger(request, sshd, monkeypatch):
    """An address where something else than an SSH server listens."""
    monkeypatch.setattr(ssh, "CONNECT_TIMEOUT", 2)
    monkeypatch.setattr(ssh, "BANNER_TIMEOUT", 1)

    def serve():
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            with connection:
                try:
                    request.param(connection)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_who_is_no_ssh_server_is_a_clear_error_in_time(sshd, stranger):
    began = time.monotonic()
    for reach in (
        lambda: Way(ssh_transport(sshd, port=stranger)).call("echo"),
        lambda: scan(sshd.host, stranger, timeout=2),
    ):
        with pytest.raises(HostUnreachable, match=f"127.0.0.1:{stranger} ") as problem:
            reach()
        assert problem.value.hint.startswith("Check the address, the port")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
def test_who_is_not_there_is_named(sshd, host):
    sshd.stop()
    with pytest.raises(HostUnreachable, match=f"{host}:{sshd.port} cannot be reached: ."):
        Way(ssh_transport(sshd, host=host)).call("echo")
    with pytest.raises(HostUnreachable, match=f"{host}:{sshd.port} shows no host key: ."):
        scan(host, sshd.port)


# -- secrets


def test_nothing_is_logged_and_no_secret_is_told(sshd, caplog):
    caplog.set_level(logging.DEBUG)
    way = over_ssh(sshd, stand_in())
    way.call("echo", {"password": "secret of the shop"})
    sshd.cut()
    with pytest.raises(HostUnreachable) as problem:
        way.call("die", {"password": "secret of the shop"})
    sshd.authorize(key=sshd.make_key("another"))
    with pytest.raises(HostUnreachable):
        way.call("echo")
    assert caplog.text == ""
    assert "secret of the shop" not in f"{problem.value} {problem.value.hint}"
