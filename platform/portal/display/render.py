"""The reference renderer: what the browser must show, in numpy."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from portal.display.colours import DIVERGING, SEQUENTIAL
from portal.display.errors import DisplayError, ImageError, MapError
from portal.display.payload import ImageHeader, Voi, Window
from portal.display.sign import ZERO, Sign

Blend = Literal["weighted", "even"]

FloatArray = NDArray[np.float64]


def voi_lut(values: FloatArray, window: Window, voi: Voi = "LINEAR") -> FloatArray:
    """Modality units -> display values in [0, 255], not rounded (DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    centre, width = window.centre, window.width
    if voi == "SIGMOID":
        return np.asarray(255.0 / (1.0 + np.exp(-4.0 * (values - centre) / width)))
    if voi == "LINEAR_EXACT":
        return np.clip(((values - centre) / width + 0.5) * 255.0, 0.0, 255.0)
    if width <= 1.0:  # the ramp has no length: a step
        return np.where(values <= centre - 0.5, 0.0, 255.0)
    return np.clip(((values - (centre - 0.5)) / (width - 1.0) + 0.5) * 255.0, 0.0, 255.0)


def render(
    pixels: NDArray[Any],
    header: ImageHeader,
    window: Window | None = None,
    invert: bool = False,
    saliency: NDArray[np.uint8] | None = None,
    opacity: float = 0.5,
    *,
    blend: Blend = "weighted",
    sign: Sign = "positive",
    slice_index: int = 0,
) -> NDArray[np.uint8]:
    """(rows, columns, 3) uint8 as a screen shows it: modality rescale, window, inversion, then the map on top.

    `pixels` are the stored values given to `image_payload`; `saliency` is a shown map (`Stimulus.array`). `weighted`
    lets the map's strength set its own opacity, so that what it does not point at stays visible; `even` does not.
    """
    if not 0 <= slice_index < header.slices:
        raise ImageError(f"There is no slice {slice_index} among {header.slices}.")
    base = _base(np.asarray(pixels), header, window, slice_index)
    if invert != (header.photometric == "MONOCHROME1"):
        base = 255.0 - base
    if saliency is not None:
        base = _overlaid(base, _plane(saliency, header, slice_index), opacity, blend, sign)
    return np.floor(base + 0.5).astype(np.uint8)


def _base(pixels: NDArray[Any], header: ImageHeader, window: Window | None, index: int) -> FloatArray:
    if header.colour:
        return np.asarray(pixels[..., :3], dtype=np.float64)
    plane = (pixels if pixels.ndim == 3 else pixels[None])[index].astype(np.float64)
    modality = plane * header.slope + header.intercept
    grey = voi_lut(modality, window or header.window, header.voi)
    return np.repeat(grey[..., None], 3, axis=2)


def _plane(saliency: NDArray[np.uint8], header: ImageHeader, index: int) -> NDArray[np.uint8]:
    plane = saliency[index] if saliency.ndim == 3 else saliency
    if plane.shape != (header.rows, header.columns) or saliency.dtype != np.uint8:
        raise MapError(f"The shown map is {plane.shape} {saliency.dtype}, the image {header.rows} x {header.columns}.")
    return plane


def _overlaid(base: FloatArray, plane: NDArray[np.uint8], opacity: float, blend: Blend, sign: Sign) -> FloatArray:
    if not 0.0 <= opacity <= 1.0:
        raise DisplayError(f"Opacity lies between 0 and 1; got {opacity}.")
    if blend not in get_args(Blend):
        raise DisplayError(f"The blend is one of {', '.join(get_args(Blend))}; '{blend}' is none of them.")
    table = DIVERGING if sign == "signed" else SEQUENTIAL
    strength = np.abs(plane.astype(np.float64) - ZERO) / 127.0 if sign == "signed" else plane / 255.0
    alpha = np.full(plane.shape, opacity) if blend == "even" else opacity * np.minimum(strength, 1.0)
    return np.asarray(base + alpha[..., None] * (table[plane].astype(np.float64) - base))
