"""The image as it is sent: raw little-endian pixels and a header that says how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from portal.display.errors import ImageError

Photometric = Literal["MONOCHROME1", "MONOCHROME2", "RGB"]
Voi = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]

SIGNED_OFFSET = 32768


@dataclass(frozen=True)
class Window:
    """A window in modality units (Hounsfield for CT): its centre, its width, and what it is called."""

    centre: float
    width: float
    name: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.centre) and np.isfinite(self.width)) or self.width <= 0:
            raise ImageError("A window has a finite centre and a width above zero.")


@dataclass(frozen=True)
class ImageHeader:
    """How to read the pixels that follow.

    `format` is `uint16` (little-endian, slices x rows x columns) or `rgba8`. A stored value s means
    `(s - offset) * slope + intercept` modality units; `offset` is 32768 where the image's values are signed.
    `spacing` is (between rows, between columns) in millimetres. `range` is the lowest and highest modality value.
    """

    rows: int
    columns: int
    slices: int
    bits: int
    format: Literal["uint16", "rgba8"]
    photometric: Photometric
    offset: int
    slope: float
    intercept: float
    spacing: tuple[float, float] | None
    range: tuple[float, float]
    voi: Voi
    window: Window
    presets: tuple[Window, ...]

    @property
    def colour(self) -> bool:
        """Whether pixels are colours, which no window applies to."""
        return self.format == "rgba8"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; what the browser reads."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class ImagePayload:
    """The bytes of an image and its header."""

    body: bytes
    header: ImageHeader


def image_payload(
    pixels: NDArray[Any],
    *,
    photometric: Photometric = "MONOCHROME2",
    bits: int | None = None,
    slope: float = 1.0,
    intercept: float = 0.0,
    spacing: tuple[float, float] | None = None,
    voi: Voi | None = None,
    window: Window | None = None,
    presets: Sequence[Window] = (),
) -> ImagePayload:
    """Pack stored values (before the modality rescale) for the browser.

    `pixels` is (rows, columns) or (slices, rows, columns) of integers within 16 bits, signed or not; or (rows,
    columns, 3) uint8 for RGB. Without a window the middle 99 % of values are shown. Windows are DICOM's LINEAR
    unless `voi` says otherwise; but where none is given and the values span less than 16 units, LINEAR, which thinks
    in whole units, would be coarse, and LINEAR_EXACT is used.
    """
    if photometric not in get_args(Photometric):
        raise ImageError(f"The photometric interpretation '{photometric}' is not one of {get_args(Photometric)}.")
    if photometric == "RGB":
        return _colour(np.asarray(pixels), spacing)
    stored, offset, width = _stored(np.asarray(pixels))
    modality = (stored.astype(np.float64) - offset) * slope + intercept
    low, high = float(modality.min()), float(modality.max())
    given = window is not None or len(presets) > 0
    voi = voi or ("LINEAR_EXACT" if high - low < 16.0 and not given else "LINEAR")
    shown = window or (presets[0] if presets else _default_window(modality, voi))
    header = ImageHeader(
        rows=stored.shape[1],
        columns=stored.shape[2],
        slices=stored.shape[0],
        bits=bits or width,
        format="uint16",
        photometric=photometric,
        offset=offset,
        slope=float(slope),
        intercept=float(intercept),
        spacing=_spacing(spacing),
        range=(low, high),
        voi=voi,
        window=shown,
        presets=tuple(presets),
    )
    return ImagePayload(stored.astype("<u2").tobytes(), header)


def _stored(pixels: NDArray[Any]) -> tuple[NDArray[np.uint16], int, int]:
    """(slices, rows, columns) uint16, what was added to make it unsigned, and the stored width in bits."""
    if pixels.ndim not in (2, 3) or 0 in pixels.shape:
        raise ImageError(f"A grey image has two dimensions, or three with slices; this one has shape {pixels.shape}.")
    if pixels.dtype.kind not in "iu":
        raise ImageError(f"An image is sent as it was stored, in integers; this one holds {pixels.dtype}.")
    low, high = int(pixels.min()), int(pixels.max())
    signed = pixels.dtype.kind == "i"
    offset = SIGNED_OFFSET if signed else 0
    if low + offset < 0 or high + offset > 65535:
        raise ImageError(f"Stored values fit in 16 bits; these run from {low} to {high}.")
    volume = pixels if pixels.ndim == 3 else pixels[None]
    return (volume.astype(np.int64) + offset).astype(np.uint16), offset, min(16, 8 * pixels.dtype.itemsize)


def _default_window(modality: NDArray[np.float64], voi: Voi) -> Window:
    low, high = (float(v) for v in np.percentile(modality, (0.5, 99.5)))
    if voi == "LINEAR":  # C.11.2.1.2.1: the ramp runs from centre - width/2 to centre + width/2 - 1
        return Window(centre=(low + high) / 2 + 0.5, width=high - low + 1.0)
    return Window(centre=(low + high) / 2, width=max(high - low, 1e-6))


def _spacing(spacing: tuple[float, float] | None) -> tuple[float, float] | None:
    if spacing is None:
        return None
    rows, columns = float(spacing[0]), float(spacing[1])
    if not (rows > 0 and columns > 0 and np.isfinite(rows) and np.isfinite(columns)):
        raise ImageError("Pixel spacing is two lengths above zero.")
    return rows, columns


def _colour(pixels: NDArray[Any], spacing: tuple[float, float] | None) -> ImagePayload:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise ImageError(f"A colour image is (rows, columns, 3) uint8; got {pixels.shape} {pixels.dtype}.")
    rows, columns = pixels.shape[:2]
    opaque = np.full((rows, columns, 1), 255, dtype=np.uint8)
    header = ImageHeader(
        rows=rows,
        columns=columns,
        slices=1,
        bits=8,
        format="rgba8",
        photometric="RGB",
        offset=0,
        slope=1.0,
        intercept=0.0,
        spacing=_spacing(spacing),
        range=(0.0, 255.0),
        voi="LINEAR",
        window=Window(128.0, 256.0),
        presets=(),
    )
    return ImagePayload(np.concatenate([pixels, opaque], axis=2).tobytes(), header)
