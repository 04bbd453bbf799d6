"""An image record as what a screen needs: the payload of the viewer, a thumbnail, a picture under a map."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from portal.catalog.models import Image
from portal.display import ImagePayload, Sign, Window, image_payload, overlay_png, thumbnail_png
from portal.display.payload import Photometric
from portal.storage import get_array


def pixels_of(image: Image) -> NDArray[Any]:
    """Stored values: (rows, columns), (slices, rows, columns), or (rows, columns, 3) for colour."""
    pixels = get_array(image.array)
    return pixels[0] if image.slices == 1 else pixels


def payload_of(image: Image) -> ImagePayload:
    """What the viewer fetches."""
    windows = [Window(float(each["center"]), float(each["width"]), str(each["name"])) for each in image.windows]
    spacing = None
    if image.row_spacing and image.column_spacing:
        spacing = (image.row_spacing, image.column_spacing)
    return image_payload(
        pixels_of(image),
        photometric=cast(Photometric, image.photometric),
        bits=image.bits,
        slope=image.slope,
        intercept=image.intercept,
        spacing=spacing,
        presets=windows,
    )


def thumbnail_of(image: Image, side: int = 256) -> bytes:
    """A small PNG of the image in its default window."""
    return thumbnail_png(pixels_of(image), payload_of(image).header, side=side)


def overlay_of(image: Image, shown: NDArray[np.uint8], sign: Sign = "positive", side: int = 512) -> bytes:
    """A PNG of the image under a displayed map (uint8, rows x columns)."""
    return overlay_png(pixels_of(image), payload_of(image).header, shown, sign=sign, side=side)
