"""A hint, never the authority: does something near an image's edges look like a line of text?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from portal.catalog.importers.base import Pixels

#: Text is looked for in this share of the image along each edge.
BAND = 0.25
#: Side markers have one or two letters; this many glyphs in a row are a word.
WORD = 4
_TALLEST = 0.07  # glyph height, of the image's larger side
_CONTRAST = 0.25  # of the range between the 1st and the 99.9th percentile


def text_near_edges(pixels: Pixels) -> str:
    """Where glyph-like shapes stand in a row, in the first slice: "top", "bottom", "left", "right", or "" nowhere."""
    plane = pixels[0].astype(np.float32)
    if plane.ndim == 3:
        plane = plane.max(2)
    low, high = np.percentile(plane, (1, 99.9))
    if high <= low:
        return ""
    plane = (plane - low) / (high - low)
    tallest = max(8, round(_TALLEST * max(plane.shape)))
    for polarity in (plane, -plane):
        background = ndimage.grey_opening(polarity, size=(tallest, tallest))
        for edge, count in _words((polarity - background) > _CONTRAST, tallest).items():
            if count >= WORD:
                return edge
    return ""


def _words(strokes: NDArray[np.bool_], tallest: int) -> dict[str, int]:
    """The most glyphs in one row, by edge."""
    rows, columns = strokes.shape
    labels, _ = ndimage.label(strokes, structure=np.ones((3, 3)))
    glyphs: dict[str, list[tuple[float, float, float, float]]] = {}
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        top, bottom, left, right = box[0].start, box[0].stop, box[1].start, box[1].stop
        height, width = bottom - top, right - left
        filled = float((labels[box] == number).mean())
        if not (4 <= height <= tallest and width <= 1.6 * height and 0.12 <= filled <= 0.95):
            continue
        edge = _edge((top + bottom) / 2 / rows, (left + right) / 2 / columns)
        if edge:
            glyphs.setdefault(edge, []).append((top, bottom, left, right))
    return {edge: _longest_row(found) for edge, found in glyphs.items()}


def _edge(down: float, across: float) -> str:
    if down < BAND:
        return "top"
    if down > 1 - BAND:
        return "bottom"
    if across < BAND:
        return "left"
    return "right" if across > 1 - BAND else ""


def _longest_row(glyphs: list[tuple[float, float, float, float]]) -> int:
    """The longest chain of glyphs of like height, on one line, no further apart than twice their height."""
    ordered = sorted(glyphs, key=lambda glyph: glyph[2])
    lengths = [1] * len(ordered)
    for place, (top, bottom, left, _right) in enumerate(ordered):
        for before in range(place):
            its_top, its_bottom, _, its_right = ordered[before]
            height, its_height = bottom - top, its_bottom - its_top
            alike = max(height, its_height) <= 1.4 * min(height, its_height)
            level = abs(bottom - its_bottom) <= 0.3 * height
            if alike and level and 0 <= left - its_right <= 2 * height:
                lengths[place] = max(lengths[place], lengths[before] + 1)
    return max(lengths, default=0)
