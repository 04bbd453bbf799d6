from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.statistics import krippendorff_alpha
from tests.evaluation.statistics.conftest import Validate

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability": 4 observers, 12 units, with gaps.
OBSERVERS = {
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
}
NAMES: dict[str, Any] = {"unit": "unit", "rater": "rater", "score": "score"}


def published() -> pd.DataFrame:
    rows = [
        {"unit": place, "rater": rater, "score": score}
        for rater, scores in OBSERVERS.items()
        for place, score in enumerate(scores)
    ]
    return pd.DataFrame(rows)


def alpha_by_pairs(data: pd.DataFrame, scale: str) -> float:
    """The definition, pair by pair: disagreement within units over disagreement among all pairable ratings."""
    units = [part["score"].dropna().tolist() for _, part in data.groupby("unit")]
    units = [unit for unit in units if len(unit) > 1]
    pooled = sorted(score for unit in units for score in unit)

    def distance(a: float, b: float) -> float:
        if scale == "nominal":
            return float(a != b)
        if scale == "interval":
            return (a - b) ** 2
        if scale == "ratio":
            return ((a - b) / (a + b)) ** 2 if a + b else 0.0
        low, high = min(a, b), max(a, b)
        between = sum(low <= score <= high for score in pooled)
        return (between - (pooled.count(a) + pooled.count(b)) / 2) ** 2 if a != b else 0.0

    observed = sum(
        distance(a, b) / (len(unit) - 1)
        for unit in units
        for i, a in enumerate(unit)
        for j, b in enumerate(unit)
        if i != j
    )
    expected = sum(distance(a, b) for i, a in enumerate(pooled) for j, b in enumerate(pooled) if i != j)
    return float(1 - (len(pooled) - 1) * observed / expected)


@pytest.mark.parametrize(
    "scale, value", [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)]
)
def test_it_equals_the_published_example(scale: str, value: float, validate: Validate) -> None:
    found = krippendorff_alpha(published(), **NAMES, scale=scale)
    validate("krippendorff_alpha", "Krippendorff 2011", found.estimate, value, within=5e-7)
    assert found.estimate == pytest.approx(alpha_by_pairs(published(), scale), abs=1e-12)
    assert (found.n_units, found.n_ratings, found.dropped) == (11, 40, 1)
    assert np.isnan(found.low)


def test_the_bootstrap_resamples_units_and_recomputes_the_marginals() -> None:
    """Against a loop that draws whole units and calls the definition on each replicate."""
    random = np.random.default_rng(3)
    truth = random.normal(size=30)
    data = pd.DataFrame(
        [
            {"unit": unit, "rater": rater, "score": int(np.digitize(truth[unit] + random.normal(), [-1, 0, 1]))}
            for unit in range(30)
            for rater in range(4)
            if random.random() > 0.1
        ]
    )
    found = krippendorff_alpha(data, **NAMES, bootstrap=2000, seed=1)
    parts = [part for _, part in data.groupby("unit")]
    replicates = []
    for _ in range(300):
        drawn = [parts[place].assign(unit=copy) for copy, place in enumerate(random.integers(0, 30, 30))]
        replicates.append(krippendorff_alpha(pd.concat(drawn), **NAMES).estimate)
    low, high = np.quantile(replicates, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.04)
    assert found.high == pytest.approx(high, abs=0.04)
    assert found.low < found.estimate < found.high
    narrower = krippendorff_alpha(data, **NAMES, bootstrap=2000, seed=1, level=0.5)
    assert narrower.high - narrower.low < (found.high - found.low) / 2


def test_equal_seeds_give_equal_bounds() -> None:
    first, second, other = (krippendorff_alpha(published(), **NAMES, bootstrap=700, seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert first.low != other.low


def test_an_ordered_categorical_is_read_by_its_order() -> None:
    names = {1: "none", 2: "poor", 3: "fair", 4: "good", 5: "best"}
    data = published()
    data["score"] = pd.Categorical(data["score"].map(names), categories=list(names.values()), ordered=True)
    assert krippendorff_alpha(data, **NAMES).estimate == pytest.approx(0.815388, abs=5e-7)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=4), min_size=3, max_size=8),
    st.sampled_from(["nominal", "ordinal", "interval", "ratio"]),
    st.randoms(use_true_random=False),
)
def test_names_and_order_of_rows_do_not_matter(units: list[list[int]], scale: str, shuffle: object) -> None:
    rows = [
        {"unit": f"u{u}", "rater": f"r{r}", "score": score}
        for u, scores in enumerate(units)
        for r, score in enumerate(scores)
    ]
    data = pd.DataFrame(rows)
    if data["score"].nunique() < 2:
        return
    found = krippendorff_alpha(data, **NAMES, scale=scale).estimate
    mixed = data.sample(frac=1, random_state=1).assign(unit=lambda frame: frame["unit"].str.replace("u", "z"))
    assert krippendorff_alpha(mixed, **NAMES, scale=scale).estimate == pytest.approx(found, abs=1e-12)
    assert found == pytest.approx(alpha_by_pairs(data, scale), abs=1e-10)
    assert found <= 1 + 1e-12
    if scale == "ordinal":
        stretched = data.assign(score=np.exp(data["score"]))
        assert krippendorff_alpha(stretched, **NAMES, scale=scale).estimate == pytest.approx(found, abs=1e-10)


@pytest.mark.parametrize(
    "data, options, message",
    [
        (published().drop(columns="rater"), {}, "no column 'rater'"),
        (published().assign(score=2), {}, "All ratings are equal"),
        (published()[lambda frame: frame["rater"] == "A"], {}, "No unit was rated by two raters"),
        (published().assign(score="high"), {}, "not a number"),
        (published(), {"scale": "cardinal"}, "scale cannot be 'cardinal'"),
        (published(), {"bootstrap": -1}, "whole number"),
        (published(), {"bootstrap": 10, "level": 95}, "between 0 and 1"),
        (pd.concat([published(), published()]), {}, "more than once"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(data: pd.DataFrame, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        krippendorff_alpha(data, **NAMES, **options)  # type: ignore[arg-type]
