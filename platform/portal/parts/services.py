"""Writing the facts of registered parts where the web can read them."""

from __future__ import annotations

import inspect
import json
from typing import Any

from django.db import transaction

from foundation.registry import Registry, parameters_of
from portal.parts.models import Part

COMMON = {"name", "title", "reference", "summary"}


@transaction.atomic
def sync_registry(registry: Registry[Any], family: str = "") -> int:
    """Write all parts of a registry, and remove those it no longer has; how many there are now."""
    family = family or registry.package
    names = []
    for part in registry:
        names.append(part.name)
        Part.objects.update_or_create(family=family, name=part.name, defaults=_described(part))
    Part.objects.filter(family=family).exclude(name__in=names).delete()
    return len(names)


def _described(part: type[Any]) -> dict[str, Any]:
    return {
        "title": part.title,
        "reference": _text(part, "reference"),
        "summary": _text(part, "summary") or (inspect.getdoc(part) or "").split("\n\n")[0].replace("\n", " "),
        "facts": facts_of(part),
        "parameters": [
            {
                "name": parameter.name,
                "kind": parameter.kind,
                "default": _plain(parameter.default),
                "optional": parameter.optional,
                "choices": list(parameter.choices),
                "help": parameter.help,
            }
            for parameter in parameters_of(part)
        ],
    }


def facts_of(part: type[Any]) -> dict[str, Any]:
    """The class attributes that are plain data and no parameters, sets as sorted lists."""
    parameters = {parameter.name for parameter in parameters_of(part)}
    found = {}
    for name in dir(part):
        if name.startswith("_") or name in COMMON or name in parameters:
            continue
        value = inspect.getattr_static(part, name)
        if isinstance(value, (bool, int, float, str, tuple, list, set, frozenset)):
            found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return json.loads(json.dumps(value, default=str))


def _text(part: type[Any], name: str) -> str:
    value = getattr(part, name, "")
    return value if isinstance(value, str) else ""
