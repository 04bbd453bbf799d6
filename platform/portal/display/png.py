"""Small pictures for researchers' pages and reports, drawn by the same renderer and colours as the viewer."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portal.display.payload import ImageHeader
from portal.display.render import Blend, render
from portal.display.sign import Sign


def thumbnail_png(pixels: NDArray[Any], header: ImageHeader, *, side: int = 256) -> bytes:
    """The image in its default window (a volume's middle slice), at most `side` pixels long: PNG, no metadata."""
    return _png(render(pixels, header, slice_index=header.slices // 2), header, side)


def overlay_png(
    pixels: NDArray[Any],
    header: ImageHeader,
    saliency: NDArray[np.uint8],
    *,
    opacity: float = 0.5,
    blend: Blend = "weighted",
    sign: Sign = "positive",
    side: int = 512,
) -> bytes:
    """The image with a shown map (`Stimulus.array`) over it, at most `side` pixels long, as PNG without metadata."""
    middle = header.slices // 2
    picture = render(pixels, header, saliency=saliency, opacity=opacity, blend=blend, sign=sign, slice_index=middle)
    return _png(picture, header, side)


def _png(picture: NDArray[np.uint8], header: ImageHeader, side: int) -> bytes:
    row_mm, column_mm = header.spacing or (1.0, 1.0)
    width, height = header.columns * column_mm, header.rows * row_mm
    scale = min(side, max(header.columns, header.rows)) / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(picture)
    if size != image.size:
        image = image.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
