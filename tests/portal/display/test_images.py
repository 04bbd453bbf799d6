"""Images become payloads and pictures: oracles are DICOM's pseudo-code, pydicom, and hand-computed values."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_voi_lut, apply_windowing

from portal.display import (
    DisplayError,
    ImageError,
    ImageHeader,
    MapError,
    Window,
    image_payload,
    native,
    overlay_png,
    render,
    thumbnail_png,
)
from portal.display.colours import BROWSER_COPY, DIVERGING, SEQUENTIAL, javascript
from portal.display.render import voi_lut


def ramp(rows: int = 16, columns: int = 24, top: int = 4095) -> NDArray[np.uint16]:
    return np.linspace(0, top, rows * columns).astype(np.uint16).reshape(rows, columns)


def standard_linear(value: float, centre: float, width: float) -> float:
    """The pseudo-code of PS3.3 C.11.2.1.2.1 with ymin 0 and ymax 255."""
    if value <= centre - 0.5 - (width - 1) / 2:
        return 0.0
    if value > centre - 0.5 + (width - 1) / 2:
        return 255.0
    return ((value - (centre - 0.5)) / (width - 1) + 0.5) * 255.0


@pytest.mark.parametrize("centre, width", [(2048, 4096), (2048, 1), (0, 100), (40, 400), (1.5, 2), (-600, 1500)])
def test_the_linear_window_is_the_standard_s(centre: float, width: float) -> None:
    values = np.arange(-1500, 5000, 3, dtype=np.float64)
    expected = [standard_linear(value, centre, width) for value in values]
    np.testing.assert_allclose(voi_lut(values, Window(centre, width)), expected, atol=1e-9)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_equal_pydicom(function: str) -> None:
    dataset = Dataset()
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = 1100.0, 900.0, function
    dataset.BitsStored, dataset.PixelRepresentation, dataset.PhotometricInterpretation = 12, 0, "MONOCHROME2"
    values = ramp()
    expected = apply_windowing(values, dataset) / 4095.0 * 255.0
    shown = voi_lut(values.astype(np.float64), Window(1100.0, 900.0), function)  # type: ignore[arg-type]
    np.testing.assert_allclose(shown, expected, atol=1e-3)
    np.testing.assert_allclose(apply_voi_lut(values, dataset), apply_windowing(values, dataset))


def test_the_payload_is_the_pixels() -> None:
    pixels = ramp()
    payload = image_payload(pixels, bits=12, spacing=(0.2, 0.1))
    assert payload.body == pixels.astype("<u2").tobytes()
    header = payload.header
    assert (header.rows, header.columns, header.slices, header.bits) == (16, 24, 1, 12)
    assert header.range == (0.0, 4095.0)
    assert json.loads(json.dumps(header.as_dict()))["spacing"] == [0.2, 0.1]


def test_signed_values_survive() -> None:
    pixels = np.array([[-1024, 0], [1, 3071]], dtype=np.int16)
    payload = image_payload(pixels, slope=1.0, intercept=-24.0)
    stored = np.frombuffer(payload.body, dtype="<u2").reshape(2, 2).astype(int)
    np.testing.assert_array_equal(stored - payload.header.offset, pixels)
    assert payload.header.range == (-1048.0, 3047.0)


def test_a_volume_keeps_its_slices() -> None:
    volume = np.stack([ramp(), ramp()[::-1]])
    payload = image_payload(volume)
    assert payload.header.slices == 2
    last = render(volume, payload.header, slice_index=1)
    np.testing.assert_array_equal(last, render(volume[1], image_payload(ramp()[::-1]).header, payload.header.window))


def test_the_default_window_shows_what_is_there() -> None:
    shown = render(ramp(64, 64), image_payload(ramp(64, 64)).header)
    assert shown.min() == 0
    assert shown.max() == 255
    assert 100 < shown.mean() < 155


def test_small_spans_are_not_coarse() -> None:
    pixels = ramp(16, 16, top=1000)
    header = image_payload(pixels, slope=0.001).header
    assert header.voi == "LINEAR_EXACT"
    assert len(np.unique(render(pixels, header))) > 200


def test_a_constant_image_can_be_shown() -> None:
    pixels = np.full((4, 4), 7, dtype=np.uint8)
    assert render(pixels, image_payload(pixels).header).shape == (4, 4, 3)


def test_monochrome1_is_turned_and_inversion_turns_it_back() -> None:
    pixels = ramp()
    window = Window(2048, 4096)
    plain = render(pixels, image_payload(pixels).header, window)
    header = image_payload(pixels, photometric="MONOCHROME1").header
    np.testing.assert_array_equal(render(pixels, header, window, invert=True), plain)
    turned = render(pixels, header, window).astype(int)
    assert np.abs(255 - plain.astype(int) - turned).max() <= 1  # halves round up either way


def test_colours_are_left_alone() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    payload = image_payload(pixels, photometric="RGB")
    assert len(payload.body) == 5 * 7 * 4
    np.testing.assert_array_equal(render(pixels, payload.header), pixels)
    np.testing.assert_array_equal(render(pixels, payload.header, invert=True), 255 - pixels)


def test_the_overlay_by_hand() -> None:
    pixels = np.full((1, 3), 101, dtype=np.uint8)
    header = image_payload(pixels, window=Window(128, 256)).header
    shown = render(pixels, header, saliency=np.array([[0, 128, 255]], dtype=np.uint8), opacity=0.5)
    weights = np.array([0.0, 0.5 * 128 / 255, 0.5])[:, None]
    colours = SEQUENTIAL[[0, 128, 255]].astype(float)
    assert np.abs(shown[0] - (101 * (1 - weights) + colours * weights)).max() <= 0.5 + 1e-9
    even = render(pixels, header, saliency=np.zeros((1, 3), dtype=np.uint8), opacity=1.0, blend="even")
    np.testing.assert_array_equal(even[0], np.repeat(SEQUENTIAL[:1], 3, axis=0))


def test_a_signed_zero_is_see_through() -> None:
    pixels = np.full((1, 2), 100, dtype=np.uint8)
    header = image_payload(pixels, window=Window(128, 256)).header
    shown = render(pixels, header, saliency=np.array([[128, 1]], dtype=np.uint8), opacity=1.0, sign="signed")
    np.testing.assert_array_equal(shown[0], [[100, 100, 100], DIVERGING[1]])


def test_strength_is_ordered_by_lightness() -> None:
    linear = (SEQUENTIAL / 255.0) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > -1e-4).all()
    assert luminance[-1] > 20 * luminance[0]
    assert np.abs(np.diff(SEQUENTIAL.astype(int), axis=0)).max() <= 6


def test_the_browser_has_the_same_colours() -> None:
    assert BROWSER_COPY.read_text(encoding="utf-8") == javascript()


def png(data: bytes) -> tuple[Image.Image, NDArray[np.uint8]]:
    image = Image.open(io.BytesIO(data))
    return image, np.asarray(image)


def test_thumbnails_have_no_metadata_and_keep_the_shape_of_rectangular_pixels() -> None:
    pixels = ramp(100, 200)
    image, array = png(thumbnail_png(pixels, image_payload(pixels, spacing=(2.0, 1.0)).header, side=100))
    assert array.shape == (100, 100, 3)
    assert image.info == {}


def test_pictures_equal_the_renderer_and_keep_the_top_left() -> None:
    pixels = np.zeros((40, 30), dtype=np.uint16)
    pixels[2:10, 2:4], pixels[8:10, 2:8] = 4000, 4000
    header = image_payload(pixels, window=Window(2000, 4000)).header
    shown = native(np.pad(np.ones((5, 5)), ((3, 32), (3, 22))), rows=40, columns=30).array
    _, array = png(overlay_png(pixels, header, shown))
    np.testing.assert_array_equal(array, render(pixels, header, saliency=shown))
    assert array[2, 2].min() == 255
    assert array[-3, -3].max() == 0


@pytest.mark.parametrize(
    "pixels, options, message",
    [
        (np.zeros((2, 2), dtype=np.float32), {}, "integers"),
        (np.array([[70000]]), {}, "16 bits"),
        (np.array([[-40000]]), {}, "16 bits"),
        (np.zeros((2, 2, 2, 2), dtype=np.uint8), {}, "two dimensions"),
        (np.zeros((2, 2), dtype=np.uint8), {"photometric": "RGB"}, "colour image"),
        (np.zeros((2, 2), dtype=np.uint8), {"photometric": "YBR"}, "photometric"),
        (np.zeros((2, 2), dtype=np.uint8), {"spacing": (0.0, 1.0)}, "spacing"),
    ],
)
def test_images_that_cannot_be_shown(pixels: NDArray, options: dict, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        image_payload(pixels, **options)


def test_a_window_needs_a_width() -> None:
    with pytest.raises(ImageError, match="window"):
        Window(0.0, 0.0)


def test_what_does_not_fit_together() -> None:
    pixels = ramp()
    header: ImageHeader = image_payload(pixels).header
    with pytest.raises(MapError, match="16 x 24"):
        render(pixels, header, saliency=np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(DisplayError, match="Opacity"):
        render(pixels, header, saliency=np.zeros((16, 24), dtype=np.uint8), opacity=2)
    with pytest.raises(ImageError, match="slice"):
        render(pixels, header, slice_index=1)
