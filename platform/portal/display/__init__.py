"""What a reader is shown: raw images and saliency maps become bytes, by rules that are the same for every map.

Nothing here knows a method's name. A map comes in as floats, leaves as bytes whose number depends on the image alone,
and a record (for the researcher, never for the reader) says what was done to it.
"""

from __future__ import annotations

from portal.display.errors import DisplayError, ImageError, MapError
from portal.display.harmonised import harmonised
from portal.display.native import native
from portal.display.payload import ImageHeader, ImagePayload, Window, image_payload
from portal.display.png import overlay_png, thumbnail_png
from portal.display.presentations import PRESENTATIONS, seen
from portal.display.render import render
from portal.display.sign import Sign
from portal.display.stimulus import Stimulus

__all__ = [
    "PRESENTATIONS",
    "DisplayError",
    "ImageError",
    "ImageHeader",
    "ImagePayload",
    "MapError",
    "Sign",
    "Stimulus",
    "Window",
    "harmonised",
    "image_payload",
    "native",
    "overlay_png",
    "render",
    "seen",
    "thumbnail_png",
]
