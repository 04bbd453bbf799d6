"""The allow-list: the DICOM tags that import lets in; every other tag, private ones included, stays behind."""

from __future__ import annotations

import re
from typing import Any

from pydicom.dataset import Dataset

#: Coded strings: let in only if they look like codes, so that no free text can hide in them.
CODES = (
    "Modality",
    "BodyPartExamined",
    "Laterality",
    "ImageLaterality",
    "ViewPosition",
    "PatientOrientation",
    "PatientPosition",
    "PatientSex",
    "PhotometricInterpretation",
    "PresentationLUTShape",
    "VOILUTFunction",
    "RescaleType",
    "BurnedInAnnotation",
    "LossyImageCompression",
)
NUMBERS = (
    "Rows",
    "Columns",
    "NumberOfFrames",
    "BitsStored",
    "PixelRepresentation",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "ImageOrientationPatient",
    "WindowCenter",
    "WindowWidth",
    "RescaleSlope",
    "RescaleIntercept",
    "KVP",
)
ALLOWED = (*CODES, *NUMBERS, "PatientAge")

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_ ]{0,15}")
_AGE = re.compile(r"(\d{3})([DWMY])")
_OLDEST = 89


def known_tags(dataset: Dataset) -> dict[str, Any]:
    """The allowed tags of a dataset as plain data; what does not have its tag's form is left out."""
    found: dict[str, Any] = {keyword: _codes(dataset.get(keyword)) for keyword in CODES}
    found |= {keyword: _numbers(dataset.get(keyword)) for keyword in NUMBERS}
    found["PatientAge"] = _age(dataset.get("PatientAge"))
    return {keyword: value for keyword, value in found.items() if value is not None}


def _codes(value: Any) -> str | list[str] | None:
    values = _as_list(value)
    if not values or not all(isinstance(item, str) and _CODE.fullmatch(item) for item in values):
        return None
    return values[0] if len(values) == 1 else values


def _numbers(value: Any) -> float | int | list[float] | None:
    try:
        values = [float(item) for item in _as_list(value)]
    except (TypeError, ValueError):
        return None
    if not values or not all(abs(item) < 1e12 for item in values):
        return None
    plain: list[float] = [int(item) if item.is_integer() else item for item in values]
    return plain[0] if len(plain) == 1 else plain


def _age(value: Any) -> str | None:
    """The age as DICOM writes it, those above 89 years together, because so few are so old."""
    match = _AGE.fullmatch(str(value or ""))
    if match is None:
        return None
    old = match[2] == "Y" and int(match[1]) > _OLDEST
    return f"{_OLDEST + 1:03d}Y" if old else match[0]


def _as_list(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if not isinstance(value, (str, bytes)) and hasattr(value, "__iter__") else [value]
