"""Parameters of a check: validated by JSON Schema, thresholds filled in, one text per series."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from .base import CheckError, ParameterError

if TYPE_CHECKING:
    from .base import CheckKind

#: Schema of a figure that is written down or taken from the target by name.
FIGURE = {
    "anyOf": [
        {"type": "number"},
        {
            "type": "object",
            "properties": {"threshold": {"type": "string", "minLength": 1}},
            "required": ["threshold"],
            "additionalProperties": False,
        },
    ]
}

#: Schema of a statement: one for all series, or one for each with "default" for the rest.
SQL = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "propertyNames": {"pattern": "^([0-9]{2}|default)$"},
            "additionalProperties": {"type": "string", "minLength": 1},
            "minProperties": 1,
        },
    ],
    "description": 'One SELECT, or one for each Odoo series: {"17": "…", "default": "…"}.',
}

#: Schema of bound values: JSON scalars and lists of them, by position or by name.
SQL_PARAMS = {
    "type": ["object", "array"],
    "description": "Values bound to %(name)s (an object) or %s (a list) in the statement.",
}


def figure(description: str, **keywords: Any) -> dict[str, Any]:
    """Return the schema of a number or a threshold's name, with a description for the form."""
    return {**FIGURE, "description": description, **keywords}


def parameters_schema(properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict:
    """Return the schema of an object that has these properties and no others."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def validate(kind: CheckKind, params: Any) -> None:
    """Raise `ParameterError` naming the parameter and the remedy unless ``params`` fit ``kind``."""
    if not isinstance(params, Mapping):
        raise ParameterError("", "The parameters of a check are an object with named values.")
    error = best_match(Draft202012Validator(kind.schema).iter_errors(params))
    if error is not None:
        raise _parameter_error(error)
    kind.validate(params)


def _parameter_error(error: ValidationError) -> ParameterError:
    explain = {"required": _missing, "additionalProperties": _unknown, "enum": _not_listed}
    return explain.get(error.validator, _plain)(error)


def _missing(error: ValidationError) -> ParameterError:
    name = next(name for name in error.validator_value if name not in error.instance)
    return ParameterError(
        _path(error, name),
        "is missing. " + _describe(error.schema["properties"].get(name, {})),
        f"Add '{name}' to the check's parameters.",
    )


def _unknown(error: ValidationError) -> ParameterError:
    known = sorted(error.schema.get("properties", {}))
    name = next((name for name in error.instance if name not in known), "")
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"Did you mean '{close[0]}'? " if close else ""
    return ParameterError(
        _path(error, name),
        f"is not known here. {meant}Known are: {', '.join(known)}.",
        f"Rename or remove '{name}'.",
    )


def _not_listed(error: ValidationError) -> ParameterError:
    choices = ", ".join(repr(choice) for choice in error.validator_value)
    return ParameterError(_path(error), f"is {error.instance!r} and must be one of {choices}.")


def _plain(error: ValidationError) -> ParameterError:
    return ParameterError(_path(error), f"{error.message}. {_describe(error.schema)}".strip())


def _describe(schema: Any) -> str:
    return schema.get("description", "") if isinstance(schema, Mapping) else ""


def _path(error: ValidationError, name: str = "") -> str:
    path = ""
    for step in [*error.absolute_path, *([name] if name else [])]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def prepare(
    kind: CheckKind, params: Mapping[str, Any], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Return valid parameters with the schema's defaults and the target's thresholds filled in.

    Raises `ParameterError`.
    """
    validate(kind, params)
    defaults = {
        name: schema["default"]
        for name, schema in kind.schema["properties"].items()
        if "default" in schema
    }
    return fill_thresholds({**defaults, **params}, thresholds)


def fill_thresholds(value: Any, thresholds: Mapping[str, float], path: str = "") -> Any:
    """Return ``value`` with every ``{"threshold": name}`` in it replaced by the target's figure."""
    if isinstance(value, Mapping):
        if set(value) == {"threshold"}:
            return _threshold(value["threshold"], thresholds, path)
        return {
            key: fill_thresholds(item, thresholds, f"{path}.{key}" if path else str(key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            fill_thresholds(item, thresholds, f"{path}[{index}]")
            for index, item in enumerate(value)
        ]
    return value


def _threshold(name: str, thresholds: Mapping[str, float], path: str) -> float:
    if name not in thresholds:
        known = ", ".join(sorted(thresholds)) or "none"
        raise ParameterError(
            path,
            f"the target has no threshold named '{name}' (it has: {known}).",
            f"Add the threshold '{name}' to the target, or write the figure itself.",
        )
    return thresholds[name]


def for_series(value: Any, series: int, parameter: str) -> str:
    """Return the text meant for ``series`` out of a text or an object of texts by series."""
    if isinstance(value, str):
        return value
    text = value.get(str(series), value.get("default"))
    if text is None:
        raise CheckError(
            f"Parameter '{parameter}' has no text for Odoo {series}.0, only for "
            f"{', '.join(sorted(value))}.",
            f"Add a key '{series}' or 'default' to '{parameter}'.",
        )
    return text
