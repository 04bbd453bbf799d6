"""An image record as what a screen needs: the payload of the viewer, a thumbnail, a picture under a map."""

from __future__ import annotations

from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from portal.catalog.models import Image
from portal.display import ImagePayload, Sign, Window, image_payload, overlay_png, thumbnail_png
from portal.display.payload import Photometric
from portal.storage import get_array

MADE_OF = ("array", "slices", "photometric", "bits", "slope", "intercept", "row_spacing", "column_spacing", "windows")
MOST_BYTES = 64 * 2**20
"""Of one process, for the images that readers look at just now: half a megabyte each at 512 x 512."""
_REMEMBERED: dict[str, ImagePayload] = {}
_HELD = Lock()


def pixels_of(image: Image) -> NDArray[Any]:
    """Stored values: (rows, columns), (slices, rows, columns), or (rows, columns, 3) for colour."""
    pixels = get_array(image.array)
    return pixels[0] if image.slices == 1 else pixels


def payload_of(image: Image) -> ImagePayload:
    """What the viewer fetches; the last ones are remembered under all that they are made of."""
    key = "/".join(str(getattr(image, name)) for name in MADE_OF)
    with _HELD:
        known = _REMEMBERED.pop(key, None)
    payload = known or _payload(image)
    with _HELD:
        _REMEMBERED[key] = payload
        while len(_REMEMBERED) > 1 and sum(len(each.body) for each in _REMEMBERED.values()) > MOST_BYTES:
            del _REMEMBERED[next(iter(_REMEMBERED))]
    return payload


def _payload(image: Image) -> ImagePayload:
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
