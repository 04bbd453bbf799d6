"""What the look of a shown map tells: numbers of its bytes, and a classifier that guesses its arm from them.

Pure numpy and scipy. A reader who knows methods can do no less than this; see `leak` for how much that is.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Numbers = NDArray[np.float64]
SCALES = (1.0, 2.0, 4.0, 8.0)
BORDER = 0.05
FEATURES = (
    "compressed size",
    *(f"texture at {scale:g} pixels" for scale in SCALES),
    "flat share",
    "edges",
    "edge peaks",
    "entropy",
    "lit area",
    "strong area",
    "spots",
    "border",
    "spread",
)


def features_of(shown: NDArray[np.uint8]) -> Numbers:
    """One number for each of FEATURES; of a volume, those of its brightest slice."""
    plane = np.asarray(shown)
    if plane.ndim == 3:
        plane = plane[int(plane.astype(np.float64).sum(axis=(1, 2)).argmax())]
    values = plane.astype(np.float64) / 255.0
    down, across = np.diff(values, axis=0), np.diff(values, axis=1)
    steps = np.concatenate([np.abs(down).ravel(), np.abs(across).ravel()])
    edges = float(steps.mean())
    return np.array(
        [
            np.log(len(zlib.compress(np.ascontiguousarray(plane).tobytes(), 6))),
            *_textures(values),
            float((steps == 0).mean()),
            np.log(edges + 1e-6),
            float(np.log((steps**2).mean() + 1e-9) - 2 * np.log(edges + 1e-6)),
            _entropy(plane),
            float((values > 0.02).mean()),
            float((values > 0.5).mean()),
            np.log1p(ndimage.label(values > 0.5)[1]),
            _border(values),
            _spread(values),
        ]
    )


def guessed(train: Numbers, labels: NDArray[np.intp], test: Numbers, *, shrinkage: float = 0.2) -> NDArray[np.intp]:
    """The likeliest label of each test row by linear discriminants with a shrunken pooled covariance.

    Source: Friedman 1989, Regularized discriminant analysis, JASA 84:165. Equal priors: no arm is likelier by count.
    """
    known = np.unique(labels)
    centre, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    rows, asked = (train - centre) / spread, (test - centre) / spread
    means = np.stack([rows[labels == label].mean(axis=0) for label in known])
    within = rows - means[np.searchsorted(known, labels)]
    pooled = within.T @ within / max(1, len(rows) - len(known))
    scale = np.trace(pooled) / len(pooled)
    inverse = np.linalg.inv((1 - shrinkage) * pooled + (shrinkage * scale + 1e-9) * np.eye(len(pooled)))
    away = asked[:, None, :] - means[None, :, :]
    distances = np.einsum("nkf,fg,nkg->nk", away, inverse, away)
    return np.asarray(known[distances.argmin(axis=1)], dtype=np.intp)


def _textures(values: Numbers) -> list[float]:
    """Shares of the variance between one blur and the next, from fine to coarse."""
    whole = float(values.std()) + 1e-6
    finer, found = values, []
    for scale in SCALES:
        coarser = ndimage.gaussian_filter(values, scale, mode="nearest")
        found.append(float((finer - coarser).std()) / whole)
        finer = coarser
    return found


def _entropy(plane: NDArray[Any]) -> float:
    shares = np.bincount(plane.ravel(), minlength=256) / plane.size
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def _border(values: Numbers) -> float:
    """Mean strength in a band along the border against that of the whole."""
    band = max(1, round(BORDER * min(values.shape)))
    inner = values[band:-band, band:-band]
    outside = values.sum() - inner.sum()
    return float(outside / max(1, values.size - inner.size) / (values.mean() + 1e-6))


def _spread(values: Numbers) -> float:
    """How far the strength lies from its own centre, as a share of the image's diagonal."""
    total = float(values.sum())
    if total == 0:
        return 0.0
    rows, columns = np.indices(values.shape)
    row, column = float((rows * values).sum() / total), float((columns * values).sum() / total)
    squared = ((rows - row) ** 2 + (columns - column) ** 2) * values
    return float(np.sqrt(squared.sum() / total) / np.hypot(*values.shape))
