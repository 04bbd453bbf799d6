"""DICOM: pixels and the tags of the allow-list; names, dates, identifiers, overlays and private tags stay behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from portal.catalog.importers.base import Imported, ImportRefused, Limits, Pixels, contiguous, full_window, quiet
from portal.catalog.importers.depth import inverted
from portal.catalog.importers.tags import known_tags

#: Modalities whose pictures commonly carry text that was burned in: ultrasound, secondary capture, fluoroscopy,
#: endoscopy, photographs, documents, others.
DOUBTFUL = frozenset({"US", "IVUS", "SC", "XA", "RF", "OT", "ES", "XC", "GM", "DOC", "SM", "OP"})
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
FACES = frozenset({"HEAD", "BRAIN", "SKULL", "FACE", "NECK", "HEADNECK", "ORBIT"})
IDENTIFIERS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")

#: Names of windows that say nothing about anybody; others are numbered.
WINDOWS = frozenset(
    [
        "NORMAL",
        "HARDER",
        "SOFTER",
        "LUNG",
        "BONE",
        "BRAIN",
        "MEDIASTINUM",
        "ABDOMEN",
        "LIVER",
        "PELVIS",
        "SPINE",
        "ANGIO",
        "STROKE",
        "SOFT",
        "TISSUE",
    ]
)


def read_dicom(path: Path, name: str, limits: Limits) -> tuple[Imported, ...]:
    """One image (with all its frames) of a DICOM file."""
    with quiet("pydicom"):
        dataset = _read(path, name)
        _check(dataset, name, limits)
        pixels, photometric = _pixels(dataset, name)
        tags = known_tags(dataset)
    return (_imported(dataset, pixels, photometric, tags, name),)


def _imported(dataset: Dataset, pixels: Pixels, photometric: str, tags: dict[str, Any], name: str) -> Imported:
    bits = 8 if photometric == "RGB" else int(dataset.BitsStored)
    slope, intercept = _rescale(tags, photometric, name)
    windows = _windows(dataset, tags) if photometric != "RGB" else ()
    if photometric == "MONOCHROME1":
        pixels = inverted(pixels, bits)
        turn = slope * (-1 if pixels.dtype.kind == "i" else 2**bits - 1) + 2 * intercept
        windows = tuple(window | {"center": turn - window["center"] + 1} for window in windows)
    rows, columns = _spacing(tags)
    return Imported(
        pixels=contiguous(pixels),
        bits=bits,
        is_signed=pixels.dtype.kind == "i",
        photometric="RGB" if photometric == "RGB" else "MONOCHROME2",
        slope=slope,
        intercept=intercept,
        row_spacing=rows,
        column_spacing=columns,
        windows=windows or full_window(pixels, slope, intercept),
        tags=tags,
        doubt=_doubt(dataset),
        has_header=True,
        identifiers={keyword: str(dataset.get(keyword, "") or "") for keyword in IDENTIFIERS},
    )


def _read(path: Path, name: str) -> Dataset:
    try:
        dataset = pydicom.dcmread(path)
        if "PixelData" not in dataset:
            raise ImportRefused(f"{name} is damaged, or a DICOM file without pixels.")
    except ImportRefused:
        raise
    except Exception as error:  # a damaged file can break the parser anywhere
        raise ImportRefused(f"{name} is damaged, or no DICOM file.") from error
    return dataset


def _check(dataset: Dataset, name: str, limits: Limits) -> None:
    try:
        sides = [int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns)]
        sides.append(int(dataset.get("SamplesPerPixel") or 1))
        bits = (int(dataset.BitsAllocated), int(dataset.BitsStored))
    except (AttributeError, TypeError, ValueError) as error:
        raise ImportRefused(f"{name} is damaged: its header does not say how large the image is.") from error
    limits.check(name, *sides)
    if bits[0] not in (8, 16) or not 1 <= bits[1] <= bits[0]:
        raise ImportRefused(f"{name} has {bits[1]} of {bits[0]} bits a pixel; 8 and 16 are read.")


def _pixels(dataset: Dataset, name: str) -> tuple[Pixels, str]:
    """`(frames, rows, columns[, 3])` and MONOCHROME1, MONOCHROME2 or RGB."""
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    try:
        pixels = pixel_array(dataset)
        if photometric == "PALETTE COLOR":
            pixels = _eight_bits(apply_color_lut(pixels, dataset))
    except Exception as error:  # a damaged file can break the decoder anywhere
        raise ImportRefused(f"The pixels of {name} are damaged or of a kind that cannot be read.") from error
    colour = int(dataset.get("SamplesPerPixel") or 1) == 3 or photometric == "PALETTE COLOR"
    if colour:
        if pixels.dtype != np.uint8:
            raise ImportRefused(f"{name} has colours of more than 8 bits, which are not read.")
        return (pixels if pixels.ndim == 4 else pixels[None]), "RGB"
    if photometric not in {"MONOCHROME1", "MONOCHROME2"}:
        raise ImportRefused(f"{name} has the photometric interpretation {photometric!r}, which is not read.")
    pixels = pixels if pixels.ndim == 3 else pixels[None]
    return _without_high_bits(pixels, int(dataset.BitsStored)), photometric


def _without_high_bits(pixels: Pixels, bits: int) -> Pixels:
    """The stored bits alone: old files keep overlays, and with them text, in the bits above."""
    if bits == pixels.dtype.itemsize * 8:
        return pixels
    low = pixels & pixels.dtype.type((1 << bits) - 1)
    if pixels.dtype.kind == "u":
        return low
    sign = pixels.dtype.type(1 << (bits - 1))
    return (low ^ sign) - sign


def _eight_bits(colours: Pixels) -> Pixels:
    return colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)


def _rescale(tags: dict[str, Any], photometric: str, name: str) -> tuple[float, float]:
    if photometric == "RGB":
        return 1.0, 0.0
    slope, intercept = float(tags.get("RescaleSlope", 1.0)), float(tags.get("RescaleIntercept", 0.0))
    if slope == 0:
        raise ImportRefused(f"{name} is damaged: its rescale slope is 0.")
    return slope, intercept


def _spacing(tags: dict[str, Any]) -> tuple[float | None, float | None]:
    value = tags.get("PixelSpacing") or tags.get("ImagerPixelSpacing")
    if not isinstance(value, list) or len(value) != 2 or min(value) <= 0:
        return None, None
    return float(value[0]), float(value[1])


def _windows(dataset: Dataset, tags: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    centers, widths = (_floats(tags.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    names = dataset.get("WindowCenterWidthExplanation") or []
    names = [names] if isinstance(names, str) else list(names)
    found = []
    for number, (center, width) in enumerate(zip(centers, widths, strict=False)):
        if width > 0:
            said = names[number].strip().upper() if number < len(names) else ""
            known = bool(said) and set(said.split()) <= WINDOWS
            found.append(
                {"name": said.capitalize() if known else f"Window {number + 1}", "center": center, "width": width}
            )
    return tuple(found)


def _floats(value: Any) -> list[float]:
    if value is None:
        return []
    return [float(item) for item in value] if isinstance(value, list) else [float(value)]


def _doubt(dataset: Dataset) -> str:
    """Why text may be burned in, or a face be recognisable; "" where the header vouches that there is none."""
    modality = str(dataset.get("Modality", "") or "").upper()
    burned = str(dataset.get("BurnedInAnnotation", "") or "").upper()
    doubts = []
    if burned == "YES":
        doubts.append("the header says that text is burned in")
    elif not burned:
        doubts.append("the header does not say whether text is burned in")
    if modality in DOUBTFUL or not modality:
        doubts.append(f"images of modality {modality or 'unknown'} often carry text")
    elif str(dataset.get("SOPClassUID", "")).startswith(SECONDARY_CAPTURE) or dataset.get("ConversionType"):
        doubts.append("it is a secondary capture")
    if modality in {"CT", "MR", "PT"} and str(dataset.get("BodyPartExamined", "")).upper() in FACES:
        doubts.append("a face may be recognisable")
    return "; ".join(doubts)
