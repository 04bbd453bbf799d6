"""Which importer reads which file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from portal.catalog.importers.base import Imported, ImportRefused, Limits
from portal.catalog.importers.dicom import read_dicom
from portal.catalog.importers.nifti import read_nifti
from portal.catalog.importers.npy import read_npy
from portal.catalog.importers.pictures import read_picture
from portal.catalog.importers.tiff import read_tiff

Importer = Callable[[Path, str, Limits], tuple[Imported, ...]]
IMPORTERS: dict[str, Importer] = {
    ".png": read_picture,
    ".jpg": read_picture,
    ".jpeg": read_picture,
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".npy": read_npy,
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    ".dcm": read_dicom,
    ".dicom": read_dicom,
}
_DICOM_MARK = b"DICM"


def read_file(path: Path, name: str, limits: Limits) -> tuple[Imported, ...]:
    """The images of one file, `name` being what it is called in sentences; ImportRefused where it cannot be read."""
    importer = importer_of(path)
    if importer is None:
        raise ImportRefused(f"{name} is none of the kinds that are read: {', '.join(IMPORTERS)}.")
    return importer(path, name, limits)


def find_files(folder: Path) -> list[Path]:
    """The image files of a folder and the folders in it, by path, hidden ones left aside; links out are refused."""
    root, found = folder.resolve(), []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file() or importer_of(path) is None:
            continue
        if not path.resolve().is_relative_to(root):
            raise ImportRefused(f"{path.relative_to(folder)} is a link that leads out of the folder.")
        found.append(path)
    return found


def importer_of(path: Path) -> Importer | None:
    """The importer for a file's name, or for DICOM's mark in a file without a suffix."""
    name = path.name.lower()
    for suffix, importer in IMPORTERS.items():
        if name.endswith(suffix):
            return importer
    if not path.suffix or path.suffix[1:].isdigit():
        with path.open("rb") as stream:
            return read_dicom if stream.read(132)[128:] == _DICOM_MARK else None
    return None
