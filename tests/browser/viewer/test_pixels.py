"""What the browser shows equals the numpy renderer within 1, in both back-ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser
from scipy.ndimage import map_coordinates

from portal.display import ImagePayload, Window, image_payload, native, render
from tests.browser.conftest import Site
from tests.browser.viewer.bench import open_bench

pytestmark = pytest.mark.browser

ROWS, COLUMNS = 61, 47


@pytest.fixture(params=["webgl2", "canvas"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser(backend: str, request: pytest.FixtureRequest) -> Iterator[Browser]:
    opened: Browser = request.getfixturevalue({"webgl2": "webgl_browser", "canvas": "canvas_browser"}[backend])
    yield opened
    for context in opened.contexts:
        context.close()


def phantom(top: int) -> NDArray[np.int64]:
    """A ramp with noise and an L at the top left: no symmetry maps it onto itself."""
    rng = np.random.default_rng(3)
    pixels = np.linspace(0, top * 0.8, ROWS * COLUMNS).reshape(ROWS, COLUMNS) + rng.normal(0, top / 60, (ROWS, COLUMNS))
    pixels[4:20, 4:7], pixels[17:20, 4:14] = top, top
    return np.clip(np.rint(pixels), 0, top).astype(np.int64)


def saliency(sign: str = "positive", seed: int = 0) -> NDArray[np.uint8]:
    values = np.random.default_rng(seed).normal(size=(9, 7))
    return native(values, rows=ROWS, columns=COLUMNS, sign=sign).array  # type: ignore[arg-type]


def difference(seen: NDArray[np.uint8], expected: NDArray[np.uint8]) -> int:
    assert seen.shape == expected.shape
    return int(np.abs(seen.astype(int) - expected.astype(int)).max())


def image(name: str) -> tuple[NDArray, ImagePayload]:
    eight, twelve, sixteen = phantom(255).astype(np.uint8), phantom(4095).astype(np.uint16), phantom(65535)
    hounsfield = (phantom(3000) - 1000).astype(np.int16)
    colour = np.stack([phantom(255), phantom(200)[::-1], phantom(90)], axis=2).astype(np.uint8)
    kinds: dict[str, tuple[NDArray, dict[str, Any]]] = {
        "8 bit": (eight, {}),
        "12 bit": (twelve, {"bits": 12}),
        "16 bit": (sixteen.astype(np.uint16), {"window": Window(30000, 50000)}),
        "signed CT with rescale": (hounsfield, {"slope": 1.5, "intercept": -24.5, "window": Window(40, 400)}),
        "MONOCHROME1": (twelve, {"photometric": "MONOCHROME1"}),
        "RGB": (colour, {"photometric": "RGB"}),
        "exact": (eight, {"voi": "LINEAR_EXACT", "slope": 0.01, "window": Window(1.2, 1.7)}),
        "sigmoid": (twelve, {"voi": "SIGMOID", "window": Window(1500, 1200)}),
        "width of one": (twelve, {"window": Window(1500, 1)}),
        "rectangular pixels": (twelve, {"spacing": (0.9, 0.3)}),
    }
    pixels, options = kinds[name]
    return pixels, image_payload(pixels, **options)


NAMES = [
    "8 bit",
    "12 bit",
    "16 bit",
    "signed CT with rescale",
    "MONOCHROME1",
    "RGB",
    "exact",
    "sigmoid",
    "width of one",
    "rectangular pixels",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_image(browser: Browser, backend: str, site: Site, name: str) -> None:
    pixels, payload = image(name)
    shown = saliency()
    bench = open_bench(browser, site, payload, shown)
    assert bench.environment()["backend"] == backend
    header = payload.header
    assert difference(bench.read(), render(pixels, header, saliency=shown)) <= 1
    bench.set({"overlay": False})
    assert difference(bench.read(), render(pixels, header)) <= 1
    bench.set({"invert": True})
    assert difference(bench.read(), render(pixels, header, invert=True)) <= 1
    bench.set({"overlay": True, "opacity": 0.9, "invert": False})
    assert difference(bench.read(), render(pixels, header, saliency=shown, opacity=0.9)) <= 1


@pytest.mark.parametrize("window", [Window(2000, 4000), Window(700, 300), Window(1234.5, 17), Window(100, 1)])
def test_windows(browser: Browser, site: Site, window: Window) -> None:
    pixels, payload = image("12 bit")
    bench = open_bench(browser, site, payload)
    bench.set({"window": {"centre": window.centre, "width": window.width}})
    assert difference(bench.read(), render(pixels, payload.header, window)) <= 1


@pytest.mark.parametrize("blend", ["weighted", "even", "lines"])
@pytest.mark.parametrize("sign", ["positive", "signed"])
def test_overlays(browser: Browser, site: Site, blend: str, sign: str) -> None:
    pixels, payload = image("12 bit")
    shown = saliency(sign)
    bench = open_bench(browser, site, payload, shown, blend=blend, sign=sign)
    for opacity, threshold in ((0.0, 0.0), (0.35, 0.0), (1.0, 0.4), (0.6, 0.7)):
        bench.set({"opacity": opacity, "threshold": threshold})
        look: dict[str, Any] = {"opacity": opacity, "threshold": threshold, "blend": blend, "sign": sign}
        expected = render(pixels, payload.header, saliency=shown, **look)
        assert difference(bench.read(), expected) <= 1


def test_lines_run_where_the_map_crosses_a_level(browser: Browser, site: Site) -> None:
    """A ramp from nothing to full strength: three dark lines a quarter apart, each found without the reference."""
    pixels = np.full((40, 256), 255, dtype=np.uint8)
    ramp = np.tile(np.arange(256, dtype=np.uint8), (40, 1))
    bench = open_bench(browser, site, image_payload(pixels, window=Window(128, 256)), ramp, blend="lines", opacity=100)
    row = bench.read()[20].astype(int).sum(axis=1)
    lined = np.flatnonzero(row < 500)
    groups = np.split(lined, np.flatnonzero(np.diff(lined) > 8) + 1)
    assert [round(float(group.mean())) for group in groups] == pytest.approx([64, 127, 191], abs=1)
    assert all(len(group) <= 6 for group in groups)


def test_slices(browser: Browser, site: Site) -> None:
    volume = np.stack([phantom(4095), phantom(4095)[::-1], phantom(2000)]).astype(np.uint16)
    shown = np.stack([saliency(seed=seed) for seed in range(3)])
    payload = image_payload(volume, bits=12)
    bench = open_bench(browser, site, payload, shown)
    for index in (1, 0, 2):
        bench.set({"slice": index})
        assert difference(bench.read(), render(volume, payload.header, saliency=shown, slice_index=index)) <= 1


def bilinear(values: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """Enlarged by a whole factor, as scipy's spline of order one does it on pixel centres."""
    rows, columns = values.shape
    y = np.clip((np.arange(rows * factor) + 0.5) / factor - 0.5, 0, rows - 1)
    x = np.clip((np.arange(columns * factor) + 0.5) / factor - 0.5, 0, columns - 1)
    return np.asarray(map_coordinates(values, np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest"))


@pytest.mark.parametrize("ratio", [1, 2])
def test_the_screen_is_bilinear_and_the_right_way_up(browser: Browser, site: Site, ratio: float) -> None:
    """Scipy interpolates what the screen shows; the L stays at the top left."""
    pixels, payload = image("12 bit")
    bench = open_bench(browser, site, payload, ratio=ratio, size=(700, 900))
    factor = 5 * int(ratio)
    bench.page.evaluate(
        "([w, h]) => { const s = document.querySelector('.viewer__stage').style;"
        " s.flex = 'none'; s.width = w + 'px'; s.height = h + 'px'; s.minHeight = '0'; }",
        [COLUMNS * 5, ROWS * 5],
    )
    bench.settle()
    seen = bench.screen()
    assert seen.shape == (ROWS * factor, COLUMNS * factor, 3)
    window = payload.header.window
    modality = bilinear(pixels.astype(float), factor)
    grey = np.clip(((modality - (window.centre - 0.5)) / (window.width - 1) + 0.5) * 255, 0, 255)
    assert np.abs(seen.astype(float) - grey[..., None]).max() <= 1
    assert bench.environment()["devicePixelRatio"] == ratio
    stem = seen[6 * factor : 16 * factor, 5 * factor : 6 * factor]
    assert stem.min() > 240
    assert seen[6 * factor : 16 * factor, 8 * factor : 14 * factor].max() < 100


def test_rectangular_pixels_have_their_shape(browser: Browser, site: Site) -> None:
    """Rows three times as far apart as columns: the image on the screen is that much taller."""
    pixels = np.full((40, 60), 200, dtype=np.uint8)
    payload = image_payload(pixels, spacing=(0.9, 0.3), window=Window(128, 256))
    bench = open_bench(browser, site, payload, size=(700, 800))
    lit = bench.screen()[..., 0] > 100
    tall, wide = int(lit.any(axis=1).sum()), int(lit.any(axis=0).sum())
    assert tall / wide == pytest.approx(40 * 3 / 60, rel=0.02)


def test_shrinking_skips_no_line(browser: Browser, site: Site) -> None:
    """A grey made of black and white lines stays greyish at a third of its size; single samples would reach 127."""
    pixels = np.zeros((900, 900), dtype=np.uint8)
    pixels[:, ::2] = 255
    bench = open_bench(browser, site, image_payload(pixels, window=Window(128, 256)), size=(360, 700))
    seen = bench.screen()
    middle = seen[seen.shape[0] // 2 - 40 : seen.shape[0] // 2 + 40, 40:-40].astype(int)
    assert np.abs(middle - 127).max() <= 64


def test_both_backends_agree_on_the_screen(webgl_browser: Browser, canvas_browser: Browser, site: Site) -> None:
    _, payload = image("12 bit")
    screens = []
    for opened in (webgl_browser, canvas_browser):
        bench = open_bench(opened, site, payload, saliency(), size=(500, 700))
        screens.append(bench.screen().astype(int))
        bench.context.close()
    apart = np.abs(screens[0] - screens[1])
    assert apart.mean() < 0.05
    assert apart.max() <= 3  # a rounding of the map's value picks the neighbouring colour
