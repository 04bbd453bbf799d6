"""Which reference distribution keeps the level of a test in the ordinal mixed model, on a planned design."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import TooFew, WrongChoice
from evaluation.statistics.linear_mixed import LinearMixedDesign
from evaluation.statistics.power_studies import RESIDUAL, OrdinalStudy, formula_of, standard_deviations, wald
from evaluation.statistics.proportions import proportion
from evaluation.statistics.tidy import Numbers, require_columns, require_count, require_share

TESTS = {
    "Wald, normal": "ordinal model: estimate over error against the normal distribution",
    "Wald, t": "ordinal model: the same against t with the linear model's degrees of freedom",
    "likelihood ratio, chi-squared": "ordinal model: refitted without the effect, one degree of freedom",
    "likelihood ratio, F": "ordinal model: the same against F with the linear model's degrees of freedom",
    "scores, t": "linear model of the ratings as scores, Satterthwaite's degrees of freedom",
}


def type_one_error(
    design: pd.DataFrame,
    *,
    variances: Mapping[str, float],
    simulations: int,
    seed: int,
    alpha: float = 0.05,
    thresholds: Numbers | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """How often each test claims an effect of the second method where no method has one.

    `design`, `variances` and `thresholds` as in `power(model="clmm")`. Each simulated study is analysed by all tests
    (`TESTS` says what they are), so differences between them are sharper than the bounds. Index: the tests; columns
    `error low high failed`: the share of claims with Wilson's bounds among all simulations, and those without a test.
    The degrees of freedom lent to the ordinal model are Satterthwaite's of the linear model on the same ratings.
    """
    require_columns(design, "method")
    require_count("simulations", simulations)
    require_share("alpha", alpha)
    if simulations < 1:
        raise TooFew("At least one simulation is needed.")
    if RESIDUAL in variances:
        raise WrongChoice("The ordinal model has no residual variance: that of the logistic distribution is fixed.")
    named = design.assign(method=design["method"].astype(str))
    formula = formula_of(variances)
    study = OrdinalStudy(named, formula, {}, standard_deviations(variances), thresholds)
    linear = LinearMixedDesign(formula, named)
    children = np.random.SeedSequence(seed).spawn(simulations)
    p_values = np.array([_tests(study, linear, np.random.default_rng(child)) for child in children])
    rows = []
    for name, p in zip(TESTS, p_values.T, strict=True):
        share = proportion(int((p < alpha).sum()), simulations, level=level)
        rows.append((name, share.estimate, share.low, share.high, int(np.isnan(p).sum())))
    return pd.DataFrame(rows, columns=["test", "error", "low", "high", "failed"]).set_index("test")


def _tests(study: OrdinalStudy, linear: LinearMixedDesign, generator: np.random.Generator) -> Numbers:
    """The p-values of one study without effects, in the order of `TESTS`."""
    rating = study.draw(generator)
    nothing = np.full(len(TESTS), np.nan)
    full = study.fit(rating)
    rest = study.fit(rating, np.arange(1, len(study.names), dtype=np.intp))
    if full is None or rest is None:
        return nothing
    scores = linear.fit(np.asarray(rating + 1, dtype=np.float64))
    df, p_linear = float(scores.degrees.iloc[1]), float(scores.p_values.iloc[1])
    z = float(wald(*full)[1][0])
    lost = max(2.0 * (rest[1].value - full[1].value), 0.0) if np.isfinite(z) else np.nan
    return np.array(
        [
            2.0 * stats.norm.sf(abs(z)),
            2.0 * stats.t.sf(abs(z), df),
            stats.chi2.sf(lost, 1),
            stats.f.sf(lost, 1, df),
            p_linear if scores.converged else np.nan,
        ]
    )
