from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from evaluation.statistics import cronbach_alpha, repeated_measures_correlation, scale_score, tost
from tests.evaluation.statistics.conftest import Validate


def people(*rows: Sequence[float]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=[f"p{place}" for place in range(len(rows))])


def test_sus_is_scored_as_brooke_does() -> None:
    """All agree: (5 odd items x 4 + 5 even items x 0) x 2.5 = 50; the best and the worst answers: 100 and 0."""
    answers = people([5] * 10, [5, 1] * 5, [1, 5] * 5, [3] * 10)
    assert scale_score("sus", answers).to_dict() == {"p0": 50.0, "p1": 100.0, "p2": 0.0, "p3": 50.0}


def test_task_load_is_a_mean_or_weighted_by_the_fifteen_choices() -> None:
    answers = people([10, 20, 30, 40, 50, 60])
    assert scale_score("nasa-tlx", answers)["p0"] == 35.0
    weights = people([5, 4, 3, 2, 1, 0])
    assert scale_score("nasa-tlx", answers, weights=weights)["p0"] == pytest.approx((50 + 80 + 90 + 80 + 50) / 15)


def test_trust_reverses_the_items_of_distrust() -> None:
    assert scale_score("jian", people([1] * 5 + [7] * 7))["p0"] == 7.0
    assert scale_score("jian", people([7] * 5 + [1] * 7))["p0"] == 1.0


def test_the_other_scales_are_means_and_a_share() -> None:
    assert scale_score("toast", people([1, 2, 3, 4, 5, 6, 7, 7, 1]))["p0"] == pytest.approx(4.0)
    assert scale_score("explanation-satisfaction", people([4] * 7 + [2]))["p0"] == pytest.approx(3.75)
    assert scale_score("system-causability", people([5] * 10, [1] * 10)).tolist() == [1.0, 0.2]


def test_a_person_who_left_an_item_out_has_no_score() -> None:
    assert np.isnan(scale_score("sus", people([5] * 9 + [np.nan]))["p0"])


def test_wrong_answers_get_one_clear_sentence() -> None:
    with pytest.raises(ValueError, match="scale cannot be 'sas'"):
        scale_score("sas", people([1] * 10))
    with pytest.raises(ValueError, match="has 10 items, not 9"):
        scale_score("sus", people([1] * 9))
    with pytest.raises(ValueError, match="between 1 and 5"):
        scale_score("sus", people([6] * 10))
    with pytest.raises(ValueError, match="add up to 15"):
        scale_score("nasa-tlx", people([1] * 6), weights=people([1] * 6))
    with pytest.raises(ValueError, match="no weights"):
        scale_score("sus", people([1] * 10), weights=people([1] * 10))


def test_alpha_of_parallel_items_is_known(validate: Validate) -> None:
    """Items of equal variance 1 and equal correlation r: alpha = k r / (1 + (k - 1) r), in an exact sample."""
    raw = np.random.default_rng(0).normal(size=(40, 4))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T
    exact = white @ np.linalg.cholesky(np.full((4, 4), 0.5) + 0.5 * np.eye(4)).T
    found = cronbach_alpha(pd.DataFrame(exact))
    validate("cronbach_alpha", "Spearman and Brown, parallel items", found.estimate, 2 / 2.5, within=1e-12)
    assert found.low < found.estimate < found.high
    with pytest.raises(ValueError, match="two items"):
        cronbach_alpha(pd.DataFrame({"a": [1, 2, 3]}))


def test_equivalence_equals_statsmodels(validate: Validate) -> None:
    random = np.random.default_rng(3)
    a = random.normal(0.1, 1, 40)
    b = a + random.normal(0, 0.5, 40)
    paired, apart = tost(a, b, bound=0.4), tost(a, b[:30], bound=0.8, paired=False)
    theirs = [ttost_paired(a, b, -0.4, 0.4)[0], ttost_ind(a, b[:30], -0.8, 0.8, usevar="unequal")[0]]
    validate("tost", "statsmodels", [paired.p, apart.p], theirs, within=1e-12)
    assert (paired.p < 0.05) == (paired.low > -0.4 and paired.high < 0.4)
    with pytest.raises(ValueError, match="must be positive"):
        tost(a, b, bound=0)


def test_repeated_correlation_equals_an_analysis_of_covariance(validate: Validate) -> None:
    random = np.random.default_rng(2)
    data = pd.DataFrame({"who": np.repeat(list("abcdef"), 6), "x": random.normal(size=36)})
    data["y"] = -0.5 * data["x"] + np.repeat(random.normal(0, 3, 6), 6) + random.normal(size=36)
    found = repeated_measures_correlation(data, subject="who", x="x", y="y")
    oracle = smf.ols("y ~ C(who) + x", data).fit()
    t = oracle.tvalues["x"]
    assert found.df == oracle.df_resid == 29
    theirs = [np.sign(t) * np.sqrt(t**2 / (t**2 + 29)), oracle.pvalues["x"]]
    ours = [found.estimate, found.p]
    validate("repeated_measures_correlation", "statsmodels, covariance analysis", ours, theirs, within=1e-12)
    assert np.arctanh(found.high) - np.arctanh(found.estimate) == pytest.approx(1.959964 / np.sqrt(28), abs=1e-6)
    with pytest.raises(ValueError, match="two subjects"):
        repeated_measures_correlation(data.head(6), subject="who", x="x", y="y")
