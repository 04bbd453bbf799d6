from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from evaluation.statistics import auc, clustered_delong, delong, proportion
from tests.evaluation.statistics.conftest import Validate


def scores(seed: int = 0, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, n)
    first = np.round(truth + random.normal(size=n), 1)
    return truth, first, np.round(0.5 * truth + 0.4 * first + random.normal(size=n), 1)


def kernel(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """1, 1/2 or 0 for every pair of a positive and a negative case: the definition."""
    difference = score[truth == 1][:, None] - score[truth == 0][None, :]
    return (difference > 0) + 0.5 * (difference == 0)


def test_the_area_and_its_error_equal_the_definition_over_all_pairs(validate: Validate) -> None:
    truth, first, _ = scores()
    pairs = kernel(truth, first)
    variance = pairs.mean(axis=1).var(ddof=1) / len(pairs) + pairs.mean(axis=0).var(ddof=1) / pairs.shape[1]
    found = auc(truth, first)
    theirs = [pairs.mean(), np.sqrt(variance)]
    validate("auc and its error", "the definition over all pairs", [found.estimate, found.se], theirs, within=1e-12)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * found.se, abs=1e-6)


def test_two_areas_of_the_same_cases_equal_the_definition() -> None:
    truth, first, second = scores()
    difference = kernel(truth, first) - kernel(truth, second)
    variance = difference.mean(axis=1).var(ddof=1) / len(difference)
    variance += difference.mean(axis=0).var(ddof=1) / difference.shape[1]
    found = delong(truth, first, second)
    assert found.difference == pytest.approx(difference.mean(), abs=1e-12)
    assert found.z == pytest.approx(difference.mean() / np.sqrt(variance), abs=1e-9)
    assert found.first - found.second == pytest.approx(found.difference, abs=1e-12)
    assert 0 < found.p < 1


def test_a_worked_table() -> None:
    """Two positives 3, 1 and two negatives 2, 0: three of four pairs are won; each case wins 1 or 1/2."""
    found = auc([1, 1, 0, 0], [3, 1, 2, 0])
    assert found.estimate == 0.75
    assert found.se == pytest.approx(np.sqrt(0.125 / 2 + 0.125 / 2))


def test_only_the_order_of_scores_matters() -> None:
    truth, first, _ = scores()
    assert auc(truth, np.exp(first)).se == pytest.approx(auc(truth, first).se, abs=1e-12)
    assert auc(truth, -first).estimate == pytest.approx(1 - auc(truth, first).estimate)


def test_wrong_input_gets_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="two positive and two negative"):
        auc([1, 0, 0], [1, 2, 3])
    with pytest.raises(ValueError, match="0 or 1"):
        auc([1, 2, 0, 0], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="same cases"):
        auc([1, 0], [1, 2, 3])


@pytest.mark.parametrize("successes, n", [(0, 10), (3, 10), (10, 10), (41, 120)])
def test_proportions_equal_statsmodels(successes: int, n: int) -> None:
    low, high = proportion_confint(successes, n, method="wilson")
    found = proportion(successes, n)
    assert found.low == pytest.approx(low, abs=1e-12)
    assert found.high == pytest.approx(high, abs=1e-12)
    assert found.estimate == successes / n


def test_impossible_proportions_get_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        proportion(0, 0)
    with pytest.raises(ValueError, match="cannot be 5 successes"):
        proportion(5, 4)


def test_resampling_independent_cases_agrees_with_delong() -> None:
    truth, first, second = scores(seed=5, n=400)
    data = pd.DataFrame({"truth": truth, "first": first, "second": second, "case": range(400)})
    found = clustered_delong(data, truth="truth", first="first", second="second", clusters=("case",))
    other = delong(truth, first, second)
    assert (found.first, found.second) == pytest.approx((other.first, other.second), abs=1e-12)
    assert found.se == pytest.approx(other.se, rel=0.08)
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.01)


def test_repeated_readings_do_not_narrow_the_resampled_bounds() -> None:
    truth, first, second = scores(seed=5, n=100)
    data = pd.DataFrame({"truth": truth, "first": first, "second": second, "case": range(100)})
    names: dict[str, Any] = {"truth": "truth", "first": "first", "second": "second", "clusters": ("case",)}
    once, often = clustered_delong(data, **names), clustered_delong(pd.concat([data] * 5), **names)
    assert often.se == pytest.approx(once.se, rel=1e-9)
    with pytest.raises(ValueError, match="two or more positive"):
        clustered_delong(data[data["truth"] == 1], **names)
