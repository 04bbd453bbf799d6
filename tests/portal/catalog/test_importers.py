"""Each format is read as it should be, and what is damaged or dangerous is refused in one sentence."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
import skimage
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import tag_for_keyword

from portal.catalog.importers import Imported, ImportRefused, Limits, read_file
from portal.catalog.importers.burned_in import text_near_edges
from portal.catalog.importers.depth import stored
from portal.catalog.importers.tags import ALLOWED, known_tags
from tests.portal.catalog import asymmetric

PYDICOM = Path(pydicom.__file__).parent / "data" / "test_files"
NIBABEL = Path(nibabel.__file__).parent / "tests" / "data"
SKIMAGE = Path(skimage.__file__).parent / "data"


def read(path: Path) -> Imported:
    return read_file(path, path.name, Limits())[0]


def test_a_ct_keeps_its_hounsfield_units() -> None:
    """Oracle: pydicom's own description of the file, water near 0 and air near -1000."""
    ct = read(PYDICOM / "CT_small.dcm")
    assert (ct.sides, ct.slope, ct.intercept, ct.is_signed) == ((1, 128, 128), 1.0, -1024.0, True)
    assert ct.row_spacing == pytest.approx(0.661468)
    assert -1024 <= ct.pixels.min() + ct.intercept < -850


def test_j2k_with_a_wrong_sign_is_decoded() -> None:
    head = read(PYDICOM / "J2K_pixelrep_mismatch.dcm")
    assert head.sides == (1, 512, 512)
    assert [window["width"] for window in head.windows] == [100, 100, 200]
    assert -2100 < int(head.pixels.min()) < 0 < int(head.pixels.max()) < 4096
    assert "face" in head.doubt


def test_overlays_stay_behind() -> None:
    source = pydicom.dcmread(PYDICOM / "examples_overlay.dcm")
    assert (0x6000, 0x3000) in source
    imported = read(PYDICOM / "examples_overlay.dcm")
    assert len(imported.windows) == 2
    np.testing.assert_array_equal(imported.pixels[0], source.pixel_array)
    assert not any(tag.startswith("Overlay") for tag in imported.tags)


def test_overlays_in_the_high_bits_stay_behind(tmp_path: Path) -> None:
    made = asymmetric.dataset()
    made.PixelData = (asymmetric.picture() | 0x8000).tobytes()
    asymmetric.write_dataset(tmp_path / "a.dcm", made)
    np.testing.assert_array_equal(read(tmp_path / "a.dcm").pixels[0], asymmetric.picture())


def test_a_hospitals_name_in_the_pixels_is_suspected() -> None:
    colour = read(PYDICOM / "examples_rgb_color.dcm")
    assert colour.channels == 3
    assert "US" in colour.doubt
    assert text_near_edges(colour.pixels) == "top"


def test_the_detector_leaves_plain_pictures_alone() -> None:
    for name in ("retina.jpg", "microaneurysms.png", "ihc.png"):
        assert text_near_edges(read(SKIMAGE / name).pixels) == ""
    assert text_near_edges(asymmetric.picture()[None]) == "", "one letter is a side marker"


def test_a_nifti_with_two_volumes_is_two_images() -> None:
    images = read_file(NIBABEL / "example4d.nii.gz", "example4d", Limits())
    source = np.asanyarray(nibabel.Nifti1Image.from_filename(NIBABEL / "example4d.nii.gz").dataobj)
    assert [image.sides for image in images] == [(24, 96, 128)] * 2
    for number, image in enumerate(images):
        assert np.sort(image.pixels, axis=None).tolist() == np.sort(source[..., number], axis=None).tolist()


def test_scikit_images_pictures_are_read() -> None:
    assert read(SKIMAGE / "retina.jpg").pixels.shape == (1, 1411, 1411, 3)
    assert read(SKIMAGE / "microaneurysms.png").pixels.shape == (1, 102, 102)
    assert read(SKIMAGE / "ihc.png").pixels.shape == (1, 512, 512, 3)


KEYWORDS = sorted(
    {*ALLOWED, *(entry[4] for tag, entry in DicomDictionary.items() if tag >> 16 in range(8, 0x40))} - {""}
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(KEYWORDS), st.from_regex(r"Secret\^[A-Za-z]{3,8}", fullmatch=True), min_size=1, max_size=40
    )
)
def test_no_text_passes_the_allow_list(texts: dict[str, str]) -> None:
    made = pydicom.Dataset()
    for keyword, text in texts.items():
        tag = tag_for_keyword(keyword)
        assert tag is not None
        made[tag] = pydicom.DataElement(tag, "LT", text)
    assert known_tags(made) == {}


def test_the_allow_list_is_short_and_names_nobody() -> None:
    assert len(ALLOWED) <= 30
    forbidden = ("Name", "Date", "Time", "UID", "ID", "Description", "Comment", "Institution", "Address")
    assert not [keyword for keyword in ALLOWED if keyword.endswith(forbidden) or "Physician" in keyword]


def test_great_ages_are_one_group(tmp_path: Path) -> None:
    asymmetric.write_dicom(tmp_path / "a.dcm")
    assert read(tmp_path / "a.dcm").tags["PatientAge"] == "090Y"


@pytest.mark.parametrize(
    ("tags", "doubtful"),
    [
        ({}, False),
        ({"BurnedInAnnotation": None}, True),
        ({"BurnedInAnnotation": "YES"}, True),
        ({"Modality": "US"}, True),
        ({"Modality": "SC"}, True),
        ({"Modality": "XA"}, True),
        ({"Modality": "OT"}, True),
        ({"Modality": None}, True),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, True),
        ({"Modality": "MR", "BodyPartExamined": "BRAIN"}, True),
    ],
)
def test_what_may_carry_text_is_doubtful(tmp_path: Path, tags: dict[str, Any], doubtful: bool) -> None:
    asymmetric.write_dicom(tmp_path / "a.dcm", **tags)
    assert bool(read(tmp_path / "a.dcm").doubt) == doubtful


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=40))
def test_rounding_to_sixteen_bits_loses_little(values: list[float]) -> None:
    array = np.array(values, np.float32)[None]
    found = stored("a", array)
    back = found.pixels * found.slope + found.intercept
    assert np.abs(back - array).max() <= (array.max() - array.min()) / 131_000 + 1e-6 * np.abs(array).max()


# What is damaged or dangerous.


def png_of(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header says so, written by hand (PNG specification, section 5)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def nifti_of(shape: tuple[int, ...], data: bytes) -> bytes:
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    buffer = io.BytesIO()
    with gzip.open(buffer, "wb", 1) as stream:
        stream.write(header.binaryblock + b"\0" * 4 + data)
    return buffer.getvalue()


def cut_off(path: Path) -> bytes:
    asymmetric.write_dicom(path)
    return path.read_bytes()[:-3000]


def scrambled(path: Path) -> bytes:
    return (PYDICOM / "J2K_pixelrep_mismatch.dcm").read_bytes()[:60_000] + b"\xff\x00" * 30_000


BAD: list[tuple[str, Callable[[Path], bytes], str]] = [
    ("huge.png", lambda _: png_of(40_000, 40_000), "too large"),
    ("wide.png", lambda _: png_of(12_000, 12_000), "too large"),
    ("short.png", lambda _: png_of(100, 100, b"\0" * 10), "damaged"),
    ("none.png", lambda _: b"not a picture", "no PNG or JPEG"),
    ("huge.nii.gz", lambda _: nifti_of((20_000, 20_000, 10), b""), "too large"),
    ("bomb.nii.gz", lambda _: nifti_of((90, 1000, 1000), b"\0" * 180_000_000), "times as many"),
    ("more.nii.gz", lambda _: nifti_of((10, 10, 10), b"\0" * 50_000_000), "holds more than"),
    ("less.nii.gz", lambda _: nifti_of((10, 10, 10), b"\0" * 100), "holds less than"),
    ("cut.nii.gz", lambda _: nifti_of((10, 10, 10), bytes(range(200)) * 10)[:-40], "damaged"),
    ("none.nii", lambda _: b"\0" * 600, "no NIfTI"),
    ("cut.dcm", cut_off, "damaged"),
    ("scrambled.dcm", scrambled, "damaged"),
    ("none.dcm", lambda _: b"\0" * 128 + b"DICM" + b"\x01" * 40, "damaged"),
    ("objects.npy", lambda _: object_array(), "objects"),
    ("pickle.npy", lambda _: pickle.dumps([1, 2, 3]), "damaged"),
    ("short.npy", lambda _: short_array(), "damaged"),
    ("none.tif", lambda _: b"II*\0garbage", "damaged"),
    ("wrong.xyz", lambda _: b"", "none of the kinds"),
]


def object_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}, []], object), allow_pickle=True)
    return buffer.getvalue()


def short_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((50, 50)))
    return buffer.getvalue()[:-900]


@pytest.mark.parametrize(("name", "make", "sentence"), BAD, ids=[name for name, _, _ in BAD])
def test_bad_files_are_refused_in_one_sentence(
    tmp_path: Path, name: str, make: Callable[[Path], bytes], sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(make(path))
    tracemalloc.start()
    try:
        with pytest.raises(ImportRefused, match=sentence) as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert peak < 30_000_000, "it was refused before it was unpacked"


def test_too_large_a_tiff_is_refused_by_its_header(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", shape=(1000, 1000), dtype=np.uint8)
    with pytest.raises(ImportRefused, match="too large"):
        read_file(tmp_path / "a.tif", "a.tif", Limits(pixels=999_999))


def test_sixteen_bit_colour_is_not_quietly_reduced(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8, 3), np.uint16), photometric="rgb")
    with pytest.raises(ImportRefused, match="3 of 8 bits"):
        read(tmp_path / "a.tif")


def test_transparency_is_refused(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (1, 2, 3, 128)).save(tmp_path / "a.png")
    with pytest.raises(ImportRefused, match="transparent"):
        read(tmp_path / "a.png")
