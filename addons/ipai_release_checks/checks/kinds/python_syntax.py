"""Do all Python files of a module compile?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from ..base import CheckKind, Inconclusive, Measurement, Verdict
from ..module_files import MODULE, files_of
from ..parameters import parameters_schema
from ..values import plural


class PythonSyntaxCheck(CheckKind):
    """Compile each file in memory, with the Python that Odoo runs on; nothing is run or written."""

    name = "python_syntax"
    title = "Python syntax"
    description = "Compiles every Python file of the module in memory. Nothing is run or written."
    severity = "critical"
    hint = "Correct the line named, or put the version before back in place."
    schema = parameters_schema({"module": MODULE}, ("module",))

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Compile every ``*.py`` below the module's folder."""
        errors, lines = [], []
        for name, path in files_of(context.module(params["module"]), ".py"):
            problem, noted = _compiled(name, path)
            lines += [problem or f"{name}: OK", *noted]
            errors += [problem] if problem else []
        return Measurement(
            values={"files": sum(line.endswith(": OK") for line in lines) + len(errors)},
            output="\n".join(lines),
            data={"errors": errors},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Name each file and line that does not compile."""
        files, errors = measurement.values["files"], measurement.data["errors"]
        if not files:
            raise Inconclusive(f"The module {params['module']} has no Python file.")
        if errors:
            return self.failed(
                f"{len(errors)} of {plural(files, 'Python file')} cannot be compiled: {errors[0]}.",
                errors,
            )
        return self.passed(f"{plural(files, 'Python file')}, all compile.")


def _compiled(name: str, path: str) -> tuple[str, list[str]]:
    """Return what is wrong with a file (empty: nothing) and what the compiler warned of."""
    with open(path, "rb") as source, warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        try:
            compile(source.read(), name, "exec", dont_inherit=True)
        except SyntaxError as error:
            return f"{name}:{error.lineno or 1}: {error.msg}", []
        except (ValueError, RecursionError, MemoryError) as error:
            return f"{name}:1: {error or 'nested too deeply'}", []
    return "", [f"{name}:{warning.lineno}: warning: {warning.message}" for warning in noted]
