from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.statistics import association, attenuation

NAMES: dict[str, Any] = {"case": "case", "method": "method", "rater": "rater", "rating": "rating", "value": "value"}


def study(noise: float, readers: int = 8, cases: int = 60, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings and values that measure the same thing: true correlation .6 at the level of maps."""
    random = np.random.default_rng(seed)
    worth = random.normal(size=(cases, 4))
    value = 0.6 * worth + 0.8 * random.normal(size=(cases, 4))
    grid = [(case, method) for case in range(cases) for method in range(4)]
    ratings = [
        (reader, case, method, worth[case, method] + noise * random.normal())
        for reader in range(readers)
        for case, method in grid
    ]
    values = [(case, method, value[case, method]) for case, method in grid]
    return (
        pd.DataFrame(ratings, columns=["rater", "case", "method", "rating"]),
        pd.DataFrame(values, columns=["case", "method", "value"]),
    )


def test_the_corrected_value_is_what_noiseless_ratings_would_give() -> None:
    noisy: Any = attenuation(*study(noise=4.0, cases=400), **NAMES)
    clean: Any = attenuation(*study(noise=0.01, cases=400), **NAMES)
    for level in ("pooled", "double-centred"):
        assert noisy.loc[level, "spearman"] < 0.8 * clean.loc[level, "spearman"]
        assert noisy.loc[level, "corrected"] == pytest.approx(clean.loc[level, "corrected"], abs=0.08)
        assert clean.loc[level, "corrected"] == pytest.approx(clean.loc[level, "spearman"], abs=0.01)


def test_reliability_is_spearman_and_browns_of_random_halves() -> None:
    """Independent source: pandas means of halves, scipy's rank correlation."""
    ratings, values = study(noise=2.0)
    found = attenuation(ratings, values, **NAMES, splits=400)
    random = np.random.default_rng(5)
    halves = []
    for _ in range(400):
        first = random.permutation(8)[:4]
        inside = ratings["rater"].isin(first)
        means = [part.groupby(["case", "method"])["rating"].mean() for part in (ratings[inside], ratings[~inside])]
        halves.append(stats.spearmanr(means[0].to_numpy(), means[1].to_numpy()).statistic)
    half = np.mean(halves)
    assert found.loc["pooled", "rating_reliability"] == pytest.approx(2 * half / (1 + half), abs=0.01)


def test_raw_values_are_those_of_the_association() -> None:
    ratings, values = study(noise=1.0)
    raw = association(ratings, values, **NAMES)["spearman"]
    found = attenuation(ratings, values, **NAMES)["spearman"]
    assert found.to_dict() == pytest.approx(raw.drop("between-method").to_dict(), abs=1e-9)


def test_a_noisy_metric_is_corrected_for_as_well() -> None:
    ratings, values = study(noise=1.0)
    plain, noisy = attenuation(ratings, values, **NAMES), attenuation(ratings, values, **NAMES, value_reliability=0.64)
    assert noisy["corrected"].tolist() == pytest.approx((plain["corrected"] / 0.8).tolist())


def test_raters_who_agree_in_nothing_have_no_corrected_value() -> None:
    ratings, values = study(noise=1.0, readers=2)
    turned = ratings.assign(rating=np.where(ratings["rater"] == 1, -1, 1) * ratings["rating"])
    assert attenuation(turned, values, **NAMES)["corrected"].isna()["pooled"]


def test_one_rater_is_too_few() -> None:
    ratings, values = study(noise=1.0, readers=1)
    with pytest.raises(ValueError, match="two raters"):
        attenuation(ratings, values, **NAMES)
    with pytest.raises(ValueError, match="value_reliability must lie between"):
        attenuation(*study(noise=1.0), **NAMES, value_reliability=2.0)
