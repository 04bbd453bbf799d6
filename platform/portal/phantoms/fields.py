"""Smooth building blocks on a grid of any size: steps, tubes, blobs, blurs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Field = NDArray[np.floating[Any]]


def centres(size: int) -> Field:
    """The pixel centres of a side of `size` pixels, as shares of that side."""
    return ((np.arange(size) + 0.5) / size).astype(np.float32)


def step(value: ArrayLike, low: Field | float, high: Field | float) -> Field:
    """0 below `low`, 1 above `high`, smooth between (the cubic step); falls where `low > high`."""
    share = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def bulge(value: ArrayLike) -> Field:
    """The chord of a round body: 0 at its edge (value 0), 1 from its middle (value 1) on."""
    rest = 1 - np.clip(np.asarray(value, np.float32), 0, 1)
    return np.sqrt(1 - rest * rest)


def ellipsoid(x: Field, y: Field, centre: tuple[float, float], axes: tuple[float, float], turn: float = 0.0) -> Field:
    """The chord of an ellipsoid seen from the front, 1 in its middle; `turn` in radians, clockwise on the screen."""
    across, down = x - np.float32(centre[0]), y - np.float32(centre[1])
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    first = (across * cosine + down * sine) / np.float32(axes[0])
    second = (down * cosine - across * sine) / np.float32(axes[1])
    return np.sqrt(np.maximum(1 - first * first - second * second, 0))


def bone(distance: Field, half: Field | float, soft: float) -> Field:
    """A hollow tube seen from the side: a dense rim around a lighter core; `distance` from its axis."""
    share = np.abs(distance) / half
    inside = step(share, 1 + soft, 1 - soft)
    return inside * (np.float32(0.62) + np.float32(0.38) * np.minimum(share, 1) ** 3)


def blobs(size: int, x: Field, y: Field, sigma: Field, weight: Field) -> Field:
    """The sum of round Gaussians, `(n,)` each -> `(size, size)`.

    Gaussians separate into rows and columns, which makes the sum one matrix product. One narrower than a pixel is
    widened to it and weakened in proportion, so that every size shows the same amount.
    """
    wide = np.maximum(sigma, np.float32(0.42 / size))
    weight = weight * (sigma / wide) ** 2
    grid = centres(size)[:, None]
    rows = np.exp(-0.5 * ((grid - y) / wide) ** 2)
    columns = np.exp(-0.5 * ((grid - x) / wide) ** 2)
    return (rows * weight) @ columns.T


def blur(image: Field, sigma: float) -> Field:
    """A Gaussian blur of `sigma` (share of the side) that keeps the mean at the edges."""
    grid = centres(len(image))
    kernel = np.exp(-0.5 * ((grid[:, None] - grid) / np.float32(sigma)) ** 2)
    kernel /= kernel.sum(1, keepdims=True)
    return kernel @ image @ kernel.T
