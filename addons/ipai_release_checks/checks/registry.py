"""The check kinds that are known: those in ``kinds/``, and those other addons register."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from . import kinds
from .base import SEVERITIES, CheckError, CheckKind

_KINDS: dict[str, CheckKind] = {}


def register(kind: type[CheckKind] | CheckKind) -> CheckKind:
    """Make a kind known and return its instance; registering the same class again changes nothing.

    Raises ValueError when the kind is not complete or its name belongs to another class.
    """
    instance = kind() if isinstance(kind, type) else kind
    known = _KINDS.get(instance.name)
    if known is not None and type(known) is not type(instance):
        raise ValueError(
            f"The check kind '{instance.name}' is registered by {type(known).__module__} already."
        )
    if instance.severity not in SEVERITIES:
        raise ValueError(f"{instance.name}: severity must be one of {', '.join(SEVERITIES)}.")
    Draft202012Validator.check_schema(instance.schema)
    return _KINDS.setdefault(instance.name, instance)


def get(name: str) -> CheckKind:
    """Return the kind called ``name``; raise `CheckError` naming the known ones otherwise."""
    if name not in _KINDS:
        raise CheckError(
            f"There is no check kind '{name}'. Known are: {', '.join(names())}.",
            "Choose one of the known kinds, or install the addon that brings this one.",
        )
    return _KINDS[name]


def names() -> list[str]:
    """Return the names of all kinds, sorted."""
    return sorted(_KINDS)


def describe() -> list[dict[str, Any]]:
    """Return what a person needs to fill in a check, by kind, made from each kind's schema.

    Each entry has ``name, title, description, severity, series, hint, uses_snapshot`` and
    ``parameters``: a list of ``name, type, required, default, choices, description``.
    """
    return [_describe(_KINDS[name]) for name in names()]


def _describe(kind: CheckKind) -> dict[str, Any]:
    facts = ("name", "title", "description", "severity", "series", "hint", "uses_snapshot")
    required = kind.schema.get("required", ())
    parameters = [
        {
            "name": name,
            "type": _type(schema),
            "required": name in required,
            "default": schema.get("default"),
            "choices": schema.get("enum"),
            "description": schema.get("description", ""),
        }
        for name, schema in kind.schema.get("properties", {}).items()
    ]
    return {**{fact: getattr(kind, fact) for fact in facts}, "parameters": parameters}


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "choice"
    found = schema.get("type") or [_type(choice) for choice in schema.get("anyOf", ())]
    return found if isinstance(found, str) else " or ".join(found)


def _found_in(package: Any) -> Iterator[type[CheckKind]]:
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        for _name, member in inspect.getmembers(module, inspect.isclass):
            is_kind = issubclass(member, CheckKind) and not inspect.isabstract(member)
            if is_kind and member.__module__ == module.__name__:
                yield member


for _kind in _found_in(kinds):
    register(_kind)
