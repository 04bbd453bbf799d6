"""Measures against scikit-learn, closed forms and shapes worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from portal.networks import measures


def test_the_auroc_is_scikit_learns_ties_included() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    scores = np.round(labels + rng.normal(0, 1, 200), 1)
    found = measures.auroc(labels, scores)
    assert found.value == pytest.approx(roc_auc_score(labels, scores))
    assert found.low < found.value < found.high


def test_the_aurocs_interval_covers_as_it_says() -> None:
    """Two normals a unit apart have the area Phi(1 / sqrt 2) = 0.7602."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        scores = np.r_[rng.normal(0, 1, 60), rng.normal(1, 1, 60)]
        found = measures.auroc(np.repeat([0, 1], 60), scores)
        hits += found.low <= 0.76025 <= found.high
    assert 0.91 <= hits / 300 <= 0.985


def test_an_auroc_without_both_classes_is_refused() -> None:
    with pytest.raises(measures.MeasureError):
        measures.auroc([1, 1], [0.2, 0.3])


def test_a_perfect_auroc_still_has_an_interval() -> None:
    found = measures.auroc([0] * 30 + [1] * 30, range(60))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.9)


def test_wilsons_interval_is_the_published_one() -> None:
    """81 of 263, Newcombe, Statist Med 1998, table I: 0.2553 to 0.3662."""
    found = measures.proportion(81, 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert measures.proportion(0, 20).low == 0.0
    with pytest.raises(measures.MeasureError):
        measures.proportion(3, 2)


def test_the_means_interval_is_near_the_normal_one() -> None:
    values = np.random.default_rng(2).normal(5, 2, 400)
    found = measures.mean(values)
    half = 1.96 * values.std() / math.sqrt(400)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_dice_of_shifted_squares() -> None:
    first, second = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    first[2:12, 2:12], second[2:12, 7:17] = True, True
    assert measures.dice(first, second) == 0.5
    assert measures.dice(first, first) == 1.0
    assert measures.dice(first, np.zeros_like(first)) == 0.0


def test_hd95_of_shifted_squares() -> None:
    """Moved by 5 pixels: the far side is 5 away, which is more than a twentieth of the outline."""
    first, second = np.zeros((30, 30), bool), np.zeros((30, 30), bool)
    first[5:15, 5:15], second[5:15, 10:20] = True, True
    assert measures.hd95(first, second, spacing=2.0) == pytest.approx(10.0)
    assert measures.hd95(first, first) == 0.0
    assert math.isnan(measures.hd95(first, np.zeros_like(first)))
