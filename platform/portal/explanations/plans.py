"""What a run is to do, as plain data: methods and metrics by label, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.explanations.errors import ExplanationError
from portal.parts.selectors import METHODS, METRICS, checked_parameters, part

Plan = list[dict[str, Any]]
Asked = Sequence[str | dict[str, Any]]


def method_plan(asked: Asked) -> Plan:
    """`["lrp", {"method": "lrp", "parameters": {...}, "label": ...}]` as `[{label, method, parameters}]`."""
    return _plan(asked, METHODS, "method")


def metric_plan(asked: Asked) -> Plan:
    """Likewise for metrics: `[{label, metric, parameters}]`."""
    return _plan(asked, METRICS, "metric")


def _plan(asked: Asked, family: str, noun: str) -> Plan:
    entries = [_entry(item, family, noun) for item in asked]
    labels = [entry["label"] for entry in entries]
    for label in labels:
        if labels.count(label) > 1:
            raise ExplanationError(f"The {noun} {label!r} is named twice; give one of them a label of its own.")
    return entries


def _entry(item: str | dict[str, Any], family: str, noun: str) -> dict[str, Any]:
    given: dict[str, Any] = {noun: item} if isinstance(item, str) else dict(item)
    unknown = set(given) - {"label", noun, "parameters"}
    if unknown or not isinstance(given.get(noun), str):
        raise ExplanationError(f"A {noun} is given as its name, or as {noun}, parameters and label, not as {item!r}.")
    name = part(family, given[noun]).name
    parameters = checked_parameters(family, name, dict(given.get("parameters") or {}))
    label = str(given.get("label") or name)
    if len(label) > 64:
        raise ExplanationError(f"The label {label[:20]!r}... is longer than 64 characters.")
    return {"label": label, noun: name, "parameters": parameters}
