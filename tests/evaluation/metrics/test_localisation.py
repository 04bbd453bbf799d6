"""Localisation metrics: values worked by hand, scikit-learn as oracle, and what must not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor

from evaluation.metrics import Scored, registry
from evaluation.metrics.ranks import Ranks, expected_inside

RANKED = ("pointing-game", "relevance-rank", "mask-iou", "mask-auc", "average-precision")
MASK = torch.tensor([[[1, 1, 0], [0, 0, 0]]]).bool()
FLAT = torch.ones(1, 2, 3)


def judged(name: str, maps: Tensor, masks: Tensor = MASK, **fields: Any) -> Scored:
    images = torch.zeros(len(maps), 1, *maps.shape[1:])
    return registry.build(name, fields).score_with_reasons(None, images, maps, None, masks=masks)


def value(name: str, maps: Tensor, masks: Tensor = MASK, **fields: Any) -> float:
    return float(judged(name, maps, masks, **fields).values)


def grid(*rows: list[float]) -> Tensor:
    return torch.tensor([rows])


def test_pointing_game_shares_tied_maxima() -> None:
    assert value("pointing-game", grid([9, 0, 0], [0, 0, 0])) == 1
    assert value("pointing-game", grid([0, 0, 9], [0, 0, 0])) == 0
    assert value("pointing-game", grid([9, 0, 9], [9, 0, 9])) == pytest.approx(1 / 4)
    assert value("pointing-game", FLAT) == pytest.approx(2 / 6)


def test_pointing_game_reads_signs_as_told() -> None:
    maps = grid([1, 0, -5], [0, 0, 0])
    assert value("pointing-game", maps) == 1
    assert value("pointing-game", maps, sign="absolute") == 0
    assert value("pointing-game", -FLAT, sign="positive") == pytest.approx(2 / 6)


def test_pointing_game_tolerance_is_a_euclidean_distance() -> None:
    masks = torch.zeros(1, 7, 7, dtype=torch.bool)
    masks[0, 3, 3] = True
    for row, column in ((3, 5), (4, 4), (5, 5), (6, 3)):
        maps = torch.zeros(1, 7, 7)
        maps[0, row, column] = 1
        distance = ((row - 3) ** 2 + (column - 3) ** 2) ** 0.5
        for tolerance in (0, 1, 2, 3):
            assert value("pointing-game", maps, masks, tolerance=tolerance) == float(distance <= tolerance)


def test_relevance_mass_by_hand() -> None:
    maps = grid([3, -2, 1], [0, 0, -4])
    assert value("relevance-mass", maps) == pytest.approx(3 / 4)
    assert value("relevance-mass", maps, sign="absolute") == pytest.approx(5 / 10)
    assert value("relevance-mass", FLAT) == pytest.approx(2 / 6)


def test_relevance_mass_of_nothing_is_undefined_and_says_so() -> None:
    result = judged("relevance-mass", -FLAT)
    assert torch.isnan(result.values).all()
    assert "no relevance" in result.reasons[0]


def test_relevance_rank_by_hand() -> None:
    """Two pixels are in the mask, so the top two count; ties at the border share the last place."""
    assert value("relevance-rank", grid([5, 1, 4], [0, 0, 0])) == pytest.approx(1 / 2)
    assert value("relevance-rank", grid([5, 1, 1], [1, 0, 0])) == pytest.approx((1 + 1 / 3) / 2)
    assert value("relevance-rank", FLAT) == pytest.approx(2 / 6)
    negative = grid([5, -1, -2], [-3, -4, -5])
    assert value("relevance-rank", negative) == pytest.approx((1 + 1 / 5) / 2)
    assert value("relevance-rank", negative, sign="signed") == 1


def test_mask_iou_by_hand() -> None:
    assert value("mask-iou", grid([5, 4, 1], [0, 0, 0])) == 1
    assert value("mask-iou", grid([5, 1, 4], [0, 0, 0])) == pytest.approx(1 / 3)
    assert value("mask-iou", grid([0, 0, 4], [5, 0, 0])) == 0
    assert value("mask-iou", FLAT) == pytest.approx((2 / 3) / (4 - 2 / 3))


def test_a_full_mask_has_no_auc() -> None:
    result = judged("mask-auc", FLAT, torch.ones(1, 2, 3))
    assert torch.isnan(result.values).all()
    assert "whole image" in result.reasons[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_auc_and_average_precision_equal_scikit_learn(seed: int, levels: int) -> None:
    """Oracle: scikit-learn 1.9, on maps with many ties."""
    random = np.random.default_rng(seed)
    maps = random.integers(-levels, levels + 1, (5, 8)).astype(np.float32)
    masks = random.random((5, 8)) < 0.3
    masks[0, 0], masks[4, 7] = True, False
    tensors = torch.from_numpy(maps)[None], torch.from_numpy(masks)[None]
    truth, scores = masks.ravel(), maps.ravel()
    assert value("mask-auc", *tensors) == pytest.approx(roc_auc_score(truth, scores), abs=1e-6)
    assert value("average-precision", *tensors) == pytest.approx(average_precision_score(truth, scores), abs=1e-6)


def test_hit_rate_by_hand() -> None:
    """Two parts (the second joined at a corner); the second highest peak lies in the first only."""
    masks = torch.zeros(1, 10, 10, dtype=torch.bool)
    masks[0, 1:3, 1:3] = True
    masks[0, 6, 6] = masks[0, 7, 7] = True
    maps = torch.rand(1, 10, 10, generator=torch.Generator().manual_seed(0)) * 0.1
    maps[0, 1, 2] = 5.0
    assert value("hit-rate", maps, masks) == pytest.approx(1 / 2)
    maps[0, 7, 7] = 4.0
    assert value("hit-rate", maps, masks) == 1
    maps[0, 8, 8] = 4.5
    assert value("hit-rate", maps, masks) == pytest.approx(1 / 2)
    assert value("hit-rate", maps, masks, top_percent=1.0) == pytest.approx(1 / 2)
    maps[0, 1, 2] = 4.4
    assert value("hit-rate", maps, masks, top_percent=1.0) == 0


def test_flat_ground_has_no_peaks() -> None:
    masks = torch.zeros(1, 10, 10, dtype=torch.bool)
    masks[0, 1:3, 1:3] = True
    assert value("hit-rate", torch.ones(1, 10, 10), masks) == 0
    rectified = torch.zeros(1, 10, 10)
    rectified[0, 8, 8] = 1
    assert value("hit-rate", rectified, masks) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from((*RANKED, "hit-rate")))
def test_a_rising_transform_of_the_map_changes_nothing(seed: int, name: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(-4, 5, (2, 6, 7), generator=generator).float()
    masks = torch.rand(2, 6, 7, generator=generator) < 0.3
    masks[:, 0, 0], masks[:, 5, 6] = True, False
    sign = {"sign": "signed"}
    torch.testing.assert_close(
        judged(name, maps, masks, **sign).values, judged(name, (maps / 2).exp() - 9, masks, **sign).values
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from((*RANKED, "relevance-mass")))
def test_the_order_of_the_pixels_changes_nothing(seed: int, name: str) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randint(-2, 3, (2, 6, 7), generator=generator).float()
    masks = torch.rand(2, 6, 7, generator=generator) < 0.3
    masks[:, 0, 0], masks[:, 5, 6], maps[:, 0, 0] = True, False, 1
    order = torch.randperm(42, generator=generator)
    moved = [tensor.flatten(1)[:, order].view(2, 6, 7) for tensor in (maps, masks)]
    torch.testing.assert_close(judged(name, maps, masks).values, judged(name, *moved).values)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_counting_the_top_by_its_border_equals_counting_it_by_ranks(seed: int) -> None:
    """Oracle: ranks by comparing every pair of pixels."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(-3, 4, (3, 24), generator=generator).float()
    masks = torch.rand(3, 24, generator=generator) < 0.4
    counts = torch.randint(0, 25, (3,), generator=generator)
    above = (values[:, None, :] > values[:, :, None]).sum(2)
    tied = (values[:, None, :] == values[:, :, None]).sum(2)
    ranks = Ranks.of(values)
    assert torch.equal(ranks.above, above)
    assert torch.equal(ranks.tied, tied)
    shares = ((counts[:, None] - above).double() / tied).clamp(0, 1)
    torch.testing.assert_close(expected_inside(values, masks, counts), (shares * masks).sum(1))
