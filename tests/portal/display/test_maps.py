"""Maps become bytes: oracles are torch's interpolation, hand-computed values and invariances."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from portal.display import MapError, Sign, Stimulus, harmonised, native
from portal.display.resample import resample

Present = Callable[..., Stimulus]
BOTH: list[Present] = [native, harmonised]


def noise(rows: int, columns: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(rows, columns))


@pytest.mark.parametrize("source, target", [((7, 7), (224, 160)), ((14, 9), (33, 61)), ((160, 160), (512, 400))])
def test_enlarging_equals_torch(source: tuple[int, int], target: tuple[int, int]) -> None:
    values = noise(*source)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None, None], size=target, mode="bilinear", align_corners=False
    )[0, 0].numpy()
    np.testing.assert_allclose(resample(values, *target), expected, atol=1e-12)


@pytest.mark.parametrize("source, target", [((224, 160), (56, 40)), ((100, 90), (37, 61))])
def test_reducing_equals_torch_with_antialias(source: tuple[int, int], target: tuple[int, int]) -> None:
    values = noise(*source)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None, None], size=target, mode="bilinear", align_corners=False, antialias=True
    )[0, 0].numpy()
    np.testing.assert_allclose(resample(values, *target), expected, atol=1e-6)


def test_the_same_grid_is_left_as_it_is() -> None:
    values = noise(31, 17)
    np.testing.assert_array_equal(resample(values, 31, 17), values)


def test_native_by_hand() -> None:
    saliency = np.array([[0.0, 1.0], [-2.0, 4.0]])
    positive = native(saliency, rows=2, columns=2, sign="positive", ceiling=100)
    absolute = native(saliency, rows=2, columns=2, sign="absolute", ceiling=100)
    signed = native(saliency, rows=2, columns=2, sign="signed", ceiling=100)
    np.testing.assert_array_equal(positive.array, [[0, 64], [0, 255]])
    np.testing.assert_array_equal(absolute.array, [[0, 64], [128, 255]])
    np.testing.assert_array_equal(signed.array, [[128, 160], [64, 255]])
    assert signed.record["scale"] == 4.0


def test_native_ceiling_counts_only_what_is_above_zero() -> None:
    saliency = np.zeros((40, 40))
    saliency[3, 4] = 5.0
    assert native(saliency, rows=40, columns=40, ceiling=50).array[3, 4] == 255


@pytest.mark.parametrize("present", BOTH)
@pytest.mark.parametrize("sign", ["positive", "absolute", "signed"])
@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    grid=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    scale=st.sampled_from([0.0, 1e-12, 1.0, 1e12]),
    seed=st.integers(0, 9),
)
def test_the_length_depends_on_the_image_alone(
    present: Present, sign: Sign, shape: tuple[int, int], grid: tuple[int, int], scale: float, seed: int
) -> None:
    shown = present(noise(*shape, seed) * scale, rows=grid[0], columns=grid[1], sign=sign)
    assert shown.array.shape == grid
    assert shown.array.dtype == np.uint8
    assert len(shown.payload) == grid[0] * grid[1]


@pytest.mark.parametrize("present", BOTH)
@pytest.mark.parametrize("sign", ["positive", "absolute", "signed"])
def test_units_do_not_show(present: Present, sign: Sign) -> None:
    saliency = noise(20, 30)
    small = present(saliency * 2.0**-30, rows=60, columns=90, sign=sign)
    large = present(saliency * 2.0**30, rows=60, columns=90, sign=sign)
    np.testing.assert_array_equal(small.array, large.array)


@pytest.mark.parametrize("present", BOTH)
def test_a_map_of_zeros_shows_nothing(present: Present) -> None:
    zeros = np.zeros((9, 9))
    assert not present(zeros, rows=50, columns=40).array.any()
    assert (present(zeros, rows=50, columns=40, sign="signed").array == 128).all()


@pytest.mark.parametrize("present", BOTH)
def test_negative_evidence_is_not_shown_as_positive(present: Present) -> None:
    assert not present(-np.abs(noise(9, 9)) - 0.1, rows=30, columns=30, sign="positive").array.any()


@pytest.mark.parametrize("present", BOTH)
def test_signs_mirror(present: Present) -> None:
    saliency = noise(16, 16)
    forth = present(saliency, rows=48, columns=48, sign="signed").array.astype(int)
    back = present(-saliency, rows=48, columns=48, sign="signed").array.astype(int)
    np.testing.assert_array_equal(forth - 128, 128 - back)


@pytest.mark.parametrize("present", BOTH)
def test_the_top_left_stays_at_the_top_left(present: Present) -> None:
    saliency = np.zeros((24, 24))
    saliency[2:5, 3:6] = 1.0
    saliency[4, 6:9] = 0.6
    shown = present(saliency, rows=120, columns=96).array
    row, column = np.unravel_index(int(shown.argmax()), shown.shape)
    assert row < 40
    assert column < 40
    assert shown[60:].max() == 0


@pytest.mark.parametrize("area", [0.05, 0.1, 0.3])
def test_harmonised_keeps_the_area_budget(area: float) -> None:
    for seed in range(4):
        saliency = np.abs(noise(64, 64, seed)) ** (seed + 1)
        lit = (harmonised(saliency, rows=64, columns=64, area=area).array > 0).mean()
        assert lit == pytest.approx(area, abs=0.01)


def test_harmonised_sees_ranks_alone() -> None:
    saliency = np.abs(noise(64, 64))
    once = harmonised(saliency, rows=200, columns=200, blur=0.0)
    stretched = harmonised(np.exp(saliency), rows=200, columns=200, blur=0.0)
    np.testing.assert_array_equal(once.array, stretched.array)


def test_a_constant_map_has_no_ranks() -> None:
    assert not harmonised(np.full((37, 41), 0.3), rows=100, columns=90).array.any()


def test_harmonising_narrows_what_gives_a_method_away() -> None:
    """Roughness (mean gradient) of a fine and a coarse map: far apart natively, close once harmonised."""
    fine = np.abs(noise(160, 160)) ** 3
    coarse = resample(np.abs(noise(7, 7)), 160, 160)

    def roughness(shown: Stimulus) -> float:
        return float(np.abs(np.diff(shown.array.astype(float), axis=1)).mean())

    native_ratio = roughness(native(fine, rows=320, columns=320)) / roughness(native(coarse, rows=320, columns=320))
    ratio = roughness(harmonised(fine, rows=320, columns=320)) / roughness(harmonised(coarse, rows=320, columns=320))
    assert native_ratio > 3
    assert ratio < native_ratio / 2


@pytest.mark.parametrize("present", BOTH)
def test_slices_share_one_scale(present: Present) -> None:
    volume = np.stack([np.abs(noise(16, 16, seed)) * (seed + 1) for seed in range(3)])
    shown = present(volume, rows=32, columns=40)
    assert shown.array.shape == (3, 32, 40)
    assert len(shown.payload) == 3 * 32 * 40
    assert shown.array[2].mean() > shown.array[0].mean()


@pytest.mark.parametrize("present", BOTH)
def test_the_record_is_json_and_names_what_was_shown(present: Present) -> None:
    shown = present(noise(8, 8), rows=20, columns=30, sign="absolute")
    record = json.loads(json.dumps(shown.record))
    assert record["presentation"] == present.__name__
    assert record["sign"] == "absolute"
    assert record["shown_shape"] == [20, 30]
    assert record["sha256"] == hashlib.sha256(shown.payload).hexdigest()


@pytest.mark.parametrize("present", BOTH)
def test_the_map_is_left_as_it_was(present: Present) -> None:
    saliency = noise(8, 8)
    before = saliency.copy()
    present(saliency, rows=8, columns=8)
    np.testing.assert_array_equal(saliency, before)


@pytest.mark.parametrize("present", BOTH)
@pytest.mark.parametrize(
    "saliency, options, message",
    [
        (np.array([[np.nan, 1.0]]), {}, "finite"),
        (np.zeros(4), {}, "two dimensions"),
        (np.zeros((0, 4)), {}, "two dimensions"),
        (np.zeros((2, 2)), {"rows": 0}, "at least one row"),
        (np.zeros((2, 2)), {"sign": "both"}, "'both' is none of them"),
    ],
)
def test_what_cannot_be_shown(present: Present, saliency: NDArray[np.float64], options: dict, message: str) -> None:
    with pytest.raises(MapError, match=message):
        present(saliency, **{"rows": 4, "columns": 4, **options})


def test_parameters_out_of_range() -> None:
    with pytest.raises(MapError, match="percentile"):
        native(np.zeros((2, 2)), rows=2, columns=2, ceiling=0)
    with pytest.raises(MapError, match="Harmonising needs"):
        harmonised(np.zeros((2, 2)), rows=2, columns=2, area=0)
