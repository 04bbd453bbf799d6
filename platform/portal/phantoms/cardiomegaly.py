"""Cardiomegaly: the same heart enlarged until it takes a given share of the chest's width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.phantoms.anatomy import (
    HEART,
    LUNG,
    Build,
    Chest,
    chest_width,
    diaphragm,
    from_midline,
    heart_shape,
    heart_width,
)
from portal.phantoms.fields import Field, centres, step
from portal.phantoms.spec import FIELD_OF_VIEW_MM, Range

NORMAL = 0.5  # the cardiothoracic ratio above which a heart is called enlarged (Danzer, Am. J. Med. Sci. 1919)

# Cardiothoracic ratios, from a heart that fills the chest to one just over the limit.
RATIOS: tuple[Range, ...] = ((0.63, 0.665), (0.595, 0.62), (0.565, 0.59), (0.535, 0.555), (0.51, 0.525))


@dataclass(frozen=True)
class Cardiomegaly:
    """Cardiothoracic ratio with and without the finding, the growth between the two, the width (share of the side)."""

    ratio: float
    usual: float
    growth: float
    width: float

    @classmethod
    def place(cls, build: Build, level: int, rng: np.random.Generator, weight: float = 1.0) -> Cardiomegaly:
        """An enlarged heart of that level; `weight` below 1 brings the ratio nearer to the normal limit."""
        low, high = RATIOS[level - 1]
        ratio = NORMAL + weight * (low + rng.random() * (high - low) - NORMAL)
        inner, usual = chest_width(build), heart_width(build)
        growth = (ratio * inner - usual) / (heart_width(build, 1.0) - usual)
        return cls(float(ratio), usual / inner, float(growth), float(ratio * inner))

    def shape(self, chest: Chest, build: Build, size: int) -> tuple[Field, NDArray[np.bool_]]:
        """Change of attenuation and exact mask, `(size, size)` each: the mask is the enlarged heart's outline."""
        heart, usual = self.heart(build, size, chest.heart), chest.heart
        # The lung that the heart displaces, as the chest itself counts it.
        kept = (1 - np.float32(0.8) * np.sqrt(heart)) / (1 - np.float32(0.8) * np.sqrt(usual))
        more = HEART * (heart - usual) + (1 - LUNG) * chest.depth * (1 - kept)
        return chest.change(more, 0.0), heart > 0

    def heart(self, build: Build, size: int, usual: Field) -> Field:
        """The enlarged heart's depth, 0 to 1: it rests on the diaphragm and covers the usual one."""
        x, y = centres(size)[None, :], centres(size)[:, None]
        floor = diaphragm(build, from_midline(build, x, y))
        return np.maximum(heart_shape(build, x, y, self.growth) * step(y, floor + 0.05, floor - 0.01), usual)

    def facts(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """The cardiothoracic ratio, with and without the finding, and the heart's width; it has no side."""
        return {
            "cardiothoracic_ratio": self.ratio,
            "cardiothoracic_ratio_without": self.usual,
            "width_px": self.width * len(mask),
            "width_mm": self.width * FIELD_OF_VIEW_MM,
            "side": "midline",
        }
