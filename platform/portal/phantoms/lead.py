"""Lead letters in the field: the side marker and the tag that a network may take for a finding."""

from __future__ import annotations

import numpy as np

from portal.phantoms.fields import Field, centres

# Seven rows of five columns, drawn for this purpose.
_GLYPHS = {
    "A": ("01110", "10001", "10001", "11111", "10001", "10001", "10001"),
    "B": ("11110", "10001", "10001", "11110", "10001", "10001", "11110"),
    "E": ("11111", "10000", "10000", "11110", "10000", "10000", "11111"),
    "L": ("10000", "10000", "10000", "10000", "10000", "10000", "11111"),
    "O": ("01110", "10001", "10001", "10001", "10001", "10001", "01110"),
    "P": ("11110", "10001", "10001", "11110", "10000", "10000", "10000"),
    "R": ("11110", "10001", "10001", "11110", "10100", "10010", "10001"),
    "T": ("11111", "00100", "00100", "00100", "00100", "00100", "00100"),
}


def lettering(text: str, size: int, left: float, top: float, height: float, bold: float = 0.0) -> Field:
    """The share of each pixel that `text` covers, `(size, size)`.

    `left`, `top` and `height` are shares of the side; the letters' pixels are square. `bold` thickens each stroke by
    that share of a letter's pixel.
    """
    raster = _raster(text)
    pitch = height / 7
    rows = _overlap(size, top, pitch, len(raster), bold)
    columns = _overlap(size, left, pitch, raster.shape[1], bold)
    return np.minimum(rows @ raster @ columns.T, 1).astype(np.float32)


def width_of(text: str, height: float) -> float:
    """The width of a text set at that height."""
    return (6 * len(text) - 1) * height / 7


def _raster(text: str) -> Field:
    letters = [np.array([[int(bit) for bit in row] + [0] for row in _GLYPHS[letter]]) for letter in text]
    return np.concatenate(letters, 1)[:, :-1].astype(np.float32)


def _overlap(size: int, start: float, pitch: float, count: int, bold: float) -> Field:
    """How much of each pixel `(size,)` each cell `(count,)` covers, in one direction."""
    pixel = centres(size)[:, None]
    low = start + pitch * (np.arange(count) - bold / 2)
    high = low + pitch * (1 + bold)
    half = 0.5 / size
    shared = np.minimum(pixel + half, high) - np.maximum(pixel - half, low)
    return np.clip(shared * size, 0, 1).astype(np.float32)
