"""A pleural effusion: fluid at a lung's base that rises along the chest wall, the meniscus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.phantoms.anatomy import LUNG, Build, Chest, chest_angle, chest_wall, from_midline
from portal.phantoms.fields import Field, centres, step
from portal.phantoms.spec import FIELD_OF_VIEW_MM, Range

_BRIM = 0.05  # the meniscus thins out upwards over this height
_LEAST_AIR = 0.02  # below this depth there is no lung to replace


@dataclass(frozen=True)
class Step:
    """A step of the ladder: height above the costophrenic angle (share of the side), share of lung displaced."""

    height: Range
    density: Range


EFFUSIONS: tuple[Step, ...] = (
    Step((0.27, 0.33), (0.92, 1.0)),
    Step((0.20, 0.25), (0.80, 0.90)),
    Step((0.14, 0.18), (0.66, 0.76)),
    Step((0.10, 0.13), (0.50, 0.60)),
    Step((0.07, 0.09), (0.32, 0.42)),
)


@dataclass(frozen=True)
class Effusion:
    """Side (-1 image left, 1 image right), heights as shares of the side, and the share of lung displaced."""

    side: int
    angle: float
    height: float
    density: float
    rise: float
    bend: float

    @classmethod
    def place(cls, build: Build, level: int, rng: np.random.Generator, weight: float = 1.0) -> Effusion:
        """An effusion of that level on either side; side and curve do not depend on the level."""
        side = 1 if rng.random() < 0.5 else -1
        size, strength = rng.random(2)
        rise, bend = rng.uniform(0.42, 0.52), rng.uniform(0.055, 0.075)
        ladder = EFFUSIONS[level - 1]
        height = ladder.height[0] + size * (ladder.height[1] - ladder.height[0])
        density = weight * (ladder.density[0] + strength * (ladder.density[1] - ladder.density[0]))
        return cls(side, chest_angle(build, side), float(height), float(density), float(rise), float(bend))

    def shape(self, chest: Chest, build: Build, size: int) -> tuple[Field, NDArray[np.bool_]]:
        """Change of attenuation and exact mask, `(size, size)` each; the change is 0 outside the mask."""
        x, y = centres(size)[None, :], centres(size)[:, None]
        across = np.float32(self.side) * from_midline(build, x, y)
        gap = np.maximum(chest_wall(build, y) - across, 0)
        # Highest at the wall, lowest between, a little higher again at the mediastinum.
        climb = self.rise * np.exp(-gap / self.bend) + 0.12 * np.exp(-np.maximum(across - 0.06, 0) / 0.035)
        surface = self.angle - self.height * (1 - self.rise + climb)
        fill = np.float32(self.density) * step(y, surface, surface + _BRIM) ** np.float32(0.7)
        mask = (fill > 0) & (across > 0) & (chest.air > _LEAST_AIR)
        fill = np.where(mask, fill, 0).astype(np.float32)
        return chest.change((1 - LUNG) * chest.depth * fill, fill), mask

    def facts(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """Height of the fluid at the chest wall above the costophrenic angle, and the patient's side."""
        return {
            "height_px": self.height * len(mask),
            "height_mm": self.height * FIELD_OF_VIEW_MM,
            "displaced": self.density,
            "side": "left" if self.side > 0 else "right",
        }
