"""NIfTI, turned by its affine to how radiologists look at it.

The third axis of the file stays the axis of slices. Axial slices show the patient's right on the left side and
anterior on top, and go from inferior to superior; coronal slices right on the left side and superior on top, from
anterior to posterior; sagittal slices anterior on the left side and superior on top, from right to left.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform

from portal.catalog.importers.base import Imported, ImportRefused, Limits, Pixels, contiguous, full_window
from portal.catalog.importers.depth import stored

#: From this size on, a file that packs more than this many bytes into one is taken for a bomb.
HARMLESS_BYTES = 64 * 1024**2
LARGEST_RATIO = 200
LARGEST_OFFSET = 1024**2
MOST_VOLUMES = 16
_HEADER = 540  # NIfTI-2's; NIfTI-1's has 348

#: Where columns and rows and slices grow towards, by the axis (left-right, front-back, up-down) of the slices.
_VIEWS = {0: ("P", "I", "L"), 1: ("L", "I", "P"), 2: ("L", "P", "S")}


def read_nifti(path: Path, name: str, limits: Limits) -> tuple[Imported, ...]:
    """One image for each volume of the file."""
    try:
        volume = _loaded(path, name, limits)
        raw = np.asanyarray(volume.dataobj.get_unscaled())
        slope, intercept = float(volume.dataobj.slope), float(volume.dataobj.inter)
    except ImportRefused:
        raise
    except Exception as error:  # a damaged file can break the parser anywhere
        raise ImportRefused(f"{name} is damaged, or no NIfTI file.") from error
    if raw.dtype.kind not in "iuf":
        raise ImportRefused(f"{name} holds values of type {raw.dtype}, which are not read.")
    raw = raw.reshape(raw.shape + (1,) * (3 - raw.ndim)) if raw.ndim < 3 else raw
    raw = raw[..., None] if raw.ndim == 3 else raw.reshape(*raw.shape[:3], -1)
    if raw.shape[3] > MOST_VOLUMES:
        raise ImportRefused(f"{name} holds {raw.shape[3]} volumes; at most {MOST_VOLUMES} are read.")
    affine = np.asarray(volume.affine, float)
    return tuple(_image(raw[..., number], affine, slope, intercept, name) for number in range(raw.shape[3]))


def _image(values: Pixels, affine: Any, slope: float, intercept: float, name: str) -> Imported:
    """`values (i, j, k)` as slices, rows and columns."""
    orientation = io_orientation(affine)
    if np.isnan(orientation).any():
        raise ImportRefused(f"{name} does not say how its axes lie.")
    wanted = axcodes2ornt(_VIEWS[int(orientation[2, 0])])
    turned = apply_orientation(values, ornt_transform(orientation, wanted))
    sizes = np.sqrt((affine[:3, :3] ** 2).sum(0))
    by_axis = {int(axis): float(size) for axis, size in zip(orientation[:, 0], sizes, strict=True)}
    columns, rows, slices = (by_axis[int(axis)] for axis in wanted[:, 0])
    found = stored(name, turned.transpose(2, 1, 0))
    slope, intercept = slope * found.slope, slope * found.intercept + intercept
    pixels = contiguous(found.pixels)
    return Imported(
        pixels,
        bits=found.bits,
        is_signed=found.is_signed,
        slope=slope,
        intercept=intercept,
        row_spacing=rows or None,
        column_spacing=columns or None,
        windows=full_window(pixels, slope, intercept),
        tags={"SpacingBetweenSlices": slices} if pixels.shape[0] > 1 else {},
    )


def _loaded(path: Path, name: str, limits: Limits) -> Any:
    """The file in memory: its header is believed only within the limits, and no byte is read beyond what it says."""
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rb") as stream:
            head = stream.read(_HEADER)
            kind, declared = _declared(head, path, name, limits)
            data = head + stream.read(max(declared - len(head), 0) + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        raise ImportRefused(f"{name} is damaged: it cannot be unpacked.") from error
    if len(data) != declared:
        fault = "more" if len(data) > declared else "less"
        raise ImportRefused(f"{name} is refused: it holds {fault} than the {declared:,} bytes that its header says.")
    return kind.from_bytes(data)


def _declared(head: bytes, path: Path, name: str, limits: Limits) -> tuple[Any, int]:
    """The class that reads the file, and how many bytes its header says it has."""
    kind = _kind(head, name)
    header = kind.header_class(head[: kind.header_class.template_dtype.itemsize], check=False)
    shape = tuple(int(side) for side in header.get_data_shape())
    if not 2 <= len(shape) <= 4:
        raise ImportRefused(f"{name} has {len(shape)} dimensions; 2 to 4 are read.")
    limits.check(name, *shape)
    offset = int(header["vox_offset"])
    if not 0 <= offset <= LARGEST_OFFSET:
        raise ImportRefused(f"{name} is refused: its header puts the pixels {offset:,} bytes into the file.")
    declared = offset + int(np.prod(shape, dtype=np.int64)) * header.get_data_dtype().itemsize
    packed = path.stat().st_size
    if declared > HARMLESS_BYTES and declared > LARGEST_RATIO * packed:
        raise ImportRefused(
            f"{name} is refused: {packed:,} bytes would unpack to {declared:,}, "
            f"which is more than {LARGEST_RATIO} times as many."
        )
    return kind, declared


def _kind(head: bytes, name: str) -> Any:
    sizes = {int.from_bytes(head[:4], order) for order in ("little", "big")} if len(head) >= 348 else set()
    if 540 in sizes:
        return nibabel.Nifti2Image
    if 348 in sizes and head[344:347] == b"n+1":
        return nibabel.Nifti1Image
    raise ImportRefused(f"{name} is damaged, or no NIfTI file in one part.")
