"""Are all XML files of a module well-formed, and do Odoo's data files follow its grammar?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lxml import etree

from ..base import CheckError, CheckKind, Inconclusive, Measurement, Verdict
from ..module_files import MODULE, files_of
from ..parameters import parameters_schema
from ..values import plural

_DATA_ROOTS = ("odoo", "openerp")
_GRAMMAR = "import_xml.rng"


class XmlSyntaxCheck(CheckKind):
    """Parse each file; validate those with an ``<odoo>`` root against Odoo's own grammar."""

    name = "xml_syntax"
    title = "XML syntax"
    description = (
        "Parses every XML file of the module, and validates Odoo data files against Odoo's own "
        "grammar (import_xml.rng). Entities are not expanded and nothing is loaded."
    )
    severity = "critical"
    hint = "Correct the line named, or put the version before back in place."
    schema = parameters_schema({"module": MODULE}, ("module",))

    def collect(self, context: Any, params: Mapping[str, Any]) -> Measurement:
        """Parse every ``*.xml`` below the module's folder."""
        grammar = _grammar(context.odoo_root)
        errors, lines, data_files = [], [], 0
        for name, path in files_of(context.module(params["module"]), ".xml"):
            is_data, problems = _problems(name, path, grammar)
            lines += problems or [f"{name}: OK{' (data file)' if is_data else ''}"]
            errors += [problems] if problems else []
            data_files += is_data
        return Measurement(
            values={
                "files": len(errors) + sum(": OK" in line for line in lines),
                "data_files": data_files,
            },
            output="\n".join(lines),
            data={"errors": errors},
        )

    def evaluate(
        self,
        params: Mapping[str, Any],
        measurement: Measurement,
        reference: Measurement | None = None,
    ) -> Verdict:
        """Name each file and line that is wrong."""
        files, errors = measurement.values["files"], measurement.data["errors"]
        if not files:
            raise Inconclusive(f"The module {params['module']} has no XML file.")
        if errors:
            return self.failed(
                f"{len(errors)} of {plural(files, 'XML file')} are wrong: {errors[0][0]}.",
                [problem for problems in errors for problem in problems],
            )
        checked = plural(measurement.values["data_files"], "data file")
        return self.passed(f"{plural(files, 'XML file')}, all well-formed; {checked} valid.")


def _grammar(odoo_root: str | None) -> etree.RelaxNG:
    path = os.path.join(odoo_root or "", _GRAMMAR)
    if not odoo_root or not os.path.isfile(path):
        raise CheckError(
            f"Odoo's grammar for data files ({_GRAMMAR}) was not found in {odoo_root or 'Odoo'}.",
            "Check the folder of Odoo's own source on this machine.",
        )
    return etree.RelaxNG(etree.parse(path, _parser()))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False
    )


def _problems(name: str, path: str, grammar: etree.RelaxNG) -> tuple[bool, list[str]]:
    """Return whether the file is an Odoo data file, and ``file:line: problem`` for each problem."""
    try:
        document = etree.parse(path, _parser())
    except etree.XMLSyntaxError as error:
        return False, [f"{name}:{error.lineno or 1}: {error.msg}"]
    if document.getroot().tag not in _DATA_ROOTS:
        return False, []
    if grammar.validate(document):
        return True, []
    return True, [f"{name}:{error.line}: {error.message}" for error in grammar.error_log]
