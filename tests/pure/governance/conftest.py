"""Load the pure rules of the governance addon without Odoo, as the package ``release_core``."""

import importlib.util
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[3] / "addons" / "ipai_release_governance" / "core"


def _load():
    # The addon's own __init__ imports Odoo; the package below it must not need it.
    spec = importlib.util.spec_from_file_location(
        "release_core", _PACKAGE / "__init__.py", submodule_search_locations=[str(_PACKAGE)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["release_core"] = module
    spec.loader.exec_module(module)


if "release_core" not in sys.modules:
    _load()
