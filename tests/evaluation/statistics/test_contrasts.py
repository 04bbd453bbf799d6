"""Contrasts of levels where a fit leaves no spread between two of them."""

from __future__ import annotations

import numpy as np

from evaluation.statistics.contrasts import pairwise_contrasts


def test_a_difference_without_spread_has_no_test_and_breaks_nothing() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = pairwise_contrasts(["a", "b", "c"], rows, np.array([0.5, -0.5]), np.eye(2)).set_index(["first", "second"])
    assert found["p"].isna()[("a", "b")]
    assert found.loc[("a", "c"), "z"] == 1.0 / np.sqrt(2.0)
