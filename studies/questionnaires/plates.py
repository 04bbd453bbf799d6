"""Plates for a colour-vision screening: a figure of dots that differ from those around it in hue alone.

The hues of figure and ground lie on one confusion line: a straight line in the CIE 1931 chromaticity diagram through
the copunctal point of one kind of dichromat, who cannot tell hues along it apart (Wyszecki & Stiles 1982, table
1(5.14.2)). Lightness is drawn at random for each dot, so that it gives nothing away (the principle of Stilling and
Ishihara; figures and plates are our own). Screens differ: a plate can flag a reader, and prove nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from foundation.seeds import derive

FIGURES = ("ring", "square", "triangle", "cross")
PLATES = ("protan", "deutan", "tritan")
COPUNCTAL = {"protan": (0.7465, 0.2535), "deutan": (1.4, -0.4), "tritan": (0.1748, 0.0)}
MIDDLE = {"protan": (0.340, 0.345), "deutan": (0.345, 0.350), "tritan": (0.315, 0.320)}
"""Chromaticity halfway between figure and ground; both ends lie within sRGB."""
REACH = {"protan": 0.075, "deutan": 0.075, "tritan": 0.070}
LIGHTNESS = (0.16, 0.32)
SIDE = 420
OVERSAMPLED = 2
GROUND = (24, 27, 30)

Points = NDArray[np.float64]


def plate_png(kind: str, figure: str, seed: int) -> bytes:
    """The plate as PNG without metadata, `SIDE` pixels square; the same for the same arguments."""
    rng = np.random.default_rng(derive(seed, "plate", kind))
    dots = _dots(rng)
    within = INSIDE[figure](dots[:, 0], dots[:, 1])
    colours = srgb(hues(kind, within, rng), rng.uniform(*LIGHTNESS, len(dots)))
    picture = Image.new("RGB", (SIDE * OVERSAMPLED, SIDE * OVERSAMPLED), GROUND)
    pen = ImageDraw.Draw(picture)
    scale = SIDE * OVERSAMPLED / 2
    for (x, y, radius), colour in zip(dots, colours, strict=True):
        left, top = scale * (1 + x - radius), scale * (1 + y - radius)
        pen.ellipse((left, top, left + 2 * scale * radius, top + 2 * scale * radius), fill=tuple(map(int, colour)))
    buffer = io.BytesIO()
    picture.resize((SIDE, SIDE), Image.Resampling.BOX).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def hues(kind: str, within: NDArray[np.bool_], rng: np.random.Generator) -> Points:
    """Chromaticities `(n, 2)` of dots: on the confusion line, one side of the middle in the figure, the other out."""
    middle, towards = np.array(MIDDLE[kind]), np.array(COPUNCTAL[kind])
    line = (towards - middle) / np.linalg.norm(towards - middle)
    reach = REACH[kind] * rng.uniform(0.7, 1.0, len(within)) * np.where(within, 0.5, -0.5)
    return np.asarray(middle + reach[:, None] * line)


def srgb(chromaticity: Points, luminance: Points) -> NDArray[np.uint8]:
    """CIE xy `(n, 2)` and Y (1 for white) as 8-bit sRGB (IEC 61966-2-1)."""
    x, y = chromaticity[:, 0], chromaticity[:, 1]
    xyz = np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=1) * luminance[:, None]
    linear = np.clip(xyz @ FROM_XYZ.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * encoded), dtype=np.uint8)


FROM_XYZ = np.array(
    [[3.2406255, -1.5372080, -0.4986286], [-0.9689307, 1.8757561, 0.0415175], [0.0557101, -0.2040211, 1.0569959]]
)


def _dots(rng: np.random.Generator) -> Points:
    """Dots `(n, 3)` as x, y and radius within the unit disc, none touching another; large ones first."""
    placed = np.zeros((0, 3))
    for radius in (0.055, 0.042, 0.030):
        for x, y in rng.uniform(-1, 1, (1600, 2)):
            gaps = np.hypot(placed[:, 0] - x, placed[:, 1] - y) - placed[:, 2] - radius
            if np.hypot(x, y) + radius < 0.98 and (gaps > 0.008).all():
                placed = np.vstack([placed, (x, y, radius)])
    return placed


def _ring(x: Points, y: Points) -> NDArray[np.bool_]:
    return np.asarray(np.abs(np.hypot(x, y) - 0.48) < 0.15)


def _square(x: Points, y: Points) -> NDArray[np.bool_]:
    return np.asarray(np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.43) < 0.14)


def _triangle(x: Points, y: Points) -> NDArray[np.bool_]:
    """Distance to the nearest side, measured from the middle, of a triangle standing on its base."""
    sides = np.max([y, -0.5 * y + 0.866 * x, -0.5 * y - 0.866 * x], axis=0)
    return np.asarray(np.abs(sides - 0.30) < 0.12)


def _cross(x: Points, y: Points) -> NDArray[np.bool_]:
    arms = np.minimum(np.abs(x), np.abs(y)) < 0.15
    return np.asarray(arms & (np.maximum(np.abs(x), np.abs(y)) < 0.66))


INSIDE: dict[str, Callable[[Points, Points], NDArray[np.bool_]]] = {
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
}
