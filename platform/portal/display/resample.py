"""Bilinear resampling between pixel grids that cover the same field of view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weights(source: int, target: int) -> NDArray[np.float64]:
    """The (target, source) matrix of one axis.

    Pixel centres lie at i + 0.5 (`align_corners=False`), edges are repeated. When the grid gets coarser the triangle
    widens with it, so that every source pixel counts.
    """
    step = source / target
    reach = max(step, 1.0)
    centres = (np.arange(target) + 0.5) * step - 0.5
    if step <= 1.0:  # beyond the outer centres the edge pixel itself is shown
        centres = np.clip(centres, 0.0, source - 1.0)
    matrix = np.maximum(0.0, 1.0 - np.abs(np.arange(source)[None, :] - centres[:, None]) / reach)
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True))


def resample(values: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """(..., h, w) -> (..., rows, columns), bilinear; unchanged where the grid is the same."""
    down, across = weights(values.shape[-2], rows), weights(values.shape[-1], columns)
    return np.asarray(down @ values @ across.T)
