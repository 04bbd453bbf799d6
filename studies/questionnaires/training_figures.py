"""The figures of the page on heatmaps: phantoms with colour painted over them by hand, no method behind it.

    python -m studies.questionnaires.training_figures

writes them anew beside the reading room's other static files.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from foundation.seeds import derive
from portal.display import Window, image_payload, render
from portal.phantoms import HIGHEST, Phantom, PhantomSpec, draw

FOLDER = Path(__file__).resolve().parents[1] / "static" / "studies" / "training"
SIDE = 320
QUALITY = 84
SEED = 20_261
FIGURES = ("on-finding", "beside-finding", "on-marker", "grainy")

Heat = NDArray[np.float64]


def figure(name: str) -> NDArray[np.uint8]:
    """`(320, 320, 3)`: the figure of this name; ValueError for any other."""
    if name not in FIGURES:
        raise ValueError(f"There is no figure called '{name}'.")
    shown = _phantom(name)
    header = image_payload(shown.pixels, window=Window((HIGHEST + 1) / 2, HIGHEST + 1)).header
    heat = np.round(255 * np.clip(_heat(name, shown), 0, 1)).astype(np.uint8)
    return render(shown.pixels, header, saliency=heat, opacity=0.6)


def figure_webp(name: str) -> bytes:
    """The figure as WebP."""
    buffer = io.BytesIO()
    Image.fromarray(figure(name)).save(buffer, format="WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


def _phantom(name: str) -> Phantom:
    marked = name == "on-marker"
    return draw(PhantomSpec(SEED, None if marked else 2, tag=marked), SIDE)


def _heat(name: str, shown: Phantom) -> Heat:
    row, column = _centre(name, shown)
    if name == "beside-finding":
        column = SIDE - column  # the other lung
    if name != "grainy":
        return _blob(row, column, SIDE / (16 if name == "on-marker" else 11))
    rng = np.random.default_rng(derive(SEED, "grainy"))
    grains = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), 1.6)
    return np.asarray(np.clip(grains / grains.max() - 0.15, 0, 1) * 2.2)


def _centre(name: str, shown: Phantom) -> tuple[float, float]:
    """Where the nodule lies, or the marker: what differs from the same phantom without it."""
    if name == "on-marker":
        plain = draw(PhantomSpec(SEED, None, tag=False), SIDE)
        apart = np.abs(shown.pixels.astype(float) - plain.pixels) > 0.2 * HIGHEST
        row, column = ndimage.center_of_mass(apart)
    else:
        row, column = ndimage.center_of_mass(shown.mask)
    return float(row), float(column)


def _blob(row: float, column: float, width: float) -> Heat:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.asarray(np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2)))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in FIGURES:
        (FOLDER / f"{each}.webp").write_bytes(figure_webp(each))
