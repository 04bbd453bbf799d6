"""The two colour tables, computed once and written out for the browser: one for strength, one for signed maps.

Both are drawn in OKLab (Ottosson 2020), where distance is close to perceived difference: the first climbs in lightness
from dark violet over teal to yellow, so that its order survives grey print and colour blindness; the second leaves a
dark neutral middle for blue (against) and orange (for).

`PYTHONPATH=platform python -c "from portal.display import colours; colours.write()"` writes the browser's copy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

FloatArray = NDArray[np.float64]

BROWSER_COPY = Path(__file__).resolve().parents[1] / "static" / "portal" / "viewer" / "colours.js"

# OKLab to linear sRGB: https://bottosson.github.io/posts/oklab/
_TO_LMS = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def linear_rgb(lightness: FloatArray, chroma: FloatArray, hue: FloatArray) -> FloatArray:
    """OKLCH (hue in degrees) -> linear sRGB, (n, 3), not clipped."""
    angle = np.deg2rad(hue)
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=1)
    return np.asarray(((lab @ _TO_LMS.T) ** 3) @ _TO_RGB.T)


def largest_chroma(lightness: FloatArray, hue: FloatArray) -> FloatArray:
    """The most chroma that sRGB can show, by bisection."""
    low, high = np.zeros_like(lightness), np.full_like(lightness, 0.4)
    for _ in range(30):
        middle = (low + high) / 2
        rgb = linear_rgb(lightness, middle, hue)
        inside = ((rgb >= 0) & (rgb <= 1)).all(axis=1)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return low


def to_bytes(rgb: FloatArray) -> NDArray[np.uint8]:
    """Linear sRGB -> gamma-encoded bytes."""
    clipped = np.clip(rgb, 0.0, 1.0)
    encoded = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255).astype(np.uint8)


def sequential() -> NDArray[np.uint8]:
    """(256, 3): lightness rises evenly, violet -> teal -> green -> yellow."""
    t = np.linspace(0.0, 1.0, 256)
    lightness, hue = 0.24 + 0.70 * t, 300.0 - 196.0 * t**0.92
    limit = largest_chroma(lightness, hue)
    chroma = np.minimum(gaussian_filter1d(np.minimum(limit * 0.96, 0.17), 14, mode="nearest"), limit)
    return to_bytes(linear_rgb(lightness, chroma, hue))


def diverging() -> NDArray[np.uint8]:
    """(256, 3): entry 128 is neutral and darkest; blue below it, orange above."""
    t = (np.arange(256) - 128) / 127.0
    strength = np.minimum(np.abs(t), 1.0)
    lightness, hue = 0.30 + 0.48 * strength, np.where(t < 0, 240.0, 62.0)
    chroma = np.minimum(0.15 * strength, largest_chroma(lightness, hue) * 0.98)
    return to_bytes(linear_rgb(lightness, chroma, hue))


SEQUENTIAL = sequential()
DIVERGING = diverging()


def javascript() -> str:
    """The browser's copy, as an ES module."""
    return (
        "/** Colour tables of 256 RGB triplets, written by portal.display.colours.write(); do not edit. */\n\n"
        f"{_constant('SEQUENTIAL', SEQUENTIAL)}\n{_constant('DIVERGING', DIVERGING)}"
    )


def _constant(name: str, table: NDArray[np.uint8]) -> str:
    numbers = [str(int(value)) for value in table.ravel()]
    lines = ",\n".join("  " + ", ".join(numbers[start : start + 24]) for start in range(0, len(numbers), 24))
    return f"/** @type {{Uint8Array}} */\nexport const {name} = new Uint8Array([\n{lines},\n]);\n"


def write() -> None:
    """Write the browser's copy."""
    BROWSER_COPY.write_text(javascript(), encoding="utf-8")
