"""What a reader sees of a map, read back as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from portal.display import PRESENTATIONS, native, seen
from portal.display.colours import DIVERGING, SEQUENTIAL
from portal.display.errors import MapError
from portal.display.presentations import presented, shown_values, split
from portal.display.sign import quantise


def test_each_shown_byte_has_a_colour_of_its_own() -> None:
    """So that the number can be had back from the colour that a reader sees."""
    assert len(np.unique(SEQUENTIAL, axis=0)) == 256
    assert len(np.unique(DIVERGING[1:], axis=0)) == 255  # quantise never writes a signed 0


@pytest.mark.parametrize("sign", ["positive", "absolute", "signed"])
def test_bytes_read_back_are_the_values_to_half_a_level(sign: str) -> None:
    values = np.linspace(-1.0 if sign == "signed" else 0.0, 1.0, 701)
    back = shown_values(quantise(values, sign), sign)  # type: ignore[arg-type]
    assert np.abs(back - values).max() <= 0.5 / (127 if sign == "signed" else 255) + 1e-12


@pytest.mark.parametrize("presentation", PRESENTATIONS)
def test_it_shows_what_the_mode_shows(presentation: str) -> None:
    saliency = np.random.default_rng(1).normal(size=(12, 10)).astype(np.float32)
    mode, sign = split(presentation)
    stimulus = presented(saliency, presentation, rows=24, columns=20)
    assert (stimulus.record["presentation"], stimulus.record["sign"]) == (mode, sign)
    values, again = seen(saliency, presentation, rows=24, columns=20)
    assert np.array_equal(again.array, stimulus.array)
    assert values.shape == saliency.shape
    assert values.dtype == np.float32
    assert np.abs(values).max() <= 1.0
    assert (values.min() < 0) == (sign == "signed")


def test_the_same_grid_loses_only_sign_clipping_and_levels() -> None:
    """By hand: positive part, divided by the percentile of what is lit, cut at 1, rounded to 255ths."""
    saliency = np.random.default_rng(2).normal(size=(16, 16))
    values, _ = seen(saliency, "native-positive", rows=16, columns=16)
    positive = np.maximum(saliency, 0.0)
    shown = np.minimum(positive / np.percentile(positive[positive > 0], 99.5), 1.0)
    assert values == pytest.approx(np.rint(shown * 255) / 255, abs=1e-6)


def test_a_finer_image_grid_keeps_a_smooth_map() -> None:
    rows, columns = np.mgrid[0:20, 0:20]
    saliency = np.exp(-((rows - 9.5) ** 2 + (columns - 12.0) ** 2) / 40)
    values, _ = seen(saliency, "native-positive", rows=80, columns=80)
    scale = native(saliency, rows=80, columns=80).record["scale"]
    inner = (slice(2, -2), slice(2, -2))
    assert values[inner] * scale == pytest.approx(np.minimum(saliency, scale)[inner], abs=0.02)


def test_an_unknown_presentation_is_refused() -> None:
    with pytest.raises(MapError, match="'native' is none of them"):
        presented(np.zeros((4, 4)), "native", rows=4, columns=4)
