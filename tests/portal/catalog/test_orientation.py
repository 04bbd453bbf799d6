"""An asymmetric picture with an L is the same after import, whatever file it came in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from portal.catalog.importers import Limits, read_file
from tests.portal.catalog import asymmetric

WRITERS: list[tuple[str, Callable[[Path], None]]] = [
    ("a.png", asymmetric.write_png),
    ("a.tif", asymmetric.write_tiff),
    ("white.tif", asymmetric.write_white_is_zero),
    ("a.npy", asymmetric.write_npy),
    ("a.nii", asymmetric.write_nifti),
    ("a.nii.gz", asymmetric.write_nifti),
    ("a.dcm", asymmetric.write_dicom),
    ("one.dcm", partial(asymmetric.write_dicom, photometric="MONOCHROME1")),
]


@pytest.mark.parametrize(("name", "write"), WRITERS, ids=[name for name, _ in WRITERS])
def test_the_picture_is_the_same(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    (imported,) = read_file(tmp_path / name, name, Limits())
    assert imported.photometric == "MONOCHROME2"
    for plane in imported.pixels:
        np.testing.assert_array_equal(plane, asymmetric.picture())


def test_colour_jpeg_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    """Oracle: Pillow's own rotation of the pixels."""
    seen = Image.fromarray((asymmetric.picture() >> 4).astype(np.uint8)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    seen.rotate(90, expand=True).save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    (imported,) = read_file(tmp_path / "a.jpg", "a.jpg", Limits())
    assert imported.pixels.shape == (1, 40, 56, 3)
    assert np.abs(imported.pixels[0].astype(int) - np.asarray(seen).astype(int)).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_orientation_is_undone(tmp_path: Path, orientation: int) -> None:
    """Oracle: the definition of the tag, by where row 0 and column 0 of the stored array are seen."""
    seen = asymmetric.picture()
    stored = {
        1: seen,
        2: np.fliplr(seen),
        3: np.rot90(seen, 2),
        4: np.flipud(seen),
        5: seen.T,
        6: np.rot90(seen, 1),
        7: np.rot90(seen, 2).T,
        8: np.rot90(seen, -1),
    }[orientation]
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(tmp_path / "a.tif", np.ascontiguousarray(stored), extratags=[tag])
    (imported,) = read_file(tmp_path / "a.tif", "a.tif", Limits())
    np.testing.assert_array_equal(imported.pixels[0], seen)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PIR", "SRP", "ASL"])
def test_nifti_is_turned_by_its_affine(tmp_path: Path, codes: str) -> None:
    """Oracle: a point whose place in the patient is known, followed by hand through the documented view."""
    axes = nibabel.orientations.axcodes2ornt(tuple(codes))
    from_ras = nibabel.orientations.ornt_transform(nibabel.orientations.axcodes2ornt(tuple("RAS")), axes)
    volume = np.zeros((5, 6, 7), np.int16)  # right, anterior, superior
    volume[4, 5, 6] = 9  # the rightmost, foremost, uppermost voxel
    image = nibabel.Nifti1Image(volume, np.eye(4)).as_reoriented(from_ras)
    assert "".join(nibabel.aff2axcodes(image.affine)) == codes
    nibabel.save(image, tmp_path / "a.nii")
    (imported,) = read_file(tmp_path / "a.nii", "a.nii", Limits())
    place = tuple(int(side) for side in np.argwhere(imported.pixels == 9)[0])
    expected = {
        "R": ((5, 7, 6), (4, 0, 0)),  # sagittal: slices to the left, superior on top, anterior at the viewer's left
        "L": ((5, 7, 6), (0, 0, 0)),
        "A": ((6, 7, 5), (0, 0, 0)),  # coronal: slices backwards, superior on top, right at the viewer's left
        "P": ((6, 7, 5), (0, 0, 0)),
        "S": ((7, 6, 5), (6, 0, 0)),  # axial: slices upwards, anterior on top, right at the viewer's left
    }[codes[2]]
    shape, corner = expected
    assert imported.pixels.shape == shape
    assert place == ((0, 0, 0) if codes[2] in "RL" else corner)


def test_monochrome1_windows_show_the_same_picture(tmp_path: Path) -> None:
    """Oracle: DICOM PS3.3 C.11.2.1.2 applied to the file's own values, then inverted as MONOCHROME1 asks."""
    asymmetric.write_dicom(tmp_path / "a.dcm", photometric="MONOCHROME1")
    (imported,) = read_file(tmp_path / "a.dcm", "a.dcm", Limits())
    window = imported.windows[0]

    def shown(values: np.ndarray, center: float, width: float) -> np.ndarray:
        return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)

    file_values = 4095.0 - asymmetric.picture()
    expected = 1 - shown(file_values, 1000, 400)
    found = shown(imported.slope * imported.pixels[0] + imported.intercept, window["center"], window["width"])
    np.testing.assert_allclose(found, expected, atol=1e-9)
