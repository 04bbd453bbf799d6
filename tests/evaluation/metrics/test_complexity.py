"""Complexity metrics: values worked by hand, SciPy as oracle, and what must not matter."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from evaluation.metrics import Scored, registry

NAMES = ("sparseness", "entropy", "effective-complexity")


def judged(name: str, maps: Tensor, **fields: Any) -> Scored:
    images = torch.zeros(len(maps), 1, *maps.shape[1:])
    return registry.build(name, fields).score_with_reasons(None, images, maps, None)


def value(name: str, *entries: float, **fields: Any) -> float:
    return float(judged(name, torch.tensor(entries).view(1, 2, -1), **fields).values)


def test_sparseness_by_hand() -> None:
    """Gini of 1, 2, 3, 4: (1 * -3 + 2 * -1 + 3 * 1 + 4 * 3) / (4 * 10)."""
    assert value("sparseness", 1, -2, 3, -4) == pytest.approx(0.25)
    assert value("sparseness", 0, 0, 7, 0) == pytest.approx(3 / 4)
    assert value("sparseness", 2, 2, -2, 2) == pytest.approx(0, abs=1e-7)
    assert value("sparseness", 1, -2, 1, -4, sign="positive") == pytest.approx(1 / 2)


def test_sparseness_is_half_the_relative_mean_difference() -> None:
    """Oracle: the Gini index as mean absolute difference of all pairs over twice the mean."""
    sizes = torch.rand(1, 5, 9, generator=torch.Generator().manual_seed(2))
    pairs = (sizes.flatten()[:, None] - sizes.flatten()[None]).abs().mean()
    assert float(judged("sparseness", sizes).values) == pytest.approx(float(pairs / (2 * sizes.mean())), rel=1e-5)


def test_entropy_equals_scipy() -> None:
    maps = torch.randn(1, 5, 9, generator=torch.Generator().manual_seed(2))
    assert float(judged("entropy", maps).values) == pytest.approx(stats.entropy(maps.abs().flatten().numpy()), rel=1e-5)
    assert value("entropy", 3, -3, 3, 3) == pytest.approx(math.log(4))
    assert value("entropy", 0, 0, 5, 0) == 0


def test_effective_complexity_counts_pixels_above_a_share_of_the_largest() -> None:
    assert value("effective-complexity", 100, -50, 1e-9, 0) == 2
    assert value("effective-complexity", 100, -50, 1e-9, 0, threshold=0.6) == 1
    assert value("effective-complexity", 100, -50, 1e-9, 0, sign="positive") == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_map_of_zeros_is_undefined_and_says_so(name: str) -> None:
    result = judged(name, torch.zeros(1, 4, 4))
    assert torch.isnan(result.values).all()
    assert "zero" in result.reasons[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 1e3), st.sampled_from(NAMES))
def test_neither_unit_nor_sign_nor_order_of_pixels_matters(seed: int, factor: float, name: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(-3, 4, (2, 4, 5), generator=generator).float()
    maps[:, 0, 0] = 1
    order = torch.randperm(20, generator=generator)
    moved = -factor * maps.flatten(1)[:, order].view(2, 4, 5)
    torch.testing.assert_close(judged(name, maps).values, judged(name, moved).values, rtol=1e-5, atol=1e-6)
