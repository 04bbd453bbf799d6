"""Bringing any numbers into 8 or 16 bits, so that a viewer can show them, with the scale that leads back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portal.catalog.importers.base import ImportRefused, Pixels

_STEPS = 65_535


@dataclass(frozen=True, eq=False)
class Stored:
    """Pixels of 8 or 16 bits; a value `p` stands for `slope * p + intercept`."""

    pixels: Pixels
    bits: int
    is_signed: bool
    slope: float = 1.0
    intercept: float = 0.0


def stored(name: str, values: Pixels) -> Stored:
    """Integers that fit stay as they are; wider integers are narrowed where their values allow.

    All others (floating point above all) are rounded to 65 536 even steps between their lowest and highest value:
    an error of at most 1/131 070 of that range.
    """
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "b":
        return Stored(values.astype(np.uint8) * np.uint8(255), 8, False)
    if kind not in "iuf":
        raise ImportRefused(f"{name} holds values of type {values.dtype}, which are no image.")
    if kind == "f" and not np.isfinite(values).all():
        raise ImportRefused(f"{name} holds values that are not finite numbers.")
    if kind in "iu" and size <= 2:
        return Stored(values, 8 * size, kind == "i")
    low, high = float(values.min()), float(values.max())
    if kind in "iu" and low >= 0 and high <= 65_535:
        return Stored(values.astype(np.uint16), 16, False)
    if kind in "iu" and low >= -32_768 and high <= 32_767:
        return Stored(values.astype(np.int16), 16, True)
    slope = (high - low) / _STEPS or 1.0
    steps = np.rint((values.astype(np.float64) - low) / slope)
    return Stored(np.clip(steps, 0, _STEPS).astype(np.uint16), 16, False, slope, low)


def inverted(pixels: Pixels, bits: int) -> Pixels:
    """MONOCHROME1 as MONOCHROME2: dark becomes bright within the stored bits."""
    if pixels.dtype.kind == "i":
        return np.invert(pixels)
    return (np.uint32(2**bits - 1) - pixels.astype(np.uint32)).astype(pixels.dtype)
