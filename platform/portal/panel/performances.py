"""A network's measured performance as rows with intervals, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TITLES = {
    "auroc": "AUROC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "dice": "Dice",
    "hd95_mm": "Hausdorff distance, 95th percentile (mm)",
    "missed": "Share of nodules missed",
    "false_alarms": "Share of clear images with an outline",
    "drop": "Drop in accuracy, aligned to conflicting marker",
    "by_level": "By level of difficulty",
    "splits": "By the marker's relation to the finding",
}
#: Steps that only say where a measurement came from.
WRAPPERS = {"measured"}
#: Width of the drawn scale from 0 to 1, in the drawing's units.
SCALE = 100


@dataclass(frozen=True)
class Measure:
    """One estimate with its 95 % interval; `left`, `dot` and `width` place it on a scale from 0 to `SCALE`."""

    group: str
    title: str
    value: float
    low: float
    high: float
    n: int

    @property
    def fits_scale(self) -> bool:
        """It is a share, and can be drawn."""
        return 0 <= self.low <= self.value <= self.high <= 1

    @property
    def left(self) -> float:
        """Where the interval begins."""
        return round(self.low * SCALE, 2)

    @property
    def right(self) -> float:
        """Where it ends."""
        return round(self.high * SCALE, 2)

    @property
    def dot(self) -> float:
        """Where the estimate lies."""
        return round(self.value * SCALE, 2)


def measures_of(performance: dict[str, Any]) -> list[Measure]:
    """All estimates, those of the whole first, groups after them."""
    return sorted(_walk(performance, ()), key=lambda measure: measure.group != "")


def command_of(performance: dict[str, Any]) -> str:
    """The command that measured, as the record says."""
    inner = next((performance[key] for key in WRAPPERS if isinstance(performance.get(key), dict)), performance)
    return str(inner.get("command", ""))


def _walk(found: dict[str, Any], path: tuple[str, ...]) -> Iterator[Measure]:
    for key, value in found.items():
        if not isinstance(value, dict):
            continue
        if {"value", "low", "high"} <= set(value):
            group = ": ".join(_title(step) for step in path if step not in WRAPPERS)
            yield Measure(group, _title(key), value["value"], value["low"], value["high"], int(value.get("n", 0)))
        else:
            yield from _walk(value, (*path, key))


def _title(key: str) -> str:
    if key.isdecimal():
        return f"Level {key}"
    return TITLES.get(key, key.replace("_", " ").capitalize())
