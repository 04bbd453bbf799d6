"""The ordinal mixed model beyond its main golden data: few and many categories, profiles, tests, predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from evaluation.statistics import CumulativeLinkFit, clmm
from evaluation.statistics.formula import fixed_effects, groupings, parse_formula
from evaluation.statistics.laplace import CumulativeLaplace
from tests.evaluation.statistics.conftest import R_ORDINAL, Validate

GOLDEN = Path(__file__).parent / "golden"
SEVEN = "seven ~ method + years + (1|rater) + (1|case) + (1|case:method)"


def ratings() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "models_data.csv")


def golden(model: str, part: str) -> pd.DataFrame:
    table = pd.read_csv(GOLDEN / "models.csv", keep_default_na=False, na_values="NA")
    return table[(table["model"] == model) & (table["part"] == part)].set_index("term")


@pytest.fixture(scope="module")
def single() -> CumulativeLinkFit:
    return clmm("seven ~ method + (1|case)", ratings())


@pytest.fixture(scope="module")
def plain() -> CumulativeLinkFit:
    return clmm("seven ~ method", ratings())


@pytest.mark.parametrize(
    "model, formula",
    [
        ("seven", SEVEN),
        ("binary", "binary ~ method + (1|rater) + (1|case)"),
        ("flat", "flat ~ method + (1|case)"),
        ("single", "seven ~ method + (1|case)"),
    ],
)
def test_it_equals_clmm(model: str, formula: str, validate: Validate) -> None:
    """R's ordinal: seven categories, two, four; unbalanced, with repeats and missing cells, one covariate a number."""
    fit = clmm(formula, ratings())
    assert fit.converged, fit.messages
    logarithm = golden(model, "log_likelihood")["estimate"].item()
    threshold, coefficient = golden(model, "threshold"), golden(model, "coefficient")
    assert list(fit.thresholds.index) == list(threshold.index)
    assert [name.replace("[", "").replace("]", "") for name in fit.coefficients.index] == list(coefficient.index)
    estimates, errors = [*fit.thresholds, *fit.coefficients], [*fit.threshold_errors, *fit.standard_errors]
    their_estimates, their_errors = ([*threshold[part], *coefficient[part]] for part in ("estimate", "se"))
    sd = golden(model, "random_sd")["estimate"][fit.random_sd.index]
    validate("clmm, log-likelihood", R_ORDINAL, fit.log_likelihood, logarithm, within=1e-3)
    validate("clmm, thresholds and coefficients", R_ORDINAL, estimates, their_estimates, within=1e-3)
    validate("clmm, standard errors", R_ORDINAL, errors, their_errors, within=1e-3)
    validate("clmm, random standard deviations", R_ORDINAL, fit.random_sd, sd, within=1e-3)
    assert (np.diff(fit.thresholds) > 0).all()


def test_equal_rows_are_counted_and_change_nothing() -> None:
    """The likelihood of repeated rows, as counts, is that of each row on its own."""
    data = ratings()
    formula = parse_formula("seven ~ method + (1|rater)")
    design = fixed_effects(formula, data, None).matrix(data)
    category = data["seven"].to_numpy() - 1
    point = np.array([-2.5, -1.5, -0.5, 0.3, 1.2, 2.4, 0.5, -0.8, 0.6])
    counted = CumulativeLaplace(category, 7, design, groupings(formula, data))
    assert counted.ratings.count is not None
    assert counted.ratings.count.sum() == len(data) > len(counted.ratings.count)
    # A column that tells all rows apart, with an effect of 0, keeps them from being counted.
    apart = np.column_stack([design, np.random.default_rng(0).normal(size=len(data))])
    single = CumulativeLaplace(category, 7, apart, groupings(formula, data))
    assert single.ratings.count is None
    value, gradient = counted.value_and_gradient(point)
    plain_value, plain_gradient = single.value_and_gradient(np.insert(point, 8, 0.0))
    assert value == pytest.approx(plain_value, abs=1e-9)
    np.testing.assert_allclose(gradient, np.delete(plain_gradient, 8), atol=1e-8)


@pytest.mark.parametrize("sets", [False, True])
def test_the_gradient_is_that_of_central_differences(sets: bool) -> None:
    data = ratings()
    formula = parse_formula("seven ~ years + (1|rater) + (1|case) + (1|rater:method)")
    design = fixed_effects(formula, data, None).matrix(data)
    level = data["method"].astype("category").cat.codes.to_numpy().astype(np.intp) if sets else None
    model = CumulativeLaplace(data["seven"].to_numpy() - 1, 7, design, groupings(formula, data), level)
    thresholds = np.array([-2.5, -1.5, -0.5, 0.3, 1.2, 2.4])
    thresholds = np.concatenate([thresholds, thresholds - 0.4, 0.8 * thresholds]) if sets else thresholds
    point = np.concatenate([thresholds, [0.02, 0.5, 0.9, 0.3]])
    exact = model.value_and_gradient(point)[1]
    for place in range(len(point)):
        step = np.eye(len(point))[place] * 1e-5
        numeric = (model.value_and_gradient(point + step)[0] - model.value_and_gradient(point - step)[0]) / 2e-5
        assert exact[place] == pytest.approx(numeric, abs=2e-4)


def test_profile_bounds_equal_clm(plain: CumulativeLinkFit, validate: Validate) -> None:
    """R's confint(clm, type = "profile")."""
    r, mine = golden("plain", "profile"), plain.confidence_intervals("profile")
    np.testing.assert_allclose(mine["estimate"], r["estimate"], atol=1e-4)
    bounds = ["low", "high"]
    validate("clmm, profile bounds", R_ORDINAL, mine[bounds], r[bounds], within=1e-3)


def test_profile_bounds_lose_what_chi_squared_allows(single: CumulativeLinkFit) -> None:
    """The likelihood is maximised again by scipy with the parameter held at its bound."""
    data = ratings()
    bounds: Any = single.confidence_intervals("profile", level=0.9)
    assert list(bounds.index) == ["method[lime]", "method[shap]", "sd(case)"]
    formula = parse_formula("seven ~ method + (1|case)")
    design = fixed_effects(formula, data, None).matrix(data)
    model = CumulativeLaplace(data["seven"].to_numpy() - 1, 7, design, groupings(formula, data))
    best = np.concatenate([single.thresholds, single.coefficients, single.random_sd])
    for place, name in ((6, "method[lime]"), (8, "sd(case)")):
        for side in ("low", "high"):
            held = float(bounds.loc[name, side])

            def lost(part: Any, place: int = place, held: float = held) -> tuple[float, Any]:
                value, gradient = model.value_and_gradient(np.insert(part, place, held))
                return value, np.delete(gradient, place)

            found = optimize.minimize(lost, np.delete(best, place), jac=True, method="BFGS", options={"gtol": 1e-5})
            assert 2 * (found.fun + single.log_likelihood) == pytest.approx(stats.chi2.ppf(0.9, 1), abs=2e-3)
    assert 0 < bounds.loc["sd(case)", "low"] < single.random_sd["case"] < bounds.loc["sd(case)", "high"]


def test_the_profile_of_a_deviation_may_reach_zero() -> None:
    data = ratings()
    data["desk"] = np.random.default_rng(3).integers(0, 8, len(data)).astype(str)
    bounds: Any = clmm("seven ~ method + (1|desk)", data).confidence_intervals("profile")
    assert bounds.loc["sd(desk)", "low"] == 0.0
    assert bounds.loc["sd(desk)", "high"] > 0.05


def test_wald_bounds_are_those_of_the_normal(plain: CumulativeLinkFit) -> None:
    bounds = plain.confidence_intervals(level=0.9)
    np.testing.assert_allclose(bounds["high"] - bounds["estimate"], 1.644854 * plain.standard_errors, atol=1e-6)


@pytest.mark.parametrize("model", ["plain", "single"])
def test_the_test_of_proportional_odds_equals_r(model: str, request: pytest.FixtureRequest, validate: Validate) -> None:
    """R's anova(clm, clm(nominal = ~ method)), and clmm2(nominal = ~ method) with one random intercept."""
    fit: CumulativeLinkFit = request.getfixturevalue(model)
    test, r = fit.proportional_odds("method"), golden(model, "nominal").iloc[0]
    validate("clmm, proportional odds", R_ORDINAL, test.statistic, r["estimate"], within=2e-3)
    validate("clmm, proportional odds", R_ORDINAL, test.p, r["p"], within=1e-3)
    assert (test.df, test.converged) == (r["df"], True)
    assert test.thresholds.shape == (3, 6)
    assert (np.diff(test.thresholds, axis=1) > 0).all()


def test_a_stretched_scale_breaks_proportional_odds() -> None:
    data = ratings()
    data.loc[data["method"] == "shap", "seven"] = data["seven"].map({1: 1, 2: 1, 3: 2, 4: 4, 5: 6, 6: 7, 7: 7})
    data.loc[data.index[data["method"] == "shap"][:2], "seven"] = [3, 5]
    test = clmm("seven ~ method + (1|case)", data).proportional_odds("method")
    assert test.p < 1e-4


def test_probabilities_and_their_bounds_equal_clm(plain: CumulativeLinkFit, validate: Validate) -> None:
    """R's predict(clm, interval = TRUE): bounds on the logit scale."""
    r = golden("plain", "probability")
    mine = plain.probabilities("method")
    assert [f"{row.method}:{row.category}" for row in mine.itertuples()] == list(r.index)
    bounds = ["low", "high"]
    validate("clmm, probabilities", R_ORDINAL, mine["probability"], r["estimate"], within=1e-4)
    validate("clmm, bounds of probabilities", R_ORDINAL, mine[bounds], r[bounds], within=1e-3)
    np.testing.assert_allclose(mine.groupby("method")["probability"].sum(), 1.0)


def test_contrasts_speak_in_the_outcomes_units(single: CumulativeLinkFit) -> None:
    means: Any = single.marginal_means("method")
    score: Any = single.contrasts("method", "none", scale="score").set_index(["first", "second"])
    expected = means["mean"]["lime"] - means["mean"]["shap"]
    assert score.loc[("lime", "shap"), "estimate"] == pytest.approx(expected, abs=1e-10)
    high: Any = single.contrasts("method", "none", reference="shap", scale="probability", at_least=6).set_index("first")
    shares: Any = means[["P(6)", "P(7)"]].sum(axis=1)
    assert high.loc["lime", "estimate"] == pytest.approx(shares["lime"] - shares["shap"], abs=1e-10)
    latent = single.contrasts("method", "none").set_index(["first", "second"])
    np.testing.assert_allclose(score["z"], latent["z"], rtol=0.12)  # one question, so nearly one answer


def test_the_error_of_a_score_difference_is_that_of_simulated_parameters(single: CumulativeLinkFit) -> None:
    """The delta method against the spread of the difference over draws of the parameters."""
    optimum = single._optimum
    draws = np.random.default_rng(0).multivariate_normal(optimum.parameters, optimum.covariance, size=4000)
    rows = np.array([[0.0, 0.0], [1.0, 0.0]])
    scores = np.arange(1.0, 8.0)
    differences = [float(np.diff(single._marginal._probabilities(draw, rows) @ scores)[0]) for draw in draws]
    row: Any = single.contrasts("method", "none", scale="score").iloc[0]
    assert row["se"] == pytest.approx(np.std(differences), rel=0.05)


def test_one_contrast_against_a_reference_needs_no_adjustment_and_more_need_less_than_bonferroni(
    single: CumulativeLinkFit,
) -> None:
    two = ratings().query("method != 'shap'")
    alone = clmm("seven ~ method + (1|case)", two).contrasts("method", "dunnett", reference="gradcam")
    assert alone["p_adjusted"].item() == pytest.approx(alone["p"].item(), abs=1e-9)
    dunnett = single.contrasts("method", "dunnett", reference="gradcam", simultaneous=True)
    reach = (dunnett["high"] - dunnett["estimate"]) / dunnett["se"]
    assert ((reach > stats.norm.isf(0.025)) & (reach < stats.norm.isf(0.0125))).all()
    assert (dunnett["p_adjusted"] > dunnett["p"]).all()


def test_a_separated_level_is_named_with_its_rating() -> None:
    data = ratings()
    data.loc[data["method"] == "shap", "seven"] = 1
    fit = clmm("seven ~ method + (1|case)", data)
    assert not fit.converged
    assert "The effect of method[shap] runs off to infinity: all its ratings are 1" in str(fit)


def test_a_separated_reference_is_named_with_its_rating() -> None:
    data = ratings()
    data.loc[data["method"] == "gradcam", "seven"] = 7
    text = str(clmm("seven ~ method + years + (1|case)", data))
    for effect in ("method[lime]", "method[shap]"):
        assert f"The effect of {effect} runs off to infinity: all ratings of gradcam, its reference, are 7" in text
    assert "effect of years" not in text


def test_a_term_without_variance_is_noted_in_the_text() -> None:
    data = ratings()
    data["desk"] = np.resize(["a", "b", "c"], len(data))
    fit = clmm("seven ~ method + (1|case) + (1|desk)", data)
    assert fit.singular == ("desk",)
    assert "Note: The standard deviation of (1|desk) is 0: the fit is that without this term." in str(fit)
    assert fit.log_likelihood == pytest.approx(golden("single", "log_likelihood")["estimate"].item(), abs=1e-3)


def test_wrong_options_get_one_clear_sentence(single: CumulativeLinkFit) -> None:
    with pytest.raises(ValueError, match="at_least must be one of 2, 3, 4, 5, 6, 7"):
        single.contrasts("method", scale="probability")
    with pytest.raises(ValueError, match="scale cannot be 'odds'"):
        single.contrasts("method", scale="odds")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="method cannot be 'bootstrap'"):
        single.confidence_intervals("bootstrap")
    with pytest.raises(ValueError, match="'case' is not a categorical variable"):
        single.proportional_odds("case")
    data = ratings()
    with pytest.raises(ValueError, match="cannot fail"):
        clmm("binary ~ method", data).proportional_odds("method")
    data.loc[(data["method"] == "shap") & (data["seven"] == 4), "seven"] = 5
    with pytest.raises(ValueError, match="No rating of method shap is 4"):
        clmm("seven ~ method", data).proportional_odds("method")
