"""NPY: numpy's own files, never their pickles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from portal.catalog.importers.base import Imported, ImportRefused, Limits, Pixels, contiguous, full_window
from portal.catalog.importers.depth import stored


def read_npy(path: Path, name: str, limits: Limits) -> tuple[Imported, ...]:
    """An array `(rows, columns)`, `(slices, rows, columns)` or 8-bit colour `([slices,] rows, columns, 3)`."""
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ImportRefused(f"{name} is damaged, or holds objects instead of numbers.") from error
    if not isinstance(mapped, np.ndarray) or mapped.ndim not in (2, 3, 4):
        raise ImportRefused(f"{name} is not an image of 2 or 3 dimensions.")
    limits.check(name, *mapped.shape)
    values = np.array(mapped)
    if values.ndim >= 3 and values.shape[-1] == 3:
        return (_colour(values, name),)
    if values.ndim == 4:
        raise ImportRefused(f"{name} has 4 dimensions and its last is not of 3 colours.")
    found = stored(name, values if values.ndim == 3 else values[None])
    pixels = contiguous(found.pixels)
    return (
        Imported(
            pixels,
            bits=found.bits,
            is_signed=found.is_signed,
            slope=found.slope,
            intercept=found.intercept,
            windows=full_window(pixels, found.slope, found.intercept),
        ),
    )


def _colour(values: Pixels, name: str) -> Imported:
    if values.dtype != np.uint8:
        raise ImportRefused(f"{name} has colours of type {values.dtype}; colour is read with 8 bits.")
    return Imported(contiguous(values if values.ndim == 4 else values[None]), photometric="RGB")
