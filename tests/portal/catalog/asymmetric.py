"""An asymmetric picture with an L at the viewer's upper right, and its writing in every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

ROWS, COLUMNS = 40, 56


def picture() -> NDArray[np.uint16]:
    """A ramp that differs along both axes, an L in the upper right corner, 12 bits."""
    pixels = (np.arange(ROWS)[:, None] * 20 + np.arange(COLUMNS)[None, :] * 7 + 100).astype(np.uint16)
    pixels[4:16, 44:47] = 4095
    pixels[13:16, 44:52] = 4095
    return pixels


def write_png(path: Path) -> None:
    Image.fromarray(picture()).save(path)


def write_tiff(path: Path) -> None:
    tifffile.imwrite(path, picture())


def write_white_is_zero(path: Path) -> None:
    tifffile.imwrite(path, 65_535 - picture(), photometric="miniswhite")


def write_npy(path: Path) -> None:
    np.save(path, picture())


def write_nifti(path: Path) -> None:
    """As a tool would that stores voxels from the patient's left, back and below (RAS axes), two equal slices."""
    seen = np.stack([picture(), picture()])  # slices to S, rows to P, columns to L
    voxels = seen.transpose(2, 1, 0)[::-1, ::-1, :].astype(np.int16)  # i to R, j to A, k to S
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([0.5, 0.7, 3.0, 1.0])), path)


def write_dicom(path: Path, photometric: str = "MONOCHROME2", **tags: Any) -> None:
    write_dataset(path, dataset(photometric, **tags))


def dataset(photometric: str = "MONOCHROME2", **tags: Any) -> Dataset:
    """A radiograph with everything in its header that must not come in."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.PatientName, made.PatientID, made.PatientBirthDate = "Secret^Name", "SECRET-4711", "19500101"
    made.InstitutionName, made.StudyDate, made.AccessionNumber = "Secret Hospital", "20200202", "SECRET-1"
    made.StudyDescription = "Secret description"
    made.Modality, made.BodyPartExamined, made.ViewPosition, made.PatientAge = "DX", "CHEST", "PA", "093Y"
    made.BurnedInAnnotation = "NO"
    made.Rows, made.Columns, made.SamplesPerPixel = ROWS, COLUMNS, 1
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PhotometricInterpretation = photometric
    made.PixelSpacing = [0.7, 0.5]
    made.WindowCenter, made.WindowWidth = "1000", "400"
    pixels = picture() if photometric == "MONOCHROME2" else (4095 - picture()).astype(np.uint16)
    made.PixelData = pixels.tobytes()
    for keyword, value in tags.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    return made


def write_dataset(path: Path, made: Dataset) -> None:
    made.save_as(path, enforce_file_format=True)
