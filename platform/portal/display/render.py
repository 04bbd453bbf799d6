"""The reference renderer: what the browser must show, in numpy."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from portal.display.colours import DIVERGING, SEQUENTIAL
from portal.display.errors import DisplayError, ImageError, MapError
from portal.display.payload import ImageHeader, Voi, Window
from portal.display.sign import ZERO, Sign

Blend = Literal["weighted", "even", "lines"]

LINE_HALF = 0.75
"""Half the width of a line of equal strength, in pixels."""
CASING, CASING_WIDTH = 0.6, 1.0
"""How dark the casing beside a line is, and how wide in pixels."""
LINES = ((63.5, 110), (127.5, 180), (191.5, 250))
"""Values of a map at which lines run (a quarter, half, three quarters of its strength), and their colours' entries."""
SIGNED_LINES = ((32.5, 3), (64.5, 38), (96.5, 73), (159.5, 183), (191.5, 218), (223.5, 253))

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
    threshold: float = 0.0,
    slice_index: int = 0,
) -> NDArray[np.uint8]:
    """(rows, columns, 3) uint8 as a screen shows it: modality rescale, window, inversion, then the map on top.

    `pixels` are the stored values given to `image_payload`; `saliency` is a shown map (`Stimulus.array`). `weighted`
    lets the map's strength set its own opacity, so that what it does not point at stays visible; `even` does not;
    `lines` draws lines of equal strength alone. What is weaker than `threshold` (0 to 1) is not shown.
    """
    if not 0 <= slice_index < header.slices:
        raise ImageError(f"There is no slice {slice_index} among {header.slices}.")
    base = _base(np.asarray(pixels), header, window, slice_index)
    if invert != (header.photometric == "MONOCHROME1"):
        base = 255.0 - base
    if saliency is not None:
        base = _overlaid(base, _plane(saliency, header, slice_index), opacity, blend, sign, threshold)
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


def _overlaid(
    base: FloatArray, plane: NDArray[np.uint8], opacity: float, blend: Blend, sign: Sign, threshold: float
) -> FloatArray:
    if not (0.0 <= opacity <= 1.0 and 0.0 <= threshold <= 1.0):
        raise DisplayError(f"Opacity and threshold lie between 0 and 1; got {opacity} and {threshold}.")
    if blend not in get_args(Blend):
        raise DisplayError(f"The blend is one of {', '.join(get_args(Blend))}; '{blend}' is none of them.")
    full = 127.0 if sign == "signed" else 255.0
    cut = np.floor(threshold * full + 0.5) - 0.5 if threshold > 0 else -1.0
    values = plane.astype(np.float64)
    if blend == "lines":
        return _lined(base, values, opacity, sign, cut)
    strength = _strength(values, sign)
    alpha = np.full(plane.shape, opacity) if blend == "even" else opacity * np.minimum(strength / full, 1.0)
    return _mixed(base, _table(sign)[plane], np.where(strength < cut, 0.0, alpha))


def _lined(base: FloatArray, values: FloatArray, opacity: float, sign: Sign, cut: float) -> FloatArray:
    """Lines where the map crosses a level, as wide on a steep slope as on a gentle one, with a dark casing."""
    slope = np.maximum(np.hypot(_change(values, 1), _change(values, 0)), 0.001)
    lines = [
        line for line in (SIGNED_LINES if sign == "signed" else LINES) if _strength(np.array(line[0]), sign) >= cut
    ]
    if not lines:
        return base
    levels, entries = np.array(lines).T
    away = np.abs(values[..., None] - levels) / slope[..., None]
    nearest, colours = away.min(axis=-1), _table(sign)[entries[away.argmin(axis=-1)].astype(int)]
    most = min(1.0, 2.0 * opacity)  # lines are thin: half the opacity already draws them fully
    cased = _mixed(base, np.zeros(3), CASING * most * np.clip(LINE_HALF + CASING_WIDTH + 0.5 - nearest, 0.0, 1.0))
    return _mixed(cased, colours, most * np.clip(LINE_HALF + 0.5 - nearest, 0.0, 1.0))


def _change(values: FloatArray, axis: int) -> FloatArray:
    """Per pixel along an axis, over two pixels to either side: a map in steps of one has a slope all the same."""
    count = values.shape[axis]
    one, two = np.maximum(np.arange(count) - 2, 0), np.minimum(np.arange(count) + 2, count - 1)
    apart = np.maximum(two - one, 1).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray((values.take(two, axis) - values.take(one, axis)) / apart)


def _strength(values: FloatArray, sign: Sign) -> FloatArray:
    """How far from nothing, in steps of the map."""
    return np.abs(values - ZERO) if sign == "signed" else values


def _table(sign: Sign) -> NDArray[np.uint8]:
    return DIVERGING if sign == "signed" else SEQUENTIAL


def _mixed(base: FloatArray, colours: NDArray[Any], alpha: FloatArray) -> FloatArray:
    return np.asarray(base + alpha[..., None] * (colours.astype(np.float64) - base))
