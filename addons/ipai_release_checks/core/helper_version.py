"""How the helper on a host compares with the one that is shipped."""

import re

SAME, OLDER, NEWER, CHANGED = "same", "older", "newer", "changed"


def _numbers(version):
    return [int(number) for number in re.findall("[0-9]+", version)]


def compare(found, shipped):
    """Return SAME, OLDER, NEWER, or CHANGED: the version is the same, the file is not.

    :param found: ``(version, SHA-256)`` of the host's file, such as ``("1.2", "9f86…")``
    :param shipped: likewise of the file that is shipped
    """
    if found[1] == shipped[1]:
        return SAME
    host, own = _numbers(found[0]), _numbers(shipped[0])
    if host == own:
        return CHANGED
    return OLDER if host < own else NEWER
