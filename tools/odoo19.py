"""Odoo 19.0 from Debian's unstable suite, unpacked into the cache folder. No root needed."""

import hashlib
import shutil
import subprocess

from tools.debian import debian_mirror, private_apt, unpack
from tools.places import CACHE
from tools.say import Missing, say, step

KNOWN_VERSION = "19.0.0+dfsg-1"
KNOWN_SHA256 = "9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf"
FOLDER = CACHE / "19.0"
ADDONS = FOLDER / "usr/lib/python3/dist-packages/odoo/addons"

# The package links to files of these. Two come from the machine's own suite: unstable's
# Font Awesome and Inconsolata have other file names.
LINKED = (
    "fonts-montserrat/unstable",
    "fonts-ocr-b/unstable",
    "fonts-roboto-unhinted/unstable",
    "libjs-jquery/unstable",
    "libjs-jquery-form/unstable",
    "libjs-underscore/unstable",
)
LINKED_OWN_SUITE = ("fonts-font-awesome", "fonts-inconsolata")


def fetch():
    """Unpack Odoo 19.0 and what it links to, unless that has been done. Return the folder.

    The folder appears only when it is complete.

    :raises Missing: no mirror, or the package is not the one known to work.
    """
    if ADDONS.is_dir():
        return FOLDER
    with step("Odoo 19.0 from Debian's unstable suite (122 MB)"):
        partial = CACHE / "19.0.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for archive in _archives():
            unpack(archive, partial)
        _repair(partial)
        partial.rename(FOLDER)
    return FOLDER


def _archives():
    _, codename = debian_mirror()
    apt = private_apt(["unstable", codename])
    odoo = apt.download("odoo-19/unstable")
    _check(odoo)
    yield odoo
    for package in (*LINKED, *(f"{name}/{codename}" for name in LINKED_OWN_SUITE)):
        yield apt.download(package)


def _check(archive):
    version = subprocess.run(
        ["dpkg-deb", "--field", archive, "Version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if version != KNOWN_VERSION:
        say(f"   note: this is odoo-19 {version}; the suite is known to work on {KNOWN_VERSION}")
        return
    with archive.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    if digest != KNOWN_SHA256:
        raise Missing(f"{archive.name} has the SHA-256 {digest}, expected {KNOWN_SHA256}")


def _repair(root):
    """Add the file that the package leaves out, and refuse a tree with links to nothing."""
    addons = root / ADDONS.relative_to(FOLDER)
    # A second, incomplete copy of the core addons, of another build.
    shutil.rmtree(addons.parent.parent / "addons", ignore_errors=True)
    # Without it the bundle of the discuss app does not load, and every browser test fails.
    stand_in = addons / "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    stand_in.touch()
    dangling = [path for path in root.rglob("*") if path.is_symlink() and not path.exists()]
    if dangling:
        raise Missing(f"Odoo 19.0: {len(dangling)} links lead nowhere, e.g. {dangling[0]}")
