"""Reading the parts without importing them."""

from __future__ import annotations

import difflib
from typing import Any

from django.db.models import QuerySet

from portal.parts.errors import PartError
from portal.parts.models import Part

METHODS, METRICS = "explainers.methods", "evaluation.metrics"
NOUNS = {METHODS: "explanation method", METRICS: "metric"}


def parts(family: str) -> QuerySet[Part]:
    """All parts of a family, by name."""
    return Part.objects.filter(family=family)


def part(family: str, name: str) -> Part:
    """One part; PartError with close matches where there is none."""
    known = {found.name: found for found in parts(family)}
    if name in known:
        return known[name]
    noun = NOUNS.get(family, "part")
    if not known:
        raise PartError(f"No {noun} is known yet: run manage.py sync_parts once.")
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(close)}?" if close else f"There are: {', '.join(known)}."
    raise PartError(f"There is no {noun} called {name!r}. {hint}")


def checked_parameters(family: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, if the part has parameters of these names; their values are checked where the part is built."""
    known = [parameter["name"] for parameter in part(family, name).parameters]
    for key in given:
        if key not in known:
            raise PartError(f"{name} has no parameter {key!r}; it has: {', '.join(known) or 'none'}.")
    return given
