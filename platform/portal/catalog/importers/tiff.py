"""TIFF, 8 and 16 bits and floating point; pages are slices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from portal.catalog.importers.base import Imported, ImportRefused, Limits, Pixels, contiguous, full_window, quiet
from portal.catalog.importers.depth import inverted, stored

# How rows and columns lie by the tag Orientation (TIFF 6.0, section 8): turned back to 1, top left.
_TURNS: dict[int, Any] = {
    1: lambda page: page,
    2: lambda page: page[:, ::-1],
    3: lambda page: page[::-1, ::-1],
    4: lambda page: page[::-1],
    5: lambda page: page.swapaxes(0, 1),
    6: lambda page: page.swapaxes(0, 1)[:, ::-1],
    7: lambda page: page.swapaxes(0, 1)[::-1, ::-1],
    8: lambda page: page.swapaxes(0, 1)[::-1],
}


def read_tiff(path: Path, name: str, limits: Limits) -> tuple[Imported, ...]:
    """One image; all pages must be alike."""
    try:
        with quiet("tifffile"), tifffile.TiffFile(path) as file:
            pages = _pages(file, name, limits)
            arrays = [_turned(page, name) for page in pages]
            photometric = pages[0].photometric
    except ImportRefused:
        raise
    except Exception as error:  # a damaged file can break the decoder anywhere
        raise ImportRefused(f"{name} is damaged, or compressed in a way that is not read.") from error
    values = np.stack(arrays)
    if values.ndim == 4:
        return (_colour(values, name),)
    found = stored(name, values)
    pixels, slope, intercept = found.pixels, found.slope, found.intercept
    if photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        pixels = inverted(pixels, found.bits)
    pixels = contiguous(pixels)
    return (
        Imported(
            pixels,
            bits=found.bits,
            is_signed=found.is_signed,
            slope=slope,
            intercept=intercept,
            windows=full_window(pixels, slope, intercept),
        ),
    )


def _pages(file: tifffile.TiffFile, name: str, limits: Limits) -> list[Any]:
    pages: list[Any] = list(file.pages)
    if not pages:
        raise ImportRefused(f"{name} is damaged: it holds no pages.")
    first = pages[0]
    for page in pages:
        if page.shape != first.shape or page.dtype != first.dtype:
            raise ImportRefused(f"The pages of {name} differ in size or kind; give them as files of their own.")
    limits.check(name, len(pages), *first.shape)
    allowed = {tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE, tifffile.PHOTOMETRIC.RGB}
    if first.photometric not in allowed or first.imagedepth != 1:
        raise ImportRefused(f"{name} has the photometric interpretation {first.photometric}, which is not read.")
    return pages


def _turned(page: Any, name: str) -> Pixels:
    array = page.asarray()
    if page.axes == "SYX":
        array = np.moveaxis(array, 0, 2)
    elif page.axes not in {"YX", "YXS"}:
        raise ImportRefused(f"{name} has the axes {page.axes}, which are not read.")
    tag = page.tags.get("Orientation")
    turned: Pixels = _TURNS.get(int(tag.value) if tag else 1, _TURNS[1])(array)
    return turned


def _colour(values: Pixels, name: str) -> Imported:
    if values.shape[3] == 4 and (values[..., 3] == np.iinfo(values.dtype).max).all():
        values = values[..., :3]
    if values.dtype != np.uint8 or values.shape[3] != 3:
        raise ImportRefused(f"{name} has {values.shape[3]} channels of {values.dtype}; colour is read as 3 of 8 bits.")
    return Imported(contiguous(values), photometric="RGB")
