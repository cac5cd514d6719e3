"""Release checks in pure Python: no module of this package imports Odoo.

A check *kind* (``kinds/``, one file each) measures (``collect``) and judges (``evaluate``).
``run`` does both and turns every known problem into an outcome. What was not measured never reads
as passed.
"""

from .base import (
    CheckError,
    CheckKind,
    CheckProblem,
    Inconclusive,
    Measurement,
    NotYet,
    ParameterError,
    Verdict,
)
from .registry import describe, get, names, register
from .runner import judge, run

__all__ = [
    "CheckError",
    "CheckKind",
    "CheckProblem",
    "Inconclusive",
    "Measurement",
    "NotYet",
    "ParameterError",
    "Verdict",
    "describe",
    "get",
    "judge",
    "names",
    "register",
    "run",
]
