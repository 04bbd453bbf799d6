from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.statistics import power
from evaluation.statistics.power_studies import OrdinalStudy


def crossed(raters: int, cases: int, methods: int) -> pd.DataFrame:
    shape = (range(raters), range(cases), range(methods))
    rater, case, method = (part.ravel() for part in np.meshgrid(*shape, indexing="ij"))
    return pd.DataFrame({"rater": rater, "case": case, "method": np.array(list("abcde"))[method]})


@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_power_of_one_score_each_is_that_of_the_paired_t_test(effect: float) -> None:
    """12 raters score two methods once: the exact power is the noncentral t distribution's, 11 degrees of freedom."""
    found = power(
        crossed(12, 1, 2),
        model="lmm",
        effects={"method[b]": effect},
        variances={"rater": 4.0, "residual": 1.0},
        simulations=150,
        seed=1,
        level=0.999,
    )
    critical, shift = stats.t.isf(0.025, 11), effect * np.sqrt(12 / 2)
    exact = stats.nct.sf(critical, 11, shift) + stats.nct.cdf(-critical, 11, shift)
    assert found.low < exact < found.high
    assert found.high - found.low < 0.3
    assert found.effects.loc["method[b]", "mean"] == pytest.approx(effect, abs=0.15)


def test_terms_of_methods_cost_power() -> None:
    design = crossed(6, 6, 2)
    calls: dict[str, Any] = {"model": "lmm", "effects": {"method[b]": 0.6}, "simulations": 40, "seed": 2}
    without = power(design, variances={"rater": 0.2, "case": 0.2}, **calls)
    within = power(design, variances={"rater": 0.2, "case": 0.2, "rater:method": 0.5, "case:method": 0.3}, **calls)
    assert within.high < without.low


def test_the_same_seed_draws_the_same_studies_and_more_of_them_only_add() -> None:
    calls: dict[str, Any] = {
        "design": crossed(6, 5, 3),
        "model": "lmm",
        "effects": {"method[c]": 0.5},
        "variances": {"rater": 0.3, "case": 0.3},
        "seed": 5,
    }
    few, again, more = (power(simulations=count, **calls) for count in (8, 8, 16))
    assert few.power == again.power
    assert few.effect == "method[c]"
    assert list(few.effects.index) == ["method[b]", "method[c]"]
    assert round(more.power * 16) >= round(few.power * 8)


def test_the_ordinal_model_claims_a_large_effect_and_seldom_none() -> None:
    design = crossed(8, 8, 2)
    calls: dict[str, Any] = {"model": "clmm", "variances": {"rater": 0.5, "case": 0.5}, "simulations": 15, "seed": 3}
    large = power(design, effects={"method[b]": 2.0}, **calls)
    none = power(design, effects={"method[b]": 0.0}, **calls)
    assert large.power > 0.8
    assert large.effects.loc["method[b]", "mean"] == pytest.approx(2.0, abs=0.4)
    assert none.low < 0.05 < none.high


def test_ordinal_outcomes_have_equally_frequent_categories_for_the_first_method() -> None:
    study = OrdinalStudy(crossed(200, 20, 2), "outcome ~ method + (1|rater)", {"method[b]": 1.0}, {"rater": 1.0}, None)
    random = np.random.default_rng(0)
    eta = study.fixed + random.logistic(size=len(study.fixed)) + random.normal(size=200)[study.groups[0].index]
    category = np.searchsorted(study.thresholds, eta)[study.fixed == 0]
    np.testing.assert_allclose(np.bincount(category) / len(category), 0.2, atol=0.03)


@pytest.mark.simulation
def test_satterthwaites_t_keeps_the_type_one_error() -> None:
    """2,000 studies without an effect, all four random terms: t with Satterthwaite's degrees of freedom keeps 5 %."""
    found = power(
        crossed(8, 10, 3),
        model="lmm",
        effects={"method[b]": 0.0},
        variances={"rater": 0.3, "case": 0.3, "rater:method": 0.3, "case:method": 0.3, "residual": 1.0},
        simulations=2000,
        seed=11,
    )
    assert 0.035 <= found.power <= 0.065
    assert found.failed < 20


@pytest.mark.parametrize(
    "change, message",
    [
        ({"model": "mrmc2"}, "model cannot be 'mrmc2'"),
        ({"effects": {}}, "at least one effect"),
        ({"effects": {"method[z]": 1.0}}, "no effect of this design"),
        ({"variances": {"rater": -1.0}}, "at least 0"),
        ({"variances": {"desk": 1.0}}, "no column 'desk'"),
        ({"variances": {"residual": 1.0}}, "no random term"),
        ({"simulations": 0}, "At least one simulation"),
        ({"model": "clmm", "variances": {"rater": 1.0, "residual": 1.0}}, "no residual variance"),
        ({"model": "clmm", "thresholds": [1.0, 0.0]}, "must increase"),
        ({"design": pd.DataFrame({"rater": [1, 2]})}, "no column 'method'"),
    ],
)
def test_wrong_arguments_get_one_clear_sentence(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "design": crossed(4, 4, 2),
        "model": "lmm",
        "effects": {"method[b]": 1.0},
        "variances": {"rater": 1.0},
        "simulations": 2,
        "seed": 0,
    }
    with pytest.raises(ValueError, match=message):
        power(**{**given, **change})
