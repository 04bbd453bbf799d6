"""A nodule: where it lies, what it adds, and which pixels are its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portal.phantoms.anatomy import Build, in_lungs
from portal.phantoms.fields import Field, centres
from portal.phantoms.spec import LADDER, PhantomError


@dataclass(frozen=True)
class Nodule:
    """Place and radius as shares of the side, peak attenuation in nepers, and the waves of its outline."""

    x: float
    y: float
    radius: float
    contrast: float
    lobes: tuple[float, float, float, float]

    @classmethod
    def place(cls, build: Build, level: int, rng: np.random.Generator, weight: float = 1.0) -> Nodule:
        """A nodule of that level somewhere in the lung fields; place and shape do not depend on the level."""
        size, strength = rng.random(2)
        lobes = (*rng.uniform(0.02, 0.08, 2), *rng.uniform(0, 2 * np.pi, 2))
        step = LADDER[level - 1]
        radius = step.radius[0] + size * (step.radius[1] - step.radius[0])
        contrast = weight * (step.contrast[0] + strength * (step.contrast[1] - step.contrast[0]))
        for _ in range(1000):
            x, y = rng.uniform((0.08, 0.14), (0.92, 0.80))
            if all(
                in_lungs(build, x + dx, y + dy) for dx, dy in ((0, 0), (-0.04, 0), (0.04, 0), (0, -0.04), (0, 0.04))
            ):
                return cls(float(x), float(y), float(radius), float(contrast), lobes)
        raise PhantomError("This build has no room for a nodule in its lungs.")

    def shape(self, size: int) -> tuple[Field, NDArray[np.bool_]]:
        """Attenuation and exact mask, `(size, size)` each; the attenuation is 0 outside the mask."""
        across, down = centres(size)[None, :] - self.x, centres(size)[:, None] - self.y
        angle = np.arctan2(down, across)
        second, third, turn, twist = self.lobes
        edge = self.radius * (1 + second * np.cos(2 * angle + turn) + third * np.cos(3 * angle + twist))
        share = (across * across + down * down) / (edge * edge)
        mask = share < 1
        return (self.contrast * np.sqrt(np.maximum(1 - share, 0))).astype(np.float32), mask
