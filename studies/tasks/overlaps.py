"""How two regions of an image lie to each other, and what of a map counts as its region. Masks are (rows, columns)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from studies.tasks.regions import Mask, Region, hits, iou, rasterise

BRIGHTEST = 0.1
"""The share of a map's pixels that count as what it highlights."""


def top_area(shown: NDArray[np.uint8]) -> Mask:
    """The brightest tenth of a map as shown; nothing of a map that shows nothing."""
    plain = shown.reshape(shown.shape[-2:])
    if not plain.any():
        return np.zeros(plain.shape, dtype=bool)
    return np.asarray(plain >= max(1, np.quantile(plain, 1 - BRIGHTEST)), dtype=bool)


def dice(first: Mask, second: Mask) -> float:
    """Twice the intersection over the sum of the areas, 0 to 1; two empty masks agree fully."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 1.0


def boundary_distance(first: Mask, second: Mask) -> float | None:
    """The mean distance in pixels from each boundary to the other, both ways; None where either mask is empty.

    The average symmetric surface distance (Heimann et al. 2009). A boundary is the pixels of a mask that have one of
    their four neighbours outside it.
    """
    if first.shape != second.shape or not first.any() or not second.any():
        return None
    one, other = _boundary(first), _boundary(second)
    there = ndimage.distance_transform_edt(~other)[one]
    back = ndimage.distance_transform_edt(~one)[other]
    return float((there.sum() + back.sum()) / (there.size + back.size))


def marked_against(regions: Sequence[Region], mask: Mask, prefix: str = "") -> dict[str, float | None]:
    """A reader's marks held against a region: overlap, whether any mark finds it, and the boundaries' distance.

    Keys `iou`, `hit` (1 or 0) and `boundary` (pixels), each after the prefix. All None where the region is empty.
    """
    if not mask.any():
        return dict.fromkeys((f"{prefix}iou", f"{prefix}hit", f"{prefix}boundary"))
    marked = rasterise(regions, *mask.shape)
    return {
        f"{prefix}iou": iou(marked, mask),
        f"{prefix}hit": float(any(hits(region, mask) for region in regions)),
        f"{prefix}boundary": boundary_distance(marked, mask),
    }


def _boundary(mask: Mask) -> Mask:
    return np.asarray(mask & ~ndimage.binary_erosion(mask, border_value=0), dtype=bool)
