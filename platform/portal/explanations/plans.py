"""What a run is to do, as plain data: methods and metrics by label, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal.display import PRESENTATIONS
from portal.explanations.errors import ExplanationError
from portal.explanations.regions import PREDICTED, Region
from portal.parts.selectors import METHODS, METRICS, checked_parameters, part

Plan = list[dict[str, Any]]
Asked = Sequence[str | dict[str, Any]]
Displayed = dict[str, list[str]]

#: What stands for faithfulness, the first that a plan has.
FAITHFULNESS = ("srg", "road", "insertion", "deletion", "pixel-flipping")
#: A shown map has no unit: its sums cannot be held against changes of the output.
NEED_A_UNIT = frozenset({"infidelity"})


def method_plan(asked: Asked) -> Plan:
    """`["lrp", {"method": "lrp", "parameters": {...}, "label": ...}]` as `[{label, method, parameters}]`.

    An entry may name the `region` of a segmentation that its maps explain, see `regions.Region`; the whole prediction
    goes without saying.
    """
    return _plan(asked, METHODS, "method")


def metric_plan(asked: Asked) -> Plan:
    """Likewise for metrics: `[{label, metric, parameters}]`."""
    return _plan(asked, METRICS, "metric")


def displayed_plan(asked: Sequence[str] | Mapping[str, Sequence[str]], metrics: Plan) -> Displayed:
    """`["native-positive"]`, or `{"native-positive": [labels of metrics]}`, as the latter.

    Where no metrics are named, maps as shown are judged by all that need no network, which costs next to nothing, and
    by one faithfulness metric, the first of FAITHFULNESS that the plan has. Metrics that make maps anew judge methods
    rather than single maps, so that they cannot be asked of what was shown.
    """
    for presentation in asked:
        if presentation not in PRESENTATIONS:
            raise ExplanationError(f"Maps are shown in one of {', '.join(PRESENTATIONS)}; {presentation!r} is none.")
    if isinstance(asked, Mapping):
        return {name: _askable_of_shown(list(labels), metrics) for name, labels in asked.items()}
    return {name: _usual_of_shown(metrics) for name in asked}


def _usual_of_shown(metrics: Plan) -> list[str]:
    faithful = [entry for name in FAITHFULNESS for entry in metrics if entry["metric"] == name][:1]
    return [entry["label"] for entry in metrics if entry in faithful or not _needs(entry) & {"model", "explain"}]


def _askable_of_shown(labels: list[str], metrics: Plan) -> list[str]:
    known = {entry["label"]: entry for entry in metrics}
    for label in labels:
        if label not in known:
            raise ExplanationError(f"{label!r} is none of the planned metrics: {', '.join(known) or 'none'}.")
        if "explain" in _needs(known[label]) or known[label]["metric"] in NEED_A_UNIT:
            raise ExplanationError(f"{label!r} cannot be asked of a map as readers see it.")
    return labels


def _needs(entry: dict[str, Any]) -> set[str]:
    return set(part(METRICS, entry["metric"]).facts.get("needs", []))


def _plan(asked: Asked, family: str, noun: str) -> Plan:
    entries = [_entry(item, family, noun) for item in asked]
    labels = [entry["label"] for entry in entries]
    for label in labels:
        if labels.count(label) > 1:
            raise ExplanationError(f"The {noun} {label!r} is named twice; give one of them a label of its own.")
    return entries


def _entry(item: str | dict[str, Any], family: str, noun: str) -> dict[str, Any]:
    given: dict[str, Any] = {noun: item} if isinstance(item, str) else dict(item)
    unknown = set(given) - {"label", noun, "parameters"} - ({"region"} if family == METHODS else set())
    if unknown or not isinstance(given.get(noun), str):
        raise ExplanationError(f"A {noun} is given as its name, or as {noun}, parameters and label, not as {item!r}.")
    name = part(family, given[noun]).name
    parameters = checked_parameters(family, name, dict(given.get("parameters") or {}))
    region = Region.read(given["region"]) if given.get("region") else PREDICTED
    label = str(given.get("label") or _usual_label(name, region))
    if len(label) > 64:
        raise ExplanationError(f"The label {label[:20]!r}... is longer than 64 characters.")
    entry = {"label": label, noun: name, "parameters": parameters}
    return entry if region == PREDICTED else entry | {"region": region.described}


def _usual_label(name: str, region: Region) -> str:
    return name if region == PREDICTED else f"{name}-{region}".replace(":", "-")
