"""The leak classifier on families of maps that are made to differ, and on families that are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from portal.display import harmonised, native
from studies.blinding.leak import Leak, as_result, leak
from studies.blinding.looks import FEATURES, features_of

SIDE, CASES = 64, 16
Draw = Callable[[np.random.Generator], NDArray[np.float64]]


def _blob(rng: np.random.Generator) -> NDArray[np.float64]:
    smooth: NDArray[np.float64] = gaussian_filter(rng.random((SIDE, SIDE)), 8)
    return smooth


def _noise(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(rng.random((SIDE, SIDE)) ** 3, dtype=np.float64)


def _blocks(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(np.kron(rng.random((8, 8)), np.ones((8, 8))), dtype=np.float64)


def _coarse(rng: np.random.Generator) -> NDArray[np.float64]:

    return np.asarray(zoom(rng.random((7, 7)), SIDE / 7, order=1), dtype=np.float64)


def _edges(rng: np.random.Generator) -> NDArray[np.float64]:
    smooth = gaussian_filter(rng.random((SIDE, SIDE)), 3)
    down, across = np.gradient(smooth)
    return np.asarray(np.hypot(down, across), dtype=np.float64)


FAMILIES: dict[str, Draw] = {"blob": _blob, "noise": _noise, "blocks": _blocks, "coarse": _coarse, "edges": _edges}


def found(
    families: Mapping[str, Draw], show: Callable[..., object] = native, cases: int = CASES, seed: int = 0
) -> Leak:
    rng = np.random.default_rng(seed)
    shown, arms, names = [], [], []
    for case in range(cases):
        for arm, draw in families.items():
            raw = draw(rng)
            stimulus = show((raw - raw.min()) / np.ptp(raw), rows=SIDE, columns=SIDE)
            shown.append(stimulus.array)  # type: ignore[attr-defined]  # both ways of showing give a stimulus
            arms.append(arm)
            names.append(f"case-{case}")
    result = leak(shown, arms, names, seed=1)
    assert result is not None
    return result


def test_raw_families_are_told_apart_nearly_always() -> None:
    result = found(FAMILIES)
    assert result.accuracy > 0.95
    assert result.chance == 0.2
    assert result.low > 0.85
    assert "The look tells something of the method" in result.sentence
    assert as_result(result, "a network").findings


def test_the_same_family_under_many_names_is_at_chance() -> None:
    """Over ten sets of maps the accuracy is that of guessing, and its interval holds chance nearly always."""
    same = dict.fromkeys("ABCD", _blob)
    results = [found(same, seed=seed) for seed in range(10)]
    assert np.mean([result.accuracy for result in results]) == pytest.approx(0.25, abs=0.06)
    assert sum(result.low <= result.chance <= result.high for result in results) >= 8


def test_harmonised_maps_tell_less_and_rarely_nothing() -> None:
    raw, alike = found(FAMILIES), found(FAMILIES, harmonised)
    assert alike.accuracy <= raw.accuracy
    assert alike.confusion.to_numpy().sum() == CASES * len(FAMILIES)


def test_no_case_helps_to_tell_its_own_maps() -> None:
    """Maps that are known by their case alone are not known at all."""
    rng = np.random.default_rng(4)
    shown, arms, cases = [], [], []
    for case in range(12):
        picture = (rng.random((SIDE, SIDE)) * 255).astype(np.uint8)
        for arm in "AB":
            shown.append(picture)
            arms.append(arm)
            cases.append(str(case))
    result = leak(shown, arms, cases)
    assert result is not None
    assert result.accuracy <= 0.5


def test_too_little_to_say_anything() -> None:
    maps = [np.zeros((8, 8), dtype=np.uint8)] * 6
    assert leak(maps, ["A"] * 6, list("abcdef")) is None
    assert leak(maps, ["A", "B"] * 3, list("aabbcc")) is None


def test_features_are_finite_for_every_map() -> None:
    for shown in (np.zeros((9, 7)), np.full((9, 7), 255), np.eye(16) * 255, np.zeros((3, 9, 9))):
        numbers = features_of(shown.astype(np.uint8))
        assert numbers.shape == (len(FEATURES),)
        assert np.isfinite(numbers).all()
