"""manifest.csv: what a researcher says of each image; every cell is checked before anything is read."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.catalog.importers.base import ImportRefused

FILE = "manifest.csv"
COLUMNS = (
    "case_id",
    "image",
    "mask",
    "label",
    "split",
    "patient_id",
    "site",
    "modality",
    "target_class",
    "laterality",
    "spacing_x",
    "spacing_y",
    "boxes_json",
    "notes",
)
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}")
_CODE = re.compile(r"[A-Za-z0-9 _.-]{0,64}")
_LONGEST = 50_000


@dataclass(frozen=True)
class Row:
    """One line: an image of a case; several lines with one `case_id` are several images of it."""

    line: int
    case_id: str
    image: Path
    mask: Path | None
    label: int | None
    split: str
    patient_id: str
    site: str
    modality: str
    target_class: str
    laterality: str
    spacing_x: float | None
    spacing_y: float | None
    boxes: tuple[tuple[float, float, float, float], ...]
    notes: str


def read_manifest(folder: Path) -> list[Row]:
    """The lines of a folder's manifest; ImportRefused names the line and the fault."""
    try:
        with (folder / FILE).open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            _check_columns(reader.fieldnames or [])
            lines = _lines(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImportRefused(f"{FILE} is not a CSV file in UTF-8.") from error
    if not lines:
        raise ImportRefused(f"{FILE} has no lines below its header.")
    if len(lines) > _LONGEST:
        raise ImportRefused(f"{FILE} has {len(lines):,} lines; at most {_LONGEST:,} are read.")
    rows = [_row(folder.resolve(), number, cells) for number, cells in lines]
    _check_together(rows)
    return rows


def inside(folder: Path, text: str, where: str) -> Path:
    """The file that a relative path names; outside of the folder, also by way of a link, it is refused."""
    path = Path(text)
    if path.is_absolute() or ".." in path.parts:
        raise ImportRefused(f"{where}: {text!r} leads out of the folder.")
    found = (folder / path).resolve()
    if not found.is_relative_to(folder):
        raise ImportRefused(f"{where}: {text!r} is a link that leads out of the folder.")
    if not found.is_file():
        raise ImportRefused(f"{where}: there is no file {text!r}.")
    return found


def _lines(reader: csv.DictReader[str]) -> list[tuple[int, dict[str, str]]]:
    """Line numbers and stripped cells."""
    found = []
    for row in reader:
        if None in row:
            raise ImportRefused(f"{FILE}, line {reader.line_num}: there are more cells than columns.")
        found.append((reader.line_num, {key: (value or "").strip() for key, value in row.items()}))
    return found


def _check_columns(names: Any) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise ImportRefused(f"{FILE} has the unknown column {unknown[0]!r}; there are: {', '.join(COLUMNS)}.")
    for name in ("case_id", "image"):
        if name not in names:
            raise ImportRefused(f"{FILE} lacks the column {name!r}.")


def _row(folder: Path, number: int, cells: dict[str, str]) -> Row:
    where = f"{FILE}, line {number}"

    def cell(name: str, pattern: re.Pattern[str] = _CODE) -> str:
        text = cells.get(name, "")
        if not pattern.fullmatch(text):
            raise ImportRefused(f"{where}: {name} cannot be {text!r}.")
        return text

    laterality = cell("laterality").upper()
    if laterality not in {"", "L", "R", "B", "U"}:
        raise ImportRefused(f"{where}: laterality is L, R, B or U, not {laterality!r}.")
    return Row(
        line=number,
        case_id=cell("case_id", _SLUG),
        image=inside(folder, cells.get("image", ""), where),
        mask=inside(folder, cells["mask"], where) if cells.get("mask") else None,
        label=_label(cells.get("label", ""), where),
        split=cell("split")[:32],
        patient_id=cells.get("patient_id", ""),
        site=cell("site"),
        modality=cell("modality")[:16].upper(),
        target_class=cell("target_class"),
        laterality=laterality,
        spacing_x=_spacing(cells.get("spacing_x", ""), "spacing_x", where),
        spacing_y=_spacing(cells.get("spacing_y", ""), "spacing_y", where),
        boxes=_boxes(cells.get("boxes_json", ""), where),
        notes=cells.get("notes", "")[:1000],
    )


def _label(text: str, where: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,6}", text):
        raise ImportRefused(f"{where}: label is a whole number, not {text!r}.")
    return int(text)


def _spacing(text: str, name: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1000:
        raise ImportRefused(f"{where}: {name} is a number of millimetres, not {text!r}.")
    return value


def _boxes(text: str, where: str) -> tuple[tuple[float, float, float, float], ...]:
    """[[x, y, width, height], ...] in pixels."""
    wrong = ImportRefused(f"{where}: boxes_json is [[x, y, width, height], ...] in pixels, not {text[:60]!r}.")
    if not text:
        return ()
    try:
        value = json.loads(text)
        boxes = tuple((float(x), float(y), float(width), float(height)) for x, y, width, height in value)
    except (ValueError, TypeError, RecursionError):
        raise wrong from None
    if any(not (x >= 0 and y >= 0 and width > 0 and height > 0) for x, y, width, height in boxes):
        raise wrong
    return boxes


def _check_together(rows: list[Row]) -> None:
    """A case belongs to one patient and split, and a patient to one split."""
    patients: dict[str, Row] = {}
    cases: dict[str, Row] = {}
    images: dict[Path, Row] = {}
    for row in rows:
        first = cases.setdefault(row.case_id, row)
        if (first.patient_id, first.split, first.label) != (row.patient_id, row.split, row.label):
            raise ImportRefused(
                f"{FILE}, line {row.line}: the case {row.case_id!r} has another patient, split or label "
                f"than in line {first.line}."
            )
        before = images.setdefault(row.image, row)
        if before is not row:
            raise ImportRefused(
                f"{FILE}, line {row.line}: the image {row.image.name!r} stands in line {before.line} too."
            )
        if row.patient_id:
            known = patients.setdefault(row.patient_id, row)
            if known.split != row.split:
                raise ImportRefused(
                    f"{FILE}, line {row.line}: the patient of line {known.line} is in the split {known.split!r} "
                    f"and in {row.split!r}."
                )
