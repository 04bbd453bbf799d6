from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from evaluation.statistics import LinearMixedDesign, LinearMixedFit, lmm
from evaluation.statistics.formula import groupings, parse_formula
from evaluation.statistics.linear_design import LinearDesign, _Criterion
from tests.evaluation.statistics.conftest import R_EMMEANS, R_LMER, Validate

GOLDEN = Path(__file__).parent / "golden"
SCORE = "score ~ method + years + (1|rater) + (1|case) + (1|rater:method) + (1|case:method)"
TWO = "score ~ method + years + (1|rater) + (1|case)"


def ratings() -> pd.DataFrame:
    data = pd.read_csv(GOLDEN / "models_data.csv")
    return data.assign(steady=data["score"] - data.groupby("rater")["score"].transform("mean"))


def golden(model: str, part: str) -> pd.DataFrame:
    table = pd.read_csv(GOLDEN / "models.csv", keep_default_na=False, na_values="NA")
    return table[(table["model"] == model) & (table["part"] == part)].set_index("term")


@pytest.fixture(scope="module")
def fitted() -> LinearMixedFit:
    return lmm(SCORE, ratings())


@pytest.mark.parametrize(
    "model, formula, reml",
    [
        ("score", SCORE, True),
        ("score_ml", TWO, False),
        ("steady", "steady ~ method + (1|rater) + (1|case)", True),
    ],
)
def test_it_equals_lmer_and_lmertest(model: str, formula: str, reml: bool, validate: Validate) -> None:
    """R's lme4 and lmerTest; two of the models have a variance component at 0."""
    fit = lmm(formula, ratings(), reml=reml)
    r, sd = golden(model, "coefficient"), golden(model, "random_sd")["estimate"]
    assert [name.replace("[", "").replace("]", "") for name in fit.coefficients.index] == list(r.index)
    criterion = golden(model, "criterion")["estimate"].item()
    deviations = [fit.sigma, *fit.random_sd]
    validate("lmm, REML and ML criterion", R_LMER, fit.criterion, criterion, within=1e-3)
    validate("lmm, coefficients and errors", R_LMER, fit.coefficients, r["estimate"], within=1e-3)
    validate("lmm, coefficients and errors", R_LMER, fit.standard_errors, r["se"], within=1e-3)
    validate("lmm, standard deviations", R_LMER, deviations, [sd["Residual"], *sd[fit.random_sd.index]], within=2e-3)
    validate(
        "lmm, Satterthwaite's df over theirs", R_LMER, fit.degrees.to_numpy() / r["df"], r["df"] / r["df"], within=1e-3
    )
    validate("lmm, p-values", R_LMER, fit.p_values, r["p"], within=1e-4)
    assert set(fit.singular) == set(sd.index[sd < 1e-6])
    assert fit.converged, fit.messages


@pytest.mark.parametrize("adjust", ["tukey", "holm", "dunnett"])
def test_contrasts_equal_emmeans(fitted: LinearMixedFit, adjust: str, validate: Validate) -> None:
    """R's emmeans with Satterthwaite's degrees of freedom; Bonferroni's bounds stand beside Holm's p-values."""
    r = golden("score", adjust)
    reference = "gradcam" if adjust == "dunnett" else None
    mine = fitted.contrasts("method", adjust, reference=reference, simultaneous=True)
    assert list(mine.columns) == ["first", "second", "estimate", "se", "t", "df", "p", "p_adjusted", "low", "high"]
    assert [f"{row.first} - {row.second}" for row in mine.itertuples()] == list(r.index)
    columns = ["estimate", "se"]
    validate("lmm, contrasts", R_EMMEANS, mine[columns], r[columns], within=1e-3)
    title = "lmm, contrasts: p of Tukey, Holm, Dunnett"
    validate(title, R_EMMEANS, mine["p_adjusted"], r["p"], within=1e-3)
    np.testing.assert_allclose(mine["df"], r["df"], rtol=2e-3)
    np.testing.assert_allclose(mine[["low", "high"]], r[["low", "high"]], atol=0.02)


def test_plain_bounds_are_those_of_t(fitted: LinearMixedFit) -> None:
    row: Any = fitted.contrasts("method", "none").iloc[0]
    assert row["high"] - row["estimate"] == pytest.approx(stats.t.isf(0.025, row["df"]) * row["se"])
    assert row["p"] == row["p_adjusted"] == pytest.approx(2 * stats.t.sf(abs(row["t"]), row["df"]))


def test_the_criterion_is_that_of_the_normal_density() -> None:
    """Twice minus the log-density of y by scipy, with the covariance matrix written out; REML's term beside it."""
    data = ratings().iloc[:120]
    formula = parse_formula(TWO)
    groups = groupings(formula, data)
    design = np.column_stack([np.ones(120), data["method"] == "lime", data["years"]]).astype(float)
    y = data["score"].to_numpy(dtype=float)
    full, restricted = (_Criterion(LinearDesign(design, groups), y, np.zeros(3), reml) for reml in (False, True))
    ratios = np.array([0.4, 0.7])
    blocks = [np.eye(group.size)[group.index] * ratio for group, ratio in zip(groups, ratios, strict=True)]
    v = np.eye(120) + sum(block @ block.T for block in blocks)
    information = design.T @ np.linalg.solve(v, design)
    beta = np.linalg.solve(information, design.T @ np.linalg.solve(v, y))
    rest = y - design @ beta
    square = rest @ np.linalg.solve(v, rest)
    density = stats.multivariate_normal(design @ beta, v * square / 120).logpdf(y)
    assert full.value_and_gradient(ratios)[0] == pytest.approx(-2 * density, abs=1e-8)
    value = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + 117 * (1 + np.log(2 * np.pi * square / 117))
    assert restricted.value_and_gradient(ratios)[0] == pytest.approx(value, abs=1e-8)
    for criterion in (full, restricted):
        steps = np.eye(2) * 1e-5
        numeric = [
            (criterion.value_and_gradient(ratios + h)[0] - criterion.value_and_gradient(ratios - h)[0]) / 2e-5
            for h in steps
        ]
        np.testing.assert_allclose(criterion.value_and_gradient(ratios)[1], numeric, atol=1e-6)


def test_one_random_intercept_equals_statsmodels() -> None:
    data = ratings()
    fit = lmm("score ~ method + (1|case)", data)
    dummies = pd.get_dummies(data["method"], drop_first=True, dtype=float)
    dummies.insert(0, "one", 1.0)
    oracle = MixedLM(data["score"].astype(float), dummies, groups=data["case"]).fit(reml=True)
    np.testing.assert_allclose(fit.coefficients, oracle.fe_params, atol=1e-3)
    np.testing.assert_allclose(fit.standard_errors, oracle.bse_fe, atol=1e-3)
    assert fit.log_likelihood == pytest.approx(oracle.llf, abs=1e-4)


def test_a_balanced_design_gives_the_degrees_of_freedom_of_the_analysis_of_variance() -> None:
    """10 raters x 4 methods, one score in each: contrasts have (10 - 1)(4 - 1) degrees of freedom, as in an ANOVA."""
    random = np.random.default_rng(2)
    rater, method = (part.ravel() for part in np.meshgrid(range(10), range(4), indexing="ij"))
    score = method + 2 * random.normal(size=10)[rater] + random.normal(size=40)
    table = pd.DataFrame({"rater": rater, "method": [f"m{index}" for index in method], "score": score})
    fit = lmm("score ~ method + (1|rater)", table)
    wide = table.pivot(index="rater", columns="method", values="score")
    rest = wide.sub(wide.mean(axis=1), axis=0).sub(wide.mean(), axis=1) + wide.to_numpy().mean()
    assert fit.contrasts("method", "none")["df"].to_numpy() == pytest.approx(27.0, abs=1e-4)
    assert fit.sigma**2 == pytest.approx((rest**2).to_numpy().sum() / 27, rel=1e-5)


def test_marginal_means_are_those_of_the_cells_in_a_balanced_design() -> None:
    rater, method = (part.ravel() for part in np.meshgrid(range(6), range(3), indexing="ij"))
    score = np.random.default_rng(1).normal(size=18) + method
    table = pd.DataFrame({"rater": rater, "method": list("abc" * 6), "score": score})
    means = lmm("score ~ method + (1|rater)", table).marginal_means("method")
    np.testing.assert_allclose(means["mean"], table.groupby("method")["score"].mean(), atol=1e-10)
    assert ((means["low"] < means["mean"]) & (means["mean"] < means["high"])).all()


def test_a_design_is_fitted_to_any_number_of_outcomes() -> None:
    data = ratings()
    design = LinearMixedDesign(TWO, data)
    for outcome in ("score", "steady"):
        again = design.fit(data[outcome].to_numpy(dtype=float))
        once = lmm(TWO.replace("score", outcome), data)
        assert again.criterion == once.criterion
        np.testing.assert_array_equal(again.coefficients, once.coefficients)


def test_simulated_outcomes_have_the_effects_and_variances_asked_for() -> None:
    data = ratings()
    design = LinearMixedDesign(TWO, data)
    random = np.random.default_rng(0)
    effects, sd = {"(Intercept)": 5.0, "method[lime]": 2.0}, {"case": 3.0}
    many = np.array([design.simulate(effects, sd, 1.0, random) for _ in range(400)])
    expected = 5.0 + 2.0 * (data["method"] == "lime")
    assert np.abs(many.mean(axis=0) - expected).max() < 5 * np.sqrt(10.0 / 400)
    assert many.var(axis=0).mean() == pytest.approx(10.0, rel=0.05)
    same_case = np.flatnonzero(data["case"] == "c03")[:2]
    assert np.cov(many[:, same_case].T)[0, 1] == pytest.approx(9.0, rel=0.25)


def test_rows_without_an_outcome_are_left_out_and_counted(fitted: LinearMixedFit) -> None:
    data = ratings()
    fit = lmm(SCORE, pd.concat([data, data.head(5).assign(score=np.nan)]))
    assert (fit.dropped, fit.n_observations) == (5, len(data))
    assert fit.criterion == pytest.approx(fitted.criterion, abs=1e-9)


def test_shift_and_scale_of_the_outcome_carry_over() -> None:
    data = ratings()
    fit, moved = lmm(TWO, data), lmm(TWO, data.assign(score=1e6 + 2.0 * data["score"]))
    np.testing.assert_allclose(moved.coefficients.iloc[1:], 2 * fit.coefficients.iloc[1:], atol=1e-5)
    np.testing.assert_allclose(moved.random_sd, 2 * fit.random_sd, rtol=1e-5)
    np.testing.assert_allclose(moved.degrees, fit.degrees, rtol=1e-4)


def test_the_text_names_a_term_without_variance(fitted: LinearMixedFit) -> None:
    assert fitted.singular == ("rater:method",)
    assert "Note: The standard deviation of (1|rater:method) is 0" in str(fitted)
    assert "REML criterion 4666.32" in str(fitted)


@pytest.mark.parametrize(
    "formula, change, message",
    [
        ("score ~ method", {}, "no random term"),
        (TWO, {"score": 3.0}, "All values of the outcome are equal"),
        (TWO, {"score": "good"}, "not a number"),
        (TWO, {"rater": None}, "lacks"),
        ("score ~ method + (1|desk)", {}, "no column 'desk'"),
        ("score ~ method + copy + (1|rater)", {}, "combination of the others"),
        ("score ~ method + (1|rater:case:method:copy)", {"case": range}, "as many groups as there are ratings"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(formula: str, change: dict[str, Any], message: str) -> None:
    data = ratings()
    for name, value in change.items():
        data[name] = np.arange(len(data)) if value is range else value
    data["copy"] = np.where(data["method"] == "lime", "x", "y")
    with pytest.raises(ValueError, match=message):
        lmm(formula, data)


def test_wrong_options_get_one_clear_sentence(fitted: LinearMixedFit) -> None:
    with pytest.raises(ValueError, match="adjust cannot be 'dunnett'"):
        fitted.contrasts("method", "dunnett")
    with pytest.raises(ValueError, match="against a reference cannot be 'tukey'"):
        fitted.contrasts("method", "tukey", reference="lime")
    with pytest.raises(ValueError, match="'lrp' is not one of the levels"):
        fitted.contrasts("method", reference="lrp")
    design = LinearMixedDesign(TWO, ratings())
    with pytest.raises(ValueError, match="483 finite numbers"):
        design.fit(np.zeros(3))
    with pytest.raises(ValueError, match="'desk' is no effect or random term"):
        design.simulate({}, {"desk": 1.0}, 1.0, np.random.default_rng(0))
