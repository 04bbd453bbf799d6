from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.statistics import friedman
from tests.evaluation.statistics.conftest import Validate

NAMES = {"block": "block", "treatment": "treatment", "score": "score"}

# Hollander & Wolfe 1973, p. 140: rounding first base, 22 players, three ways (also R's friedman.test).
ROUNDING = [
    (5.40, 5.50, 5.55), (5.85, 5.70, 5.75), (5.20, 5.60, 5.50), (5.55, 5.50, 5.40), (5.90, 5.85, 5.70),
    (5.45, 5.55, 5.60), (5.40, 5.40, 5.35), (5.45, 5.50, 5.35), (5.25, 5.15, 5.00), (5.85, 5.80, 5.70),
    (5.25, 5.20, 5.10), (5.65, 5.55, 5.45), (5.60, 5.35, 5.45), (5.05, 5.00, 4.95), (5.50, 5.50, 5.40),
    (5.45, 5.55, 5.50), (5.55, 5.55, 5.35), (5.45, 5.50, 5.55), (5.50, 5.45, 5.25), (5.65, 5.60, 5.40),
    (5.70, 5.65, 5.55), (6.30, 6.30, 6.25),
]  # fmt: skip


def rounding() -> pd.DataFrame:
    wide = pd.DataFrame(ROUNDING, columns=["round out", "narrow", "wide"]).rename_axis("block").reset_index()
    return wide.melt("block", var_name="treatment", value_name="score")


def test_it_equals_the_published_example_with_ties(validate: Validate) -> None:
    found = friedman(rounding(), **NAMES)
    validate("friedman", "Hollander & Wolfe 1973", [found.statistic, found.p], [11.142857, 0.003805], within=1e-6)
    assert (found.df, found.n_blocks) == (2, 22)
    assert found.kendall_w == pytest.approx(11.142857 / 44, abs=1e-7)
    assert found.statistic == pytest.approx(stats.friedmanchisquare(*zip(*ROUNDING, strict=True)).statistic)


def test_conover_equals_its_formula_from_the_statistic(validate: Validate) -> None:
    """Conover 1999, eq. 5.8.9 in its other form: t from Friedman's statistic T1 and the sum of squared ranks A1."""
    found = friedman(rounding(), **NAMES)
    ranks = np.array([stats.rankdata(row) for row in ROUNDING])
    b, k = ranks.shape
    a1, c1 = (ranks**2).sum(), b * k * (k + 1) ** 2 / 4
    scale = np.sqrt(2 * b * (a1 - c1) / ((b - 1) * (k - 1)) * (1 - found.statistic / (b * (k - 1))))
    sums = dict(zip(["round out", "narrow", "wide"], ranks.sum(axis=0), strict=True))
    for row in found.posthoc("conover").to_dict("records"):
        t = abs(sums[row["first"]] - sums[row["second"]]) / scale
        p = 2 * stats.t.sf(t, (b - 1) * (k - 1))
        validate("friedman, Conover's comparisons", "Conover 1999, equation 5.8.9", row["p"], p, within=1e-12)


def test_nemenyi_equals_its_critical_difference() -> None:
    """Demsar 2006, table 5: q at .05 for three classifiers is 2.343."""
    found = friedman(rounding(), **NAMES)
    means = np.array([stats.rankdata(row) for row in ROUNDING]).mean(axis=0)
    names = ["round out", "narrow", "wide"]
    critical = 2.343 * np.sqrt(3 * 4 / (6 * 22))
    for row in found.posthoc("nemenyi").to_dict("records"):
        difference = abs(means[names.index(row["first"])] - means[names.index(row["second"])])
        assert (row["p"] < 0.05) == (difference > critical)


def test_blocks_with_gaps_are_dropped_and_counted() -> None:
    data = rounding()
    found = friedman(data.drop(index=data.index[3]), **NAMES)
    assert (found.dropped, found.n_blocks) == (1, 21)
    assert found.statistic == pytest.approx(
        stats.friedmanchisquare(*zip(*[row for place, row in enumerate(ROUNDING) if place != 3], strict=True)).statistic
    )


def test_wrong_input_gets_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="more than one score"):
        friedman(pd.concat([rounding(), rounding()]), **NAMES)
    with pytest.raises(ValueError, match="two complete blocks"):
        friedman(rounding().head(3), **NAMES)
    with pytest.raises(ValueError, match="are equal"):
        friedman(rounding().assign(score=1.0), **NAMES)
    with pytest.raises(ValueError, match="method cannot be"):
        friedman(rounding(), **NAMES).posthoc("dunn")
