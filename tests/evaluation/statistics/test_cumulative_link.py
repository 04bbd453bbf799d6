from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, stats
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from evaluation.statistics import CumulativeLinkFit, clmm, lmm
from evaluation.statistics.formula import fixed_effects, groupings, parse_formula
from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.reference_distribution import LentDegrees
from tests.evaluation.statistics.conftest import R_ORDINAL, Validate

GOLDEN = Path(__file__).parent / "golden"
TWO = "usefulness ~ method + (1|rater) + (1|case)"
FOUR = TWO + " + (1|rater:method) + (1|case:method)"


def golden(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / f"{name}.csv")


def crossed() -> pd.DataFrame:
    return golden("crossed_data")


@pytest.fixture(scope="module")
def four() -> CumulativeLinkFit:
    return clmm(FOUR, crossed())


def assert_equals_r(fit: CumulativeLinkFit, name: str, validate: Validate) -> None:
    r = golden(name)
    part = {key: rows.set_index("term") for key, rows in r.groupby("part")}
    logarithm = r.loc[r["part"] == "log_likelihood", "estimate"].item()
    threshold = part["threshold"].loc[fit.thresholds.index]
    terms = [term.replace("[", "").replace("]", "") for term in fit.coefficients.index]
    coefficient = part["coefficient"].loc[terms]
    estimates, errors = [*fit.thresholds, *fit.coefficients], [*fit.threshold_errors, *fit.standard_errors]
    their_estimates, their_errors = ([*threshold[column], *coefficient[column]] for column in ("estimate", "se"))
    sd = part["random_sd"].loc[fit.random_sd.index, "estimate"]
    validate("clmm, log-likelihood", R_ORDINAL, fit.log_likelihood, logarithm, within=1e-4)
    validate("clmm, thresholds and coefficients", R_ORDINAL, estimates, their_estimates, within=1e-4)
    validate("clmm, standard errors", R_ORDINAL, errors, their_errors, within=1e-4)
    validate("clmm, random standard deviations", R_ORDINAL, fit.random_sd, sd, within=1e-4)


def test_it_equals_r_on_crossed_intercepts(validate: Validate) -> None:
    assert_equals_r(clmm(TWO, crossed()), "crossed_two", validate)


def test_it_equals_r_with_interaction_terms(four: CumulativeLinkFit, validate: Validate) -> None:
    assert_equals_r(four, "crossed_four", validate)
    assert four.n_groups.to_dict() == {"rater": 15, "case": 20, "rater:method": 75, "case:method": 100}
    assert four.converged
    assert four.gradient < 1e-4


def test_contrasts_equal_r(four: CumulativeLinkFit, validate: Validate) -> None:
    r, mine = golden("crossed_contrasts"), four.contrasts("method")
    assert list(mine.columns) == ["first", "second", "estimate", "se", "z", "p", "p_adjusted", "low", "high"]
    assert mine[["first", "second"]].to_numpy().tolist() == r[["first", "second"]].to_numpy().tolist()
    columns = ["estimate", "se", "p", "p_adjusted"]
    validate("clmm, contrasts with Holm", R_ORDINAL, mine[columns], r[columns], within=2e-4)
    np.testing.assert_allclose(mine["low"], mine["estimate"] - stats.norm.ppf(0.975) * mine["se"])


def test_contrasts_adjust_p_values_and_bounds_for_all_pairs(four: CumulativeLinkFit) -> None:
    plain, holm, tukey = (four.contrasts("method", adjust, simultaneous=True) for adjust in ("none", "holm", "tukey"))
    assert (plain["p_adjusted"] == plain["p"]).all()
    reach = {
        name: (frame["high"] - frame["estimate"]) / frame["se"]
        for name, frame in {"plain": plain, "holm": holm, "tukey": tukey}.items()
    }
    assert reach["plain"].iloc[0] == pytest.approx(1.959964, abs=1e-5)
    assert reach["holm"].iloc[0] == pytest.approx(stats.norm.ppf(1 - 0.025 / 10), abs=1e-9)
    # The studentized range of 5 means at infinite df is 3.858 (published tables).
    assert reach["tukey"].iloc[0] == pytest.approx(3.858 / np.sqrt(2), abs=1e-3)
    assert ((tukey["p_adjusted"] < 0.05) == ((tukey["low"] > 0) | (tukey["high"] < 0))).all()


def test_the_reference_changes_names_and_nothing_else(four: CumulativeLinkFit) -> None:
    other = clmm(FOUR, crossed(), reference={"method": "random"})
    assert list(other.coefficients.index) == ["method[gradcam]", "method[ig]", "method[lime]", "method[shap]"]
    assert other.log_likelihood == pytest.approx(four.log_likelihood, abs=1e-6)
    assert other.coefficients["method[gradcam]"] == pytest.approx(-four.coefficients["method[random]"], abs=1e-5)


def test_without_random_terms_it_equals_statsmodels() -> None:
    data = crossed()
    fit = clmm("usefulness ~ method", data)
    dummies = pd.get_dummies(data["method"], drop_first=True, dtype=float)
    oracle = OrderedModel(data["usefulness"], dummies, distr="logit").fit(method="bfgs", disp=False, gtol=1e-8)
    assert fit.log_likelihood == pytest.approx(oracle.llf, abs=1e-6)
    np.testing.assert_allclose(fit.coefficients, oracle.params.iloc[:4], atol=1e-4)
    np.testing.assert_allclose(fit.standard_errors, oracle.bse.iloc[:4], atol=1e-4)


def test_the_laplace_value_is_that_of_its_definition() -> None:
    """One group of ratings: maximise and differentiate the log-integrand by scipy, number by number."""
    category = np.array([0, 1, 2, 2, 1, 2, 0, 1])
    groups = groupings(parse_formula("y ~ (1|g)"), pd.DataFrame({"g": list("aaaabbbb")}))
    likelihood = CumulativeLaplace(category, 3, np.zeros((8, 0)), groups)
    value = likelihood.value_and_gradient(np.array([-0.7, 0.9, 1.3]))[0]

    def log_integrand(u: float, rows: slice) -> float:
        edges = np.array([-np.inf, -0.7, 0.9, np.inf])
        upper, lower = edges[category[rows] + 1] - 1.3 * u, edges[category[rows]] - 1.3 * u
        return float(np.log(expit(upper) - expit(lower)).sum() - u**2 / 2)

    total = 0.0
    for rows in (slice(0, 4), slice(4, 8)):
        found = optimize.minimize_scalar(lambda u, rows=rows: -log_integrand(u, rows), tol=1e-12)
        h = 1e-4
        bend = (
            log_integrand(found.x + h, rows) - 2 * log_integrand(found.x, rows) + log_integrand(found.x - h, rows)
        ) / h**2
        total += -found.fun - 0.5 * np.log(-bend)
    assert -value == pytest.approx(total, abs=1e-6)


def test_the_gradient_is_that_of_central_differences() -> None:
    data = crossed()
    formula = parse_formula(FOUR)
    design = fixed_effects(formula, data, None).matrix(data)
    likelihood = CumulativeLaplace(data["usefulness"].to_numpy() - 1, 5, design, groupings(formula, data))
    point = np.array([-2.0, -0.5, 0.8, 2.2, 0.3, 0.6, 0.9, -0.4, 0.8, 1.0, 0.5, 0.3])
    exact = likelihood.value_and_gradient(point)[1]
    steps = np.eye(len(point)) * 1e-5
    numeric = [
        (likelihood.value_and_gradient(point + step)[0] - likelihood.value_and_gradient(point - step)[0]) / 2e-5
        for step in steps
    ]
    np.testing.assert_allclose(exact, numeric, atol=1e-4)


def test_a_term_without_variance_is_named_and_changes_nothing() -> None:
    random = np.random.default_rng(5)
    data = crossed()
    data["desk"] = random.permutation(np.resize(np.array(["d1", "d2", "d3", "d4"]), len(data)))
    data["usefulness"] = random.permutation(data["usefulness"].to_numpy())
    with_desk = clmm("usefulness ~ method + (1|rater) + (1|desk)", data)
    assert "desk" in with_desk.singular or "rater" in with_desk.singular
    kept = [term for term in ("rater", "desk") if term not in with_desk.singular]
    without = clmm(" + ".join(["usefulness ~ method", *[f"(1|{term})" for term in kept]]), data)
    assert with_desk.log_likelihood == pytest.approx(without.log_likelihood, abs=1e-4)
    np.testing.assert_allclose(with_desk.standard_errors, without.standard_errors, atol=1e-4)


def test_a_level_that_the_ratings_separate_does_not_converge() -> None:
    data = crossed()
    data.loc[data["method"] == "shap", "usefulness"] = 1
    fit = clmm(TWO, data)
    assert not fit.converged
    assert fit.messages


def test_rows_without_an_outcome_are_left_out_and_counted(four: CumulativeLinkFit) -> None:
    data = crossed()
    gap = data.head(7).assign(usefulness=np.nan)
    fit = clmm(FOUR, pd.concat([data, gap]))
    assert fit.dropped == 7
    assert fit.n_observations == len(data)
    assert fit.log_likelihood == pytest.approx(four.log_likelihood, abs=1e-8)


def test_marginal_means_integrate_over_new_readers_and_cases(four: CumulativeLinkFit) -> None:
    means = four.marginal_means("method")
    spread = float(np.sqrt((four.random_sd**2).sum()))
    eta = four.coefficients["method[lime]"]

    def below(threshold: float) -> float:
        return integrate.quad(lambda x: expit(threshold - eta - x) * stats.norm.pdf(x, scale=spread), -15, 15)[0]

    cumulative = [below(threshold) for threshold in four.thresholds]
    assert means.loc["lime", "P(1)"] == pytest.approx(cumulative[0], abs=1e-6)
    assert means.loc["lime", "mean"] == pytest.approx(5 - sum(cumulative), abs=1e-6)
    observed = crossed().groupby("method")["usefulness"].mean()
    assert (means["mean"] - observed).abs().max() < 0.06
    assert ((means["low"] < observed) & (observed < means["high"])).all()
    np.testing.assert_allclose(means.filter(like="P(").sum(axis=1), 1.0, atol=1e-9)


def test_contrasts_average_over_other_factors_and_numbers() -> None:
    data = crossed().assign(
        years=lambda frame: frame["rater"].str[1:].astype(float), view=lambda frame: np.where(frame.index % 2, "a", "b")
    )
    fit = clmm("usefulness ~ method * view + years + (1|case)", data)
    assert "method[ig]:view[b]" in fit.coefficients.index
    row: Any = fit.contrasts("method", adjust="none").set_index(["first", "second"]).loc[("gradcam", "ig")]
    expected = -(fit.coefficients["method[ig]"] + 0.5 * fit.coefficients["method[ig]:view[b]"])
    assert row["estimate"] == pytest.approx(expected, abs=1e-10)


def test_reversing_the_scale_turns_the_signs() -> None:
    data = crossed()
    fit, turned = clmm(TWO, data), clmm(TWO, data.assign(usefulness=6 - data["usefulness"]))
    np.testing.assert_allclose(turned.coefficients, -fit.coefficients, atol=1e-5)
    np.testing.assert_allclose(turned.thresholds.to_numpy(), -fit.thresholds.to_numpy()[::-1], atol=1e-5)


@pytest.mark.parametrize(
    "formula, change, message",
    [
        ("usefulness method", {}, "must read 'outcome ~ terms'"),
        ("usefulness ~ ", {}, "nothing on its right-hand side"),
        ("usefulness ~ methd + (1|rater)", {}, "no column 'methd'"),
        ("usefulness ~ method + (method|rater)", {}, "Random slopes"),
        ("usefulness ~ method - 1", {}, "not a variable"),
        ("usefulness ~ method:view", {"view": "a"}, "one level only"),
        (TWO, {"usefulness": 3}, "fewer than two categories"),
        (TWO, {"usefulness": "good"}, "not a number"),
        (TWO, {"rater": "r1"}, "fewer than two groups"),
        (TWO, {"rater": None}, "lacks"),
        (TWO, {"usefulness": np.arange(1430) / 7}, "not ordinal"),
        ("usefulness ~ method + (1|rater:case:method)", {}, "as many groups as there are ratings"),
        ("usefulness ~ method + copy + (1|rater)", {"copy": "same"}, "combination of the others"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(formula: str, change: dict[str, Any], message: str) -> None:
    data = crossed()
    for name, value in change.items():
        data[name] = np.resize(value, len(data)) if isinstance(value, np.ndarray) else value
    if "copy" in change:
        data["copy"] = data["method"].map({"ig": "x"}).fillna("y")
    with pytest.raises(ValueError, match=message):
        clmm(formula, data)


def test_an_unknown_reference_or_contrast_gets_one_clear_sentence(four: CumulativeLinkFit) -> None:
    with pytest.raises(ValueError, match="'lrp' is not a level of 'method'"):
        clmm(TWO, crossed(), reference={"method": "lrp"})
    with pytest.raises(ValueError, match="'rater' is not a categorical variable"):
        four.contrasts("rater")
    with pytest.raises(ValueError, match="adjust cannot be 'sidak'"):
        four.contrasts("method", adjust="sidak")


def test_t_has_the_degrees_of_freedom_of_the_linear_model(four: CumulativeLinkFit) -> None:
    """Satterthwaite's of `lmm` on the same formula, whose own degrees equal lmerTest's; estimates stay as they are."""
    linear = lmm(FOUR, crossed())
    normal, student = (four.contrasts("method", reference_distribution=name) for name in ("normal", "t"))
    assert list(student.columns) == ["first", "second", "estimate", "se", "t", "df", "p", "p_adjusted", "low", "high"]
    pd.testing.assert_frame_equal(student[["estimate", "se"]], normal[["estimate", "se"]])
    np.testing.assert_allclose(student["df"], linear.contrasts("method")["df"], rtol=1e-6)
    np.testing.assert_allclose(four.degrees, linear.degrees.iloc[1:], rtol=1e-6)
    np.testing.assert_allclose(student["p"], 2 * stats.t.sf(normal["z"].abs(), student["df"]), rtol=1e-9)
    reach = stats.t.ppf(0.975, student["df"]) * student["se"]
    np.testing.assert_allclose(student["high"] - student["estimate"], reach, rtol=1e-9)
    scores = four.contrasts("method", scale="score", reference_distribution="t")
    np.testing.assert_allclose(scores["df"], student["df"], rtol=1e-6)


def test_without_random_terms_t_has_the_residual_degrees_of_freedom() -> None:
    data = crossed()
    fit = clmm("usefulness ~ method", data)
    assert (fit.degrees == len(data) - 5).all()
    with pytest.raises(ValueError, match="reference_distribution cannot be 'F'"):
        fit.contrasts("method", reference_distribution="F")  # type: ignore[arg-type]


def test_degrees_are_the_smallest_terms_where_scores_have_no_variance_left() -> None:
    """The linear model fits these scores perfectly; three raters leave two degrees of freedom."""
    groups = groupings(parse_formula("y ~ (1|g)"), pd.DataFrame({"g": list("aabbcc")}))
    lent = LentDegrees(np.zeros((6, 0)), groups)
    assert lent.of(np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0]))(np.zeros((1, 0))) == [2.0]
