"""The password of the demo users."""

import stat

from tools.demo.password import password


def test_it_stays_the_same_in_one_folder(tmp_path):
    assert password(tmp_path) == password(tmp_path)


def test_it_differs_between_folders(tmp_path):
    assert password(tmp_path / "one") != password(tmp_path / "two")


def test_nobody_else_can_read_it(tmp_path):
    password(tmp_path)
    assert stat.S_IMODE((tmp_path / "demo-password").stat().st_mode) == 0o600
