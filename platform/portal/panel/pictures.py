"""Small pictures as responses: kept in the researcher's own browser, found again by the content that made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from numpy.typing import NDArray

from foundation.provenance import digest_of
from portal.catalog.models import Image
from portal.catalog.pictures import overlay_of, payload_of, pixels_of, thumbnail_of
from portal.display import native, thumbnail_png
from portal.display.errors import DisplayError
from portal.explanations.models import Explanation
from portal.explanations.selectors import map_of
from portal.storage import get_array
from portal.storage.arrays import MissingArray

#: Raised when the same record would be drawn otherwise.
DRAWING = 1
SIDES = (96, 256, 512, 768)


def side_of(request: HttpRequest, usual: int = 256) -> int:
    """The longer side that was asked for by `?side=`, in pixels; 404 for one that we do not draw."""
    asked = request.GET.get("side", str(usual))
    if asked not in map(str, SIDES):
        raise Http404
    return int(asked)


def picture(request: HttpRequest, contents: list[object], draw: Callable[[], bytes]) -> HttpResponse:
    """A PNG whose tag is the hash of what it is drawn from; drawn only where the browser does not hold it."""
    tag = f'"{digest_of([DRAWING, *contents])}"'
    response: HttpResponse
    if tag in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    else:
        try:
            response = HttpResponse(draw(), content_type="image/png")
        except (MissingArray, DisplayError):
            raise Http404 from None
    response["ETag"] = tag
    response["Cache-Control"] = "private, max-age=3600"
    return response


def contents_of(image: Image) -> list[object]:
    """What decides how an image looks."""
    return [image.array, image.photometric, image.bits, image.slope, image.intercept, image.windows]


def slice_png(image: Image, index: int, side: int) -> bytes:
    """One slice of a volume."""
    header = replace(payload_of(image).header, slices=1)
    return thumbnail_png(pixels_of(image)[index], header, side=side)


def plain_picture(request: HttpRequest, image: Image) -> HttpResponse:
    """The image alone, in its default window: the middle slice, or the one asked for by `?slice=`."""
    side = side_of(request)
    index = request.GET.get("slice", "")
    if not index or image.slices == 1:
        return picture(request, [*contents_of(image), side], lambda: thumbnail_of(image, side))
    if not index.isdecimal() or int(index) >= image.slices:
        raise Http404
    return picture(request, [*contents_of(image), side, index], lambda: slice_png(image, int(index), side))


def mask_picture(request: HttpRequest, image: Image, mask: str) -> HttpResponse:
    """The image with a (rows, columns) mask over it."""
    side = side_of(request, 512)

    def draw() -> bytes:
        lit: NDArray[np.uint8] = get_array(mask).astype(bool).astype(np.uint8) * 255
        return overlay_of(image, native(lit, rows=image.rows, columns=image.columns, ceiling=100).array, side=side)

    return picture(request, [*contents_of(image), mask, side], draw)


def map_picture(request: HttpRequest, explanation: Explanation) -> HttpResponse:
    """The image with a map over it, in the native presentation."""
    side, image = side_of(request, 512), explanation.image

    def draw() -> bytes:
        shown = native(map_of(explanation), rows=image.rows, columns=image.columns)
        return overlay_of(image, shown.array, side=side)

    return picture(request, [*contents_of(image), explanation.array, side], draw)
