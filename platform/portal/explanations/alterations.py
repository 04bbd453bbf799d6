"""Images with one region taken out: where, and what stands there instead. Pure numpy and scipy."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Fill = Literal["tissue", "blur"]
FILLS: tuple[Fill, ...] = ("tissue", "blur")
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are not part of it."""
SWEEPS = 600
SIDES = (0.12, 0.3)
"""Least and greatest side of a region without a finding to go by, as a share of the image's."""


def region_for(mask: NDArray[np.bool_] | None, rows: int, columns: int, seed: int) -> Box:
    """The region to take out: the finding's box, or, as often, one of its size elsewhere.

    Where there is no finding the size is drawn too, so that a region in view does not tell that there is one.
    """
    rng = np.random.default_rng(seed)
    if mask is None or not mask.any():
        height, width = (
            max(4, round(side * share)) for side, share in zip((rows, columns), rng.uniform(*SIDES, 2), strict=True)
        )
        return _somewhere(height, width, rows, columns, rng)
    found = _around(mask)
    if rng.random() < 0.5:
        return found
    height, width = found[3] - found[1], found[2] - found[0]
    for _attempt in range(50):
        box = _somewhere(height, width, rows, columns, rng)
        if not mask[box[1] : box[3], box[0] : box[2]].any():
            return box
    return found


def altered(pixels: NDArray[Any], box: Box, fill: Fill) -> NDArray[Any]:
    """The image `(rows, columns)` or `(rows, columns, 3)` with the box replaced; the same type, all else untouched.

    `tissue` continues what surrounds the box smoothly into it (Laplace's equation); `blur` takes its detail away.
    """
    left, top, right, bottom = box
    found = pixels.astype(np.float64)
    planes = found[..., None] if found.ndim == 2 else found
    for channel in range(planes.shape[2]):
        plane = planes[..., channel]
        made = _continued(plane, box) if fill == "tissue" else _blurred(plane, box)
        plane[top:bottom, left:right] = made
    kept = np.rint(found) if np.issubdtype(pixels.dtype, np.integer) else found
    return kept.astype(pixels.dtype)


def _around(mask: NDArray[np.bool_]) -> Box:
    """The mask's bounding box and a tenth more on each side, within the image."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    more = max(1, round(0.1 * max(np.ptp(rows), np.ptp(columns))))
    height, width = mask.shape
    left, top = max(0, int(columns[0]) - more), max(0, int(rows[0]) - more)
    return left, top, min(width, int(columns[-1]) + 1 + more), min(height, int(rows[-1]) + 1 + more)


def _somewhere(height: int, width: int, rows: int, columns: int, rng: np.random.Generator) -> Box:
    top = int(rng.integers(0, max(1, rows - height + 1)))
    left = int(rng.integers(0, max(1, columns - width + 1)))
    return left, top, min(columns, left + width), min(rows, top + height)


def _blurred(plane: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    left, top, right, bottom = box
    smooth = ndimage.gaussian_filter(plane, sigma=max(bottom - top, right - left) / 4, mode="nearest")
    return np.asarray(smooth[top:bottom, left:right])


def _continued(plane: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    """Jacobi's iteration from the mean of the rim; outside the image the box's own values are repeated."""
    left, top, right, bottom = box
    padded = np.pad(plane, 1, mode="edge")
    window = padded[top : bottom + 2, left : right + 2].copy()
    rim = np.concatenate([window[0], window[-1], window[1:-1, 0], window[1:-1, -1]])
    window[1:-1, 1:-1] = rim.mean()
    for _sweep in range(SWEEPS):
        window[1:-1, 1:-1] = (window[:-2, 1:-1] + window[2:, 1:-1] + window[1:-1, :-2] + window[1:-1, 2:]) / 4
    return np.asarray(window[1:-1, 1:-1])
