"""What readers mark in an image: points, boxes and outlines, as data, as masks, and held against a mask.

Coordinates are `[column, row]` in image pixels, x to the right, y down; the pixel (0, 0) covers [0, 1) x [0, 1). A box
has two opposite corners; polygons and freehand outlines close by themselves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Shape = Literal["point", "box", "polygon", "freehand"]
SHAPES: tuple[Shape, ...] = ("point", "box", "polygon", "freehand")
POINTS: dict[Shape, tuple[int, int]] = {"point": (1, 1), "box": (2, 2), "polygon": (3, 200), "freehand": (3, 2000)}
"""Fewest and most points of each shape."""
MOST_REGIONS = 20
LARGEST = 65_536.0
MOST_SLICES = 10_000
PLACES = 2
"""Decimals of a stored coordinate: a hundredth of a pixel."""

Mask = NDArray[np.bool_]


class WrongRegion(ValueError):
    """A mark that is no region; the message is a msgid."""


@dataclass(frozen=True)
class Region:
    """One mark; `confidence` (0 to 100) where each mark was to be given one."""

    kind: Shape
    points: tuple[tuple[float, float], ...]
    slice: int = 0
    confidence: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and sent."""
        said: dict[str, Any] = {
            "kind": self.kind,
            "slice": self.slice,
            "points": [list(point) for point in self.points],
        }
        return said if self.confidence is None else said | {"confidence": self.confidence}


def read_regions(
    value: Any, *, shapes: Sequence[str] = SHAPES, most: int = MOST_REGIONS, rated: bool = False
) -> tuple[Region, ...]:
    """The regions in a list of marks, or in its JSON; WrongRegion with one sentence otherwise."""
    given = _decoded(value) if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)):
        raise WrongRegion("The marks could not be read.")
    if len(given) > min(most, MOST_REGIONS):
        raise WrongRegion("There are more marks than this question takes.")
    return tuple(_region(each, shapes, rated) for each in given)


def rasterise(regions: Iterable[Region], rows: int, columns: int, slice: int = 0) -> Mask:
    """The pixels whose centres lie inside any region of this slice, `(rows, columns)`; points mark their own pixel.

    Outlines fill by the even-odd rule. A shape that is too thin to hold a pixel's centre marks the pixels that its
    points lie in: nothing that was marked is lost.
    """
    mask = np.zeros((rows, columns), dtype=bool)
    for region in regions:
        if region.slice == slice:
            filled = _filled(region, rows, columns)
            mask |= filled if filled.any() else _touched(region, rows, columns)
    return mask


def iou(first: Mask, second: Mask) -> float | None:
    """Intersection over union of two masks, 0 to 1; None where both are empty."""
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else None


def hits(region: Region, mask: Mask) -> bool:
    """Whether a mark finds what the mask `(rows, columns)` shows: a point in it, or a shape whose middle is in it."""
    column, row = region.points[0] if region.kind == "point" else middle(region)
    inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]
    return bool(inside and mask[int(row), int(column)])


def middle(region: Region) -> tuple[float, float]:
    """The centre of a region's bounding box, `(column, row)`."""
    columns, rows = zip(*region.points, strict=True)
    return (min(columns) + max(columns)) / 2, (min(rows) + max(rows)) / 2


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise WrongRegion("The marks could not be read.") from None


def _region(value: Any, shapes: Sequence[str], rated: bool) -> Region:
    allowed = {"kind", "slice", "points", "confidence"} if rated else {"kind", "slice", "points"}
    if (
        not isinstance(value, Mapping)
        or not set(value) <= allowed
        or not isinstance(value.get("points"), (list, tuple))
    ):
        raise WrongRegion("The marks could not be read.")
    kind = value.get("kind")
    if kind not in SHAPES or kind not in shapes:
        raise WrongRegion("This kind of mark is not asked for here.")
    fewest, most = POINTS[kind]
    if not fewest <= len(value["points"]) <= most:
        raise WrongRegion("A mark has too few or too many points.")
    points = tuple(_point(point) for point in value["points"])
    if kind != "point" and _is_flat(points, kind):
        raise WrongRegion("A mark encloses nothing.")
    return Region(kind, points, _slice(value.get("slice", 0)), _confidence(value.get("confidence"), rated))


def _point(value: Any) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise WrongRegion("The marks could not be read.")
    return _coordinate(value[0]), _coordinate(value[1])


def _coordinate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise WrongRegion("The marks could not be read.")
    if not 0 <= value <= LARGEST:
        raise WrongRegion("A mark lies outside the image.")
    return round(float(value), PLACES)


def _slice(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_SLICES:
        raise WrongRegion("The marks could not be read.")
    return value


def _confidence(value: Any, rated: bool) -> float | None:
    if not rated:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
        raise WrongRegion("Please say for each mark how sure you are, from 0 to 100.")
    return float(value)


def _is_flat(points: Sequence[tuple[float, float]], kind: Shape) -> bool:
    """Whether a shape has no extent; an outline that crosses itself may have no signed area, but it has an extent."""
    columns, rows = zip(*points, strict=True)
    extent = (max(columns) - min(columns)) * (max(rows) - min(rows))
    if kind == "box":
        return extent == 0
    first = points[0]
    turns = [
        (one[0] - first[0]) * (two[1] - first[1]) - (two[0] - first[0]) * (one[1] - first[1])
        for one, two in pairwise(points)
    ]
    return not any(turns)


def _filled(region: Region, rows: int, columns: int) -> Mask:
    if region.kind == "point":
        return _touched(region, rows, columns)
    # Each edge turns over everything to its right; what was turned an odd number of times is inside.
    turns = np.zeros((rows, columns + 1), dtype=np.int64)
    corners = np.array(_outline(region))
    for (left, top), (right, bottom) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, last = sorted((top, bottom))
        lines = np.arange(max(0, math.ceil(first - 0.5)), min(rows, math.ceil(last - 0.5)))
        if len(lines):
            crossings = left + (lines + 0.5 - top) * (right - left) / (bottom - top)
            places = np.clip(np.ceil(crossings - 0.5), 0, columns).astype(np.int64)
            np.add.at(turns, (lines, places), 1)
    return (turns.cumsum(axis=1)[:, :columns] % 2).astype(bool)


def _outline(region: Region) -> tuple[tuple[float, float], ...]:
    if region.kind != "box":
        return region.points
    (left, top), (right, bottom) = region.points
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _touched(region: Region, rows: int, columns: int) -> Mask:
    mask = np.zeros((rows, columns), dtype=bool)
    for column, row in region.points:
        if 0 <= row < rows and 0 <= column < columns:
            mask[int(row), int(column)] = True
    return mask
