from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.statistics import clmm, crossed_design, lmm, power, power_grid, type_one_error
from evaluation.statistics.power_reference import TESTS, _tests
from evaluation.statistics.power_studies import OrdinalStudy, ScoredStudy, formula_of, standard_deviations

TERMS = {"rater": 0.6, "case": 1.0, "rater:method": 0.3, "case:method": 0.4}


def test_a_design_crosses_every_reader_case_and_method() -> None:
    design = crossed_design(3, 4, ["a", "b"])
    assert len(design) == 24
    assert not design.duplicated().any()
    assert design.nunique().to_dict() == {"rater": 3, "case": 4, "method": 2}


def test_scores_of_two_methods_are_compared_by_the_paired_t_test() -> None:
    """Two ratings of each reader: the p-value of a drawn study is scipy's paired t test of its scores."""
    design = crossed_design(20, 1, ["a", "b"])
    study = ScoredStudy(design, "outcome ~ method + (1|rater)", {"method[b]": 1.0}, {"rater": 3.0}, None)
    for seed in range(5):
        rating = study.draw(np.random.default_rng(seed))
        estimate, p = study.run(np.random.default_rng(seed))
        first, second = rating[::2], rating[1::2]
        assert estimate[0] == pytest.approx((second - first).mean(), abs=1e-8)
        assert p[0] == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-3)


def test_a_grid_gains_power_with_readers_and_cases() -> None:
    grid = power_grid(
        readers=(4, 12),
        cases=(6, 16),
        methods=["a", "b"],
        effects={"method[b]": 1.3},
        variances={"rater": 0.5, "case": 0.5, "rater:method": 0.3, "case:method": 0.3},
        simulations=30,
        seed=1,
    )
    table: Any = grid.table.set_index(["readers", "cases"])
    assert list(grid.table.columns) == ["readers", "cases", "ratings", "power", "low", "high", "failed"]
    assert table.loc[(12, 16), "ratings"] == 384
    assert table.loc[(4, 6), "high"] < table.loc[(12, 16), "low"]
    assert table.loc[(4, 6), "power"] <= table.loc[(12, 6), "power"] <= table.loc[(12, 16), "power"]
    assert ((table["low"] <= table["power"]) & (table["power"] <= table["high"])).all()


def test_a_point_draws_the_same_studies_in_any_grid_and_when_it_is_confirmed() -> None:
    calls: dict[str, Any] = {
        "methods": ["a", "b"],
        "effects": {"method[b]": 1.0},
        "variances": {"rater": 0.5, "case": 0.5},
        "simulations": 20,
        "seed": 7,
    }
    alone = power_grid(readers=[8], cases=[8], **calls)
    among = power_grid(readers=[4, 8], cases=[6, 8], **calls)
    assert alone.table.iloc[0]["power"] == among.table.iloc[3]["power"]
    confirmed = alone.confirm(8, 8, simulations=20)
    # The ordinal and the linear model of the same ratings seldom disagree.
    assert abs(confirmed.power - alone.table.iloc[0]["power"]) <= 0.15
    assert confirmed.simulations == 20
    kinds = [kind(crossed_design(8, 8, ["a", "b"]), formula_of(TERMS), {}, standard_deviations(TERMS), None)
             for kind in (OrdinalStudy, ScoredStudy)]  # fmt: skip
    first, second = (kind.draw(np.random.default_rng(3)) for kind in kinds)
    np.testing.assert_array_equal(first, second)


def test_a_layout_gives_each_reader_other_cases() -> None:
    def half(readers: int, cases: int) -> pd.DataFrame:
        design = crossed_design(readers, cases, ["a", "b"])
        return design[(design["rater"] + design["case"]) % 2 == 0]

    grid = power_grid(
        readers=[6], cases=[8], layout=half, effects={"method[b]": 0.5}, variances={"case": 0.5}, simulations=3
    )
    assert grid.table["ratings"].item() == 48


@pytest.mark.parametrize(
    "change, message",
    [
        ({"methods": None}, "either the methods"),
        ({"layout": lambda readers, cases: crossed_design(readers, cases, ["a", "b"])}, "either the methods"),
        ({"effects": {}}, "at least one effect"),
        ({"effects": {"method[z]": 1.0}}, "no effect of this design"),
        ({"variances": {"residual": 1.0}}, "no residual variance"),
        ({"readers": []}, "no number of readers"),
        ({"cases": [2.5]}, "whole number"),
        ({"methods": ["a"]}, "one level only"),
    ],
)
def test_wrong_grids_get_one_clear_sentence(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "readers": [4],
        "cases": [4],
        "methods": ["a", "b"],
        "effects": {"method[b]": 1.0},
        "variances": {"case": 0.5},
        "simulations": 2,
    }
    with pytest.raises(ValueError, match=message):
        power_grid(**{**given, **change})


def test_each_reference_distribution_is_that_of_the_public_models() -> None:
    """One drawn study: the p-values again from `clmm` with and without the effect, and from `lmm` of the scores."""
    design = crossed_design(8, 10, ["a", "b"])
    formula, sd = formula_of(TERMS), standard_deviations(TERMS)
    study = ScoredStudy(design, formula, {}, sd, None)
    found = dict(zip(TESTS, _tests(study, study.linear, np.random.default_rng(5)), strict=True))
    data = design.assign(outcome=study.draw(np.random.default_rng(5)) + 1)
    full, rest = clmm(formula, data), clmm(formula.replace("method + ", "", 1), data)
    scores = lmm(formula, data)
    df = scores.degrees["method[b]"]
    z = abs(full.coefficients["method[b]"] / full.standard_errors["method[b]"])
    lost = 2 * (full.log_likelihood - rest.log_likelihood)
    assert found["Wald, normal"] == pytest.approx(full.p_values["method[b]"], abs=1e-6)
    assert found["Wald, t"] == pytest.approx(2 * stats.t.sf(z, df), abs=1e-6)
    assert found["likelihood ratio, chi-squared"] == pytest.approx(stats.chi2.sf(lost, 1), abs=1e-4)
    assert found["likelihood ratio, F"] == pytest.approx(2 * stats.t.sf(np.sqrt(lost), df), abs=1e-4)
    assert found["scores, t"] == pytest.approx(scores.p_values["method[b]"], abs=1e-8)


def test_the_error_of_each_test_has_its_bounds() -> None:
    table: Any = type_one_error(crossed_design(6, 6, ["a", "b"]), variances={"rater": 0.5}, simulations=12, seed=0)
    assert list(table.index) == list(TESTS)
    assert ((table["low"] <= table["error"]) & (table["error"] <= table["high"])).all()
    # On the same studies t is never the easier test.
    assert table.loc["Wald, t", "error"] <= table.loc["Wald, normal", "error"]
    with pytest.raises(ValueError, match="no residual variance"):
        type_one_error(crossed_design(4, 4, ["a", "b"]), variances={"residual": 1.0}, simulations=1, seed=0)


def test_the_t_test_is_that_of_power() -> None:
    """`power(model="clmm")` draws the same studies and claims as often as the second row says."""
    design = crossed_design(5, 6, ["a", "b"])
    found = power(
        design, model="clmm", effects={"method[b]": 0.0}, variances={"rater": 0.5}, simulations=15, seed=2, alpha=0.3
    )
    table: Any = type_one_error(design, variances={"rater": 0.5}, simulations=15, seed=2, alpha=0.3)
    assert table.loc["Wald, t", "error"] == found.power > 0


@pytest.mark.simulation
def test_few_readers_and_cases_need_more_than_the_normal_distribution() -> None:
    """The first 1,000 of the studies behind the table in docs/statistics.md, 6 readers x 10 cases x 3 methods."""
    table: Any = type_one_error(crossed_design(6, 10, ["a", "b", "c"]), variances=TERMS, simulations=1000, seed=42)
    assert table.loc["Wald, normal", "error"] > 0.065
    assert table.loc["likelihood ratio, chi-squared", "error"] > 0.065
    for test in ("likelihood ratio, F", "scores, t"):
        assert 0.035 <= table.loc[test, "error"] <= 0.065
    assert table["failed"].max() < 20
