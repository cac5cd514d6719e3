"""The configuration file: who may have written it, and what may stand in it."""

import os

import hosted
import pytest

release_host = hosted.load()
SOMEBODY = 54321


def _message(stage):
    return stage.ask("disk")["message"]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o777])
def test_a_file_that_others_may_write_is_refused(stage, mode):
    stage.config.chmod(mode)
    assert "may be written by others" in _message(stage)
    assert not stage.state.exists()


def test_a_file_of_somebody_else_is_refused(stage):
    os.chown(stage.config, SOMEBODY, -1)
    assert "may be written by others" in _message(stage)


@pytest.mark.parametrize("how", ["mode", "owner"])
def test_a_file_in_a_folder_of_somebody_else_is_refused(stage, how):
    if how == "mode":
        stage.folder.chmod(0o777)
    else:
        os.chown(stage.folder, SOMEBODY, -1)
    assert "which others may write" in _message(stage)


def test_a_link_is_followed_to_the_file_that_counts(stage, tmp_path_factory):
    link = tmp_path_factory.mktemp("link") / "host.ini"
    link.symlink_to(stage.config)
    assert release_host.Config(link).path == stage.config
    stage.config.chmod(0o666)
    with pytest.raises(release_host.Refused):
        release_host.Config(link)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(release_host.Refused, match="cannot be read: No such file"):
        release_host.Config(tmp_path / "host.ini")


@pytest.mark.parametrize(
    ("section", "name", "value", "message"),
    [
        ("odoo", "databse", "x", "has no option 'databse'"),
        ("oddo", "database", "x", "there is no section"),
        ("host", "state", "relative", "'state' in \\[host\\] is not an absolute path"),
        ("odoo", "command", "python odoo-bin", "absolute path of a program"),
        ("odoo", "command", "/bin/sh 'x", "No closing quotation"),
        ("odoo", "url", "file:///etc/passwd", "not the address of a web server"),
        ("postgresql", "port", "54x", "not a whole number"),
        ("service", "manager", "init", "none of systemd, command"),
        ("backup", "keep", "-1", "not a whole number"),
        ("commands", "bad", "touch x", "absolute path of a program"),
        ("odoo", "database", "", "is empty"),
    ],
)
def test_a_wrong_option_is_named(stage, section, name, value, message):
    stage.settings.setdefault(section, {})[name] = value
    stage.write()
    with pytest.raises(release_host.Refused, match=message):
        release_host.Config(stage.config)


def test_a_missing_option_is_named_when_it_is_needed(stage):
    del stage.settings["backup"]["folder"]
    stage.write()
    answer = stage.ask("backups")
    assert answer["status"] == "refused"
    assert answer["message"] == "The host's configuration has no 'folder' in [backup]."
    assert str(stage.config) in answer["hint"]


def test_a_percent_sign_and_a_semicolon_are_themselves(stage):
    stage.settings["commands"]["odd"] = "/bin/echo %d ; $(id)"
    stage.write()
    assert release_host.Config(stage.config).commands["odd"] == [
        *("/bin/echo", "%d", ";", "$(id)"),
    ]


def test_a_state_folder_open_to_others_is_refused(stage):
    stage.state.mkdir(mode=0o755)
    stage.state.chmod(0o755)
    assert "is open to others" in _message(stage)


def test_the_example_is_read(tmp_path):
    text = (hosted.HELPER.parent / "release_host.ini.example").read_text()
    filled = tmp_path / "host.ini"
    filled.write_text(text.replace("#database", "database").replace("\n#compress", "\ncompress"))
    filled.chmod(0o600)
    config = release_host.Config(filled)
    assert (config.odoo.database, config.backup.compress) == ("production", "4")


def test_every_option_is_in_the_example():
    text = (hosted.HELPER.parent / "release_host.ini.example").read_text()
    for section, options in release_host.OPTIONS.items():
        part = text.split(f"[{section}]")[1].split("\n[")[0]
        for name in options:
            assert f"\n{name} = " in part or f"\n#{name} = " in part, (section, name)


# -- installing


def test_installing_twice_is_installing_once(tmp_path):
    prefix, config = tmp_path / "sbin", tmp_path / "host.ini"
    argv = ["install", "--prefix", str(prefix)]
    for _again in range(2):
        assert release_host.main(["--config", str(config), *argv]) == 0
    installed = prefix / "release_host.py"
    assert installed.read_bytes() == hosted.HELPER.read_bytes()
    assert (installed.stat().st_mode & 0o7777, installed.stat().st_uid) == (0o755, os.geteuid())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["host.ini", "sbin"]


def test_installing_keeps_a_configuration(tmp_path):
    config = tmp_path / "host.ini"
    config.write_text("mine")
    release_host.main(["--config", str(config), "install", "--prefix", str(tmp_path)])
    assert config.read_text() == "mine"


def test_the_line_for_authorized_keys_allows_serve_only(stage):
    key = stage.folder / "id.pub"
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample release@example.com\n")
    line = stage.run("key-line", key).stdout.strip()
    assert line.startswith('restrict,command="')
    assert line.endswith(f'{stage.config} serve" {key.read_text().strip()}')


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-rsa A\nssh-rsa B"]
)
def test_what_is_no_public_key_gives_no_line(stage, text):
    key = stage.folder / "id.pub"
    key.write_text(text)
    done = stage.run("key-line", key)
    assert (done.returncode, done.stdout) == (2, "")
