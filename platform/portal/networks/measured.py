"""The performance.json beside a model's weights, as rows that a report can show; needs no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal.networks.errors import DescriptionError

PERFORMANCE_FILE = "performance.json"
_LARGEST = 1_000_000
_ESTIMATE = ("value", "low", "high", "n")
TITLES = {
    "auroc": "AUROC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "dice": "Dice",
    "hd95_mm": "HD95 (mm)",
    "missed": "Missed findings",
    "false_alarms": "False alarms",
    "drop": "Fall in accuracy",
}
ALL = "all unseen cases"
BETWEEN = "aligned to conflicting markers"


def read_measured(folder: Path, sha256: str) -> dict[str, Any]:
    """`{rows, notes, measured}` of the folder's performance.json; {} where there is none.

    Rows have `measure on n estimate low high`. DescriptionError where the file is damaged or speaks of other weights.
    """
    path = folder / PERFORMANCE_FILE
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        measured = json.loads(text) if len(text) <= _LARGEST else None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DescriptionError(f"{PERFORMANCE_FILE} is not JSON: {error}.") from error
    if not isinstance(measured, dict):
        raise DescriptionError(f"{PERFORMANCE_FILE} must hold an object with named fields.")
    if measured.get("sha256") != sha256:
        raise DescriptionError(f"{PERFORMANCE_FILE} was measured with other weights than these.")
    return {"rows": list(_rows(measured)), "notes": _notes(measured), "measured": measured}


def _rows(measured: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in measured.items():
        if _is_estimate(value):
            yield _row(name, BETWEEN if name == "drop" else ALL, value)
    by_level = "sensitivity" if "sensitivity" in measured else "dice"
    for level, value in _named(measured, "by_level"):
        if _is_estimate(value):
            yield _row(by_level, f"level {level}", value)
    for split, values in _named(measured, "splits"):
        for name, value in values.items() if isinstance(values, dict) else ():
            if _is_estimate(value):
                yield _row(name, f"{split} markers", value)


def _notes(measured: dict[str, Any]) -> list[str]:
    """What an interval that leaves out 0 says about the shortcut."""
    drop: Any = measured.get("drop")
    if not _is_estimate(drop) or drop["low"] <= 0:
        return []
    return [
        f"accuracy falls by {100 * drop['value']:.0f} points (95 % interval {100 * drop['low']:.0f} to "
        f"{100 * drop['high']:.0f}) where the side marker contradicts the finding instead of agreeing with it."
    ]


def _row(name: str, on: str, value: dict[str, float]) -> dict[str, Any]:
    title = TITLES.get(name, name.replace("_", " ").capitalize())
    return {
        "measure": title,
        "on": on,
        "n": int(value["n"]),
        "estimate": value["value"],
        "low": value["low"],
        "high": value["high"],
    }


def _named(measured: dict[str, Any], name: str) -> list[tuple[str, Any]]:
    value = measured.get(name)
    return list(value.items()) if isinstance(value, dict) else []


def _is_estimate(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), (int, float)) and math.isfinite(value[key]) for key in _ESTIMATE
    )
