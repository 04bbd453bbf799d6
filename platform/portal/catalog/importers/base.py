"""What every importer gives back, and what it may refuse."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.catalog.errors import CatalogError

Pixels = NDArray[Any]


class ImportRefused(CatalogError):
    """A file or manifest that cannot be imported, with the reason."""


@dataclass(frozen=True)
class Limits:
    """What is the most that one file may hold: pixels in all (slices, rows, columns, channels multiplied)."""

    pixels: int = 100_000_000

    def check(self, name: str, *sides: int) -> None:
        """Refuse an image by its header, before its pixels are unpacked."""
        count = 1
        for side in sides:
            count *= int(side)
        if any(side < 1 for side in sides):
            raise ImportRefused(f"{name} holds no pixels: its header says {' x '.join(map(str, sides))}.")
        if count > self.pixels:
            raise ImportRefused(
                f"{name} is too large: its header says {' x '.join(map(str, sides))}, "
                f"and at most {self.pixels:,} pixels are read."
            )


@dataclass(frozen=True, eq=False)
class Imported:
    """Pixels `(slices, rows, columns)` or `(slices, rows, columns, 3)` in radiological orientation, 8 to 16 bits.

    Grey is always MONOCHROME2 (higher is brighter), whatever the file had. A stored value `p` means
    `slope * p + intercept` in the modality's own unit, in which the windows are given. `identifiers` are for
    pseudonyms only and are never stored; a `doubt` keeps the image in quarantine until a person has looked.
    """

    pixels: Pixels
    bits: int = 8
    is_signed: bool = False
    photometric: str = "MONOCHROME2"
    slope: float = 1.0
    intercept: float = 0.0
    row_spacing: float | None = None
    column_spacing: float | None = None
    windows: tuple[dict[str, Any], ...] = ()
    tags: dict[str, Any] = field(default_factory=dict)
    doubt: str = ""
    has_header: bool = False
    identifiers: dict[str, str] = field(default_factory=dict)

    @property
    def sides(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        slices, rows, columns = self.pixels.shape[:3]
        return slices, rows, columns

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return 3 if self.pixels.ndim == 4 else 1


def full_window(pixels: Pixels, slope: float = 1.0, intercept: float = 0.0) -> tuple[dict[str, Any], ...]:
    """A window over all values that occur, for grey images whose file names none."""
    if pixels.ndim == 4:
        return ()
    ends = sorted(float(end) * slope + intercept for end in (pixels.min(), pixels.max()))
    width = max(ends[1] - ends[0], abs(slope)) + abs(slope)
    return ({"name": "Full range", "center": (ends[0] + ends[1] + abs(slope)) / 2, "width": width},)


def contiguous(pixels: Pixels) -> Pixels:
    """The same pixels in C order and the machine's byte order."""
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("="), copy=False))


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """A library's remarks on a file, which either can be read nevertheless or is refused in our own sentence."""
    logger = logging.getLogger(library)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
