"""Planned studies of ratings: each draws an outcome, analyses it, and says every effect's estimate and p-value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.cumulative_search import Optimum, maximise, start
from evaluation.statistics.errors import NotIdentified, WrongChoice
from evaluation.statistics.formula import fixed_effects, groupings, parse_formula, require_variables
from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.linear_mixed import LinearMixedDesign
from evaluation.statistics.reference_distribution import LentDegrees
from evaluation.statistics.tidy import Codes, Numbers

RESIDUAL = "residual"
CATEGORIES = 5


class Study(Protocol):
    """A planned study: it draws an outcome, analyses it, and returns each effect's estimate and p-value."""

    names: list[str]

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]: ...


class LinearStudy:
    """Normal scores, analysed by the linear mixed model with Satterthwaite's t."""

    def __init__(
        self, design: pd.DataFrame, formula: str, effects: Mapping[str, float], sd: Mapping[str, float], sigma: float
    ) -> None:
        self.design = LinearMixedDesign(formula, design)
        self.names = self.design.names[1:]
        require_known(effects, self.names)
        self.effects, self.sd, self.sigma = effects, sd, sigma

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """One study."""
        return linear_tests(self.design, self.design.simulate(self.effects, self.sd, self.sigma, generator))


class OrdinalStudy:
    """Ratings from a cumulative logit with crossed random terms, analysed by the same model.

    Its estimates over their errors are held against t with the degrees of freedom that the linear model lends.
    """

    def __init__(
        self,
        design: pd.DataFrame,
        formula: str,
        effects: Mapping[str, float],
        sd: Mapping[str, float],
        thresholds: Numbers | None,
    ) -> None:
        parsed = parse_formula(formula)
        require_variables(parsed, design, outcome=False)
        coded = fixed_effects(parsed, design, None)
        self.names = coded.columns
        require_known(effects, self.names)
        self.matrix = coded.matrix(design)
        self.groups = groupings(parsed, design)
        self.lent = LentDegrees(self.matrix, self.groups)
        self.sd = [sd[group.name] for group in self.groups]
        self.fixed = self.matrix @ np.array([effects.get(name, 0.0) for name in self.names])
        spread = float(np.sqrt(1.0 + 3.0 / np.pi**2 * sum(scale**2 for scale in self.sd)))
        shares = np.arange(1, CATEGORIES) / CATEGORIES
        given = stats.logistic.ppf(shares) * spread if thresholds is None else np.asarray(thresholds, dtype=np.float64)
        if not np.all(np.diff(given) > 0):
            raise WrongChoice("The thresholds must increase.")
        self.thresholds = given

    def draw(self, generator: np.random.Generator) -> Codes:
        """The categories 0, 1, ... of one study, for each row of the design; some may not occur."""
        eta = self.fixed + generator.logistic(size=len(self.fixed))
        for group, scale in zip(self.groups, self.sd, strict=True):
            eta = eta + scale * generator.standard_normal(group.size)[group.index]
        return np.asarray(np.searchsorted(self.thresholds, eta), dtype=np.intp)

    def fit(self, rating: Codes, columns: Codes | None = None) -> tuple[CumulativeLaplace, Optimum] | None:
        """The model of these ratings, with all or only the named columns of effects; none where it has no maximum."""
        seen, category = np.unique(rating, return_inverse=True)
        if len(seen) < 2:
            return None
        matrix = self.matrix if columns is None else self.matrix[:, columns]
        likelihood = CumulativeLaplace(category, len(seen), matrix, self.groups)
        try:
            found = maximise(likelihood, start(category, len(seen), matrix.shape[1], len(self.groups)))
        except NotIdentified:
            return None
        return likelihood, found

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """One study; no p-value where the model did not converge."""
        rating = self.draw(generator)
        fitted = self.fit(rating)
        if fitted is None:
            nothing = np.full(len(self.names), np.nan)
            return nothing, nothing
        beta, ratio = wald(*fitted)
        df = self.lent.of(np.asarray(rating + 1, dtype=np.float64))(np.eye(len(beta)))
        return beta, np.asarray(2.0 * stats.t.sf(np.abs(ratio), df), dtype=np.float64)


class ScoredStudy(OrdinalStudy):
    """The same ratings, read as scores 1, 2, ... and analysed by the linear mixed model, which is faster."""

    def __init__(
        self,
        design: pd.DataFrame,
        formula: str,
        effects: Mapping[str, float],
        sd: Mapping[str, float],
        thresholds: Numbers | None,
    ) -> None:
        super().__init__(design, formula, effects, sd, thresholds)
        self.linear = LinearMixedDesign(formula, design)

    def run(self, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
        """One study."""
        rating = self.draw(generator)
        if np.ptp(rating) == 0:
            nothing = np.full(len(self.names), np.nan)
            return nothing, nothing
        return linear_tests(self.linear, np.asarray(rating + 1, dtype=np.float64))


def linear_tests(design: LinearMixedDesign, outcome: Numbers) -> tuple[Numbers, Numbers]:
    """Estimates and Satterthwaite's p-values of a design's effects; no p-value where the fit did not converge."""
    fit = design.fit(outcome)
    p = fit.p_values.iloc[1:] if fit.converged else fit.p_values.iloc[1:] * np.nan
    return np.asarray(fit.coefficients.iloc[1:], dtype=np.float64), np.asarray(p, dtype=np.float64)


def wald(likelihood: CumulativeLaplace, found: Optimum) -> tuple[Numbers, Numbers]:
    """The effects and their z values, NaN where the model did not converge."""
    beta = likelihood.split(found.parameters)[1]
    if found.messages or found.far:
        return beta, np.full(len(beta), np.nan)
    places = slice(likelihood.n_thresholds, likelihood.n_thresholds + len(beta))
    return beta, np.asarray(beta / np.sqrt(np.diagonal(found.covariance)[places]), dtype=np.float64)


def require_known(effects: Mapping[str, float], names: list[str]) -> None:
    """Raise where an effect is none of the design."""
    unknown = [name for name in effects if name not in names]
    if unknown:
        raise WrongChoice(f"{unknown[0]!r} is no effect of this design; it has: {', '.join(names)}.")


def standard_deviations(variances: Mapping[str, float]) -> dict[str, float]:
    """Square roots of the random terms' variances, the residual's left out."""
    negative = [name for name, value in variances.items() if not value >= 0]
    if negative:
        raise WrongChoice(f"The variance of {negative[0]!r} must be at least 0.")
    return {name: float(np.sqrt(value)) for name, value in variances.items() if name != RESIDUAL}


def formula_of(variances: Mapping[str, float]) -> str:
    """The model that has a random term for each named variance."""
    return " + ".join(["outcome ~ method", *[f"(1|{name})" for name in variances if name != RESIDUAL]])
