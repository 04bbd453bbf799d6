"""A pneumothorax: air between chest wall and lung, a thin pleural line, and no lung markings outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.phantoms.anatomy import LUNG, Build, Chest, chest_wall, from_midline
from portal.phantoms.fields import Field, centres, step
from portal.phantoms.spec import FIELD_OF_VIEW_MM, Range

_LINE = 0.0028  # half of the pleural line's width, about a millimetre
_LEAST_AIR = 0.02
_HILUM = 0.415  # the height at which a pneumothorax is commonly measured


@dataclass(frozen=True)
class Step:
    """A step of the ladder: how far the lung retracts (share of the side), tissue gone (share), its line (nepers)."""

    width: Range
    emptied: Range
    line: Range


PNEUMOTHORACES: tuple[Step, ...] = (
    Step((0.100, 0.125), (0.75, 0.90), (0.38, 0.46)),
    Step((0.075, 0.092), (0.60, 0.72), (0.30, 0.36)),
    Step((0.055, 0.068), (0.46, 0.56), (0.23, 0.28)),
    Step((0.040, 0.050), (0.34, 0.42), (0.17, 0.21)),
    Step((0.028, 0.036), (0.22, 0.30), (0.11, 0.15)),
)


@dataclass(frozen=True)
class Pneumothorax:
    """Side (-1 image left, 1 image right), retraction and lower end as shares of the side, and what is seen of it."""

    side: int
    width: float
    end: float
    emptied: float
    line: float

    @classmethod
    def place(cls, build: Build, level: int, rng: np.random.Generator, weight: float = 1.0) -> Pneumothorax:
        """A pneumothorax of that level on either side; the side does not depend on the level."""
        side = 1 if rng.random() < 0.5 else -1
        size, tissue, edge, low = rng.random(4)
        ladder = PNEUMOTHORACES[level - 1]
        width = ladder.width[0] + size * (ladder.width[1] - ladder.width[0])
        emptied = weight * (ladder.emptied[0] + tissue * (ladder.emptied[1] - ladder.emptied[0]))
        line = weight * (ladder.line[0] + edge * (ladder.line[1] - ladder.line[0]))
        end = min(build.apex + 0.32 + 2.6 * width + 0.05 * low, min(build.domes) + 0.04)
        return cls(side, float(width), float(end), float(emptied), float(line))

    def shape(self, chest: Chest, build: Build, size: int) -> tuple[Field, NDArray[np.bool_]]:
        """Change of attenuation and exact mask, `(size, size)` each; the change is 0 outside the mask."""
        x, y = centres(size)[None, :], centres(size)[:, None]
        across = np.float32(self.side) * from_midline(build, x, y)
        beyond = self._beyond(build, across, y)
        field = (across > 0) & (chest.air > _LEAST_AIR) & (y < self.end)
        # A line thinner than a pixel is widened to it and weakened in proportion.
        half = max(_LINE, 0.75 / size)
        pleura = np.where(field, np.maximum(1 - np.abs(beyond) / np.float32(half), 0), 0)
        space = np.where(field, step(beyond, -half, half), 0).astype(np.float32)
        mask = field & (beyond > -half)
        emptied = np.float32(self.emptied) * space
        added = chest.change(-LUNG * chest.depth * emptied, space)
        return added + np.float32(self.line * _LINE / half) * pleura.astype(np.float32), mask

    def _beyond(self, build: Build, across: Field, y: Field) -> Field:
        """The distance outside the collapsed lung's edge, which is the chest wall moved in and its apex down."""
        share = np.clip((y - build.apex) / (self.end - build.apex), 0, 1)
        gap = np.float32(self.width) * (1 - share**2.2)
        lowered = np.maximum(y - np.float32(0.85 * self.width) * (1 - share), 0)
        edge = np.maximum(chest_wall(build, lowered) - gap, 0)
        slope = np.gradient(edge[:, 0], y[:, 0])[:, None]
        return (across - edge) / np.sqrt(1 + np.minimum(slope * slope, 40))

    def facts(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """How far the lung's edge moved inwards, the gap at the hilum's height, and the patient's side."""
        gap = int(mask[int(_HILUM * len(mask))].sum())
        return {
            "retraction_px": self.width * len(mask),
            "retraction_mm": self.width * FIELD_OF_VIEW_MM,
            "width_px": gap,
            "width_mm": gap / len(mask) * FIELD_OF_VIEW_MM,
            "emptied": self.emptied,
            "attenuation": self.line,
            "side": "left" if self.side > 0 else "right",
        }
