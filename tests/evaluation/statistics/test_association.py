from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from evaluation.statistics import association
from tests.evaluation.statistics.conftest import Validate

NAMES: dict[str, Any] = {"case": "case", "method": "method", "rater": "rater", "rating": "rating", "value": "value"}


def study(
    readers: int = 8, cases: int = 15, methods: int = 4, seed: int = 0, missing: float = 0.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(seed)
    value = random.normal(size=(cases, methods)) + 0.8 * random.normal(size=(cases, 1))
    rows = [
        {
            "rater": f"r{r}",
            "case": f"c{c:02d}",
            "method": f"m{m}",
            "rating": int(np.clip(np.round(3 + value[c, m] - m + random.normal()), 1, 5)),
        }
        for r in range(readers)
        for c in range(cases)
        for m in range(methods)
        if random.random() >= missing
    ]
    cells = [
        {"case": f"c{c:02d}", "method": f"m{m}", "value": value[c, m]} for c in range(cases) for m in range(methods)
    ]
    return pd.DataFrame(rows), pd.DataFrame(cells)


def cells_of(ratings: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    return ratings.groupby(["case", "method"], as_index=False)["rating"].mean().merge(values)


@pytest.mark.parametrize("missing", [0.0, 0.85])
def test_each_level_equals_its_definition_in_pandas(missing: float, validate: Validate) -> None:
    """Oracle: pandas group means, statsmodels residuals of the additive model, scipy correlations."""
    ratings, values = study(missing=missing)
    table = association(ratings, values, **NAMES)
    cells = cells_of(ratings, values)
    levels = {
        "pooled": cells,
        "between-method": cells.groupby("method")[["rating", "value"]].mean(),
        "between-case": cells.groupby("case")[["rating", "value"]].mean(),
        "double-centred": pd.DataFrame(
            {name: smf.ols(f"{name} ~ C(case) + C(method)", cells).fit().resid.round(8) for name in ("rating", "value")}
        ),
    }
    for name, frame in levels.items():
        row = table.loc[name]
        assert row["n"] == len(frame)
        theirs = [
            kind(frame["rating"], frame["value"])[0] for kind in (stats.pearsonr, stats.spearmanr, stats.kendalltau)
        ]
        ours = row[["pearson", "spearman", "kendall"]]
        validate(f"association, {name}", "pandas, statsmodels, scipy", ours, theirs, within=1e-6)
    within = [
        stats.spearmanr(part["rating"], part["value"])[0]
        for _, part in cells.groupby("case")
        if part["rating"].nunique() > 1
    ]
    assert table.loc["within-case", "spearman"] == pytest.approx(np.mean(within), abs=1e-9)
    assert table.loc["within-case", "n"] == len(within)
    assert table[["low", "high"]].isna().all(axis=None)
    assert list(table.columns) == ["n", "pearson", "spearman", "kendall", "low", "high"]


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(stats.rankdata(first), stats.rankdata(second))[0, 1])


def test_the_bootstrap_draws_raters_and_cases_together() -> None:
    """Oracle: a loop over a cube of raters, cases and methods, with slices drawn along the first two axes."""
    ratings, values = study(cases=12)
    table: Any = association(ratings, values, **NAMES, bootstrap=4000, seed=3)
    cube = ratings.sort_values(["rater", "case", "method"])["rating"].to_numpy(dtype=float).reshape(8, 12, 4)
    metric = values["value"].to_numpy().reshape(12, 4)
    random = np.random.default_rng(9)
    found = []
    for _ in range(1000):
        chosen = random.integers(0, 12, 12)
        human, other = cube[random.integers(0, 8, 8)].mean(axis=0)[chosen], metric[chosen]
        left, right = (
            (part - part.mean(axis=1, keepdims=True) - part.mean(axis=0) + part.mean()).round(9)
            for part in (human, other)
        )
        found.append(
            {
                "pooled": rank_correlation(human.ravel(), other.ravel()),
                "between-case": rank_correlation(human.mean(axis=1).round(9), other.mean(axis=1)),
                "within-case": np.nanmean([rank_correlation(a, b) for a, b in zip(human, other, strict=True)]),
                "double-centred": rank_correlation(left.ravel(), right.ravel()),
            }
        )
    bounds: Any = pd.DataFrame(found).quantile([0.025, 0.975])
    for level in bounds.columns:
        assert table.loc[level, "low"] == pytest.approx(bounds.loc[0.025, level], abs=0.05)
        assert table.loc[level, "high"] == pytest.approx(bounds.loc[0.975, level], abs=0.05)
    assert np.isnan(table.loc["between-method", "low"])


def test_cells_that_a_replicate_lacks_are_left_out() -> None:
    """Half of the ratings missing: the bounds still hold the estimate and are wider than those of all ratings."""
    full, half = (
        association(*study(readers=6, cases=25, missing=missing), **NAMES, bootstrap=1000) for missing in (0.0, 0.5)
    )
    for level in ("pooled", "within-case", "double-centred"):
        row: Any = half.loc[level]
        assert row["low"] < row["spearman"] < row["high"]
        assert row["high"] - row["low"] > 0.9 * (full["high"] - full["low"])[level]


def test_levels_may_contradict_each_other() -> None:
    """Worked by hand: the metric rises with the rating within each case and falls between methods' means."""
    ratings, values = study(readers=6, cases=10)
    values = values.assign(value=values["value"] + 3 * values["method"].str[1:].astype(float))
    table: Any = association(ratings, values, **NAMES)
    assert table.loc["between-method", "spearman"] == pytest.approx(-1.0)
    assert table.loc["double-centred", "spearman"] > 0.5


def test_monotone_changes_of_the_metric_leave_pooled_ranks_alone() -> None:
    ratings, values = study()
    table = association(ratings, values, **NAMES)
    bent = association(ratings, values.assign(value=np.exp(values["value"])), **NAMES)
    turned = association(ratings, values.assign(value=-values["value"]), **NAMES)
    for level in ("pooled", "within-case"):
        assert bent.loc[level, "spearman"] == pytest.approx(table.loc[level, "spearman"], abs=1e-12)
    assert turned["spearman"].tolist() == pytest.approx((-table["spearman"]).tolist(), abs=1e-9)


def test_the_same_seed_gives_the_same_bounds() -> None:
    ratings, values = study()
    first, second = (association(ratings, values, **NAMES, bootstrap=300, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_wrong_input_gets_one_clear_sentence() -> None:
    ratings, values = study()
    with pytest.raises(ValueError, match="no column 'rating'"):
        association(ratings.drop(columns="rating"), values, **NAMES)
    with pytest.raises(ValueError, match="same case and method more than once"):
        association(ratings, pd.concat([values, values]), **NAMES)
    with pytest.raises(ValueError, match="All mean ratings are equal"):
        association(ratings.assign(rating=3), values, **NAMES)
    with pytest.raises(ValueError, match="values of the metric are equal"):
        association(ratings, values.assign(value=1.0), **NAMES)
    with pytest.raises(ValueError, match="No rating has a metric value"):
        association(ratings, values.assign(case="other", method=[f"m{i}" for i in range(len(values))]), **NAMES)
