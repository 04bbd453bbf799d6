"""What an import is going to write: every file read and checked first, its pixels read again when they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from portal.catalog.importers import Imported, ImportRefused, Limits, find_files, read_file
from portal.catalog.importers.burned_in import text_near_edges
from portal.catalog.importers.manifest import FILE, Row, read_manifest
from portal.catalog.pseudonyms import pseudonym
from portal.jobs.registry import Progress

NO_MANIFEST = "no manifest and no header vouch for it"


@dataclass(frozen=True)
class Intake:
    """One file that is to become images of a case; `row` is what the manifest says of it."""

    path: Path
    name: str
    sha256: str
    slug: str
    patient: str
    doubt: str
    images: int
    row: Row | None = None

    def read(self) -> tuple[Imported, ...]:
        """The file's images, read anew; ImportRefused where the file has changed since it was checked."""
        if digest_file(self.path) != self.sha256:
            raise ImportRefused(f"{self.name} changed while it was being imported.")
        return read_file(self.path, self.name, limits())

    def mask(self, image: Imported) -> NDArray[np.bool_] | None:
        """The reference mask on the image's pixels, `(rows, columns)`."""
        return read_mask(self.row.mask, image, self.name) if self.row and self.row.mask else None


def plan(folder: Path, dataset: str, progress: Progress | None = None) -> list[Intake]:
    """Read and check every file of a folder; nothing is written, and the first fault raises ImportRefused."""
    if not folder.is_dir():
        raise ImportRefused(f"There is no folder {folder}.")
    rows: list[Row | None] = list(read_manifest(folder)) if (folder / FILE).exists() else []
    paths = [row.image for row in rows if row] or find_files(folder)
    if not paths:
        raise ImportRefused(f"There are no images in {folder}.")
    found = []
    for number, (path, row) in enumerate(zip(paths, rows or [None] * len(paths), strict=True), start=1):
        found.append(_intake(folder.resolve(), path.resolve(), dataset, row))
        if progress:
            progress(number, len(paths), f"checked {number}")
    _refuse_clashes(found)
    return found


def limits() -> Limits:
    """What the settings allow."""
    return Limits(settings.MAX_UPLOAD_PIXELS)


def digest_file(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_mask(path: Path, image: Imported, name: str) -> NDArray[np.bool_]:
    """A mask file whose pixels other than 0 are the finding; it must have the image's rows and columns."""
    found = read_file(path, path.name, limits())[0]
    pixels = found.pixels if found.channels == 1 else found.pixels.max(-1)
    if pixels.shape[0] != 1 or pixels.shape[1:] != image.pixels.shape[1:3]:
        shape = " x ".join(map(str, pixels.shape[1:]))
        raise ImportRefused(f"The mask {path.name} of {name} has {shape} pixels, which are not the image's.")
    mask: NDArray[np.bool_] = pixels[0] != (pixels.dtype.type(0) if found.slope == 1 else _zero(found))
    return mask


def _zero(image: Imported) -> int:
    """The stored value that stands for 0."""
    return round(-image.intercept / image.slope)


def _intake(folder: Path, path: Path, dataset: str, row: Row | None) -> Intake:
    name = str(path.relative_to(folder))
    images = read_file(path, name, limits())
    intake = Intake(
        path,
        name,
        digest_file(path),
        slug=row.case_id if row else f"case-{pseudonym(dataset, 'case', _identity(images[0], name))}",
        patient=_patient(dataset, images[0], row),
        doubt=_doubt(images, row),
        images=len(images),
        row=row,
    )
    for image in images:
        _check_row(intake, image)
    return intake


def _identity(image: Imported, name: str) -> str:
    return image.identifiers.get("SOPInstanceUID") or name


def _patient(dataset: str, image: Imported, row: Row | None) -> str:
    identifier = (row.patient_id if row else "") or image.identifiers.get("PatientID", "")
    return f"p-{pseudonym(dataset, 'patient', identifier)}" if identifier else ""


def _doubt(images: tuple[Imported, ...], row: Row | None) -> str:
    """Why a person must look first; "" where nothing speaks against it.

    A DICOM file's header decides. Other files have no header to vouch for them: the researcher does, by naming them in
    a manifest. In both cases something that looks like a word near an edge is reason enough to ask a person.
    """
    doubts = [image.doubt for image in images[:1] if image.doubt]
    if not images[0].has_header and row is None:
        doubts.append(NO_MANIFEST)
    edge = next(filter(None, (text_near_edges(image.pixels) for image in images)), "")
    if edge:
        doubts.append(f"something near the {edge} edge looks like text")
    return "; ".join(doubts)


def _check_row(intake: Intake, image: Imported) -> None:
    row, (_, rows, columns) = intake.row, image.sides
    if row is None:
        return
    intake.mask(image)
    for x, y, width, height in row.boxes:
        if x + width > columns or y + height > rows:
            raise ImportRefused(f"{FILE}, line {row.line}: a box lies outside the image's {columns} x {rows} pixels.")


def _refuse_clashes(found: list[Intake]) -> None:
    """Two files that would become the same case without a manifest are copies of each other."""
    seen: dict[str, Intake] = {}
    for intake in _without_rows(found):
        before = seen.setdefault(intake.slug, intake)
        if before is not intake:
            raise ImportRefused(f"{intake.name} has the same DICOM identifier as {before.name}.")


def _without_rows(found: list[Intake]) -> Iterator[Intake]:
    return (intake for intake in found if intake.row is None)
