"""Linear mixed models with crossed random intercepts, for scores of the same cases by the same readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.contrasts import pairwise_contrasts
from evaluation.statistics.errors import OneCategory, WrongChoice, WrongFormula
from evaluation.statistics.formula import (
    FixedEffects,
    fixed_effects,
    groupings,
    parse_formula,
    require_full_rank,
    require_variables,
)
from evaluation.statistics.linear_design import LinearDesign, Solution
from evaluation.statistics.model_text import model_text
from evaluation.statistics.tidy import Numbers, numbers, require_share

INTERCEPT = "(Intercept)"


@dataclass(frozen=True)
class LinearMixedFit:
    """A fitted model. Coefficients are differences in the outcome's units.

    `criterion` is minus twice the restricted log-likelihood (`reml`) or the full one; `degrees` are Satterthwaite's.
    `singular` names the random terms whose standard deviation is 0; `converged` is true when the gradient vanishes and
    the curvature is that of a minimum; `messages` says what is wrong otherwise. `dropped` rows lacked an outcome.
    """

    formula: str
    reml: bool
    criterion: float
    coefficients: pd.Series[float]
    standard_errors: pd.Series[float]
    degrees: pd.Series[float]
    random_sd: pd.Series[float]
    sigma: float
    n_groups: pd.Series[int]
    covariance: pd.DataFrame
    n_observations: int
    dropped: int
    converged: bool
    gradient: float
    singular: tuple[str, ...]
    messages: tuple[str, ...]
    notes: tuple[str, ...]
    _effects: FixedEffects = field(repr=False)
    _solution: Solution = field(repr=False)

    def __str__(self) -> str:
        kind = "REML" if self.reml else "ML"
        title = f"Linear mixed model, {kind} criterion {self.criterion:.3f}, residual sd {self.sigma:.4f}"
        table = {"estimate": self.coefficients, "se": self.standard_errors, "df": self.degrees, "p": self.p_values}
        return model_text(title, self, pd.DataFrame(table))

    @property
    def log_likelihood(self) -> float:
        """Restricted where the fit is; compare restricted ones only between models with the same fixed effects."""
        return -self.criterion / 2.0

    @property
    def n_parameters(self) -> int:
        """Coefficients, standard deviations and the residual's."""
        return len(self.coefficients) + len(self.random_sd) + 1

    @property
    def t_values(self) -> pd.Series[float]:
        """Coefficients over their standard errors."""
        return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> pd.Series[float]:
        """Two-sided t tests of the coefficients with Satterthwaite's degrees of freedom."""
        p = 2.0 * stats.t.sf(self.t_values.abs(), self.degrees)
        return pd.Series(p, index=self.coefficients.index, dtype=float)

    def contrasts(
        self,
        variable: str,
        adjust: str = "holm",
        *,
        reference: Any = None,
        level: float = 0.95,
        simultaneous: bool = False,
    ) -> pd.DataFrame:
        """Differences of the variable's levels in the outcome's units, with t tests (Satterthwaite).

        Each pair once, first minus second, or with `reference` each other level minus it. Other factors of the model
        are averaged over with equal weight, numbers held at their mean. Adjust is `holm`, `tukey` (all pairs),
        `dunnett` (against a reference) or `none`; `simultaneous` widens the bounds so that all hold at once.
        """
        levels, rows = self._grid(variable)
        return pairwise_contrasts(
            levels,
            rows,
            np.asarray(self.coefficients, dtype=np.float64),
            self.covariance.to_numpy(dtype=np.float64),
            adjust=adjust,
            level=level,
            simultaneous=simultaneous,
            reference=reference,
            degrees=self._solution.degrees,
        )

    def marginal_means(self, variable: str, *, level: float = 0.95) -> pd.DataFrame:
        """Per level the expected outcome of a new reader and case: columns `mean se df low high`."""
        require_share("level", level)
        levels, rows = self._grid(variable)
        mean = rows @ self.coefficients.to_numpy(dtype=np.float64)
        se = np.sqrt(np.einsum("ij,jk,ik->i", rows, self.covariance.to_numpy(dtype=np.float64), rows))
        df = self._solution.degrees(rows)
        reach = stats.t.isf((1.0 - level) / 2.0, df) * se
        return pd.DataFrame(
            {"mean": mean, "se": se, "df": df, "low": mean - reach, "high": mean + reach},
            index=pd.Index(levels, name=variable),
        )

    def _grid(self, variable: str) -> tuple[list[Any], Numbers]:
        if variable not in self._effects.factors:
            known = ", ".join(self._effects.factors) or "none"
            raise WrongChoice(f"{variable!r} is not a categorical variable of the model; it has: {known}.")
        levels, rows = self._effects.grid(variable)
        return levels, np.column_stack([np.ones(len(rows)), rows])


class LinearMixedDesign:
    """A formula on a frame without its outcome: prepared once, fitted to many outcomes (a simulation, a bootstrap)."""

    def __init__(self, formula: str, data: pd.DataFrame, *, reference: Mapping[str, Any] | None = None) -> None:
        parsed = parse_formula(formula)
        if not parsed.groups:
            raise WrongFormula(f"The formula {formula!r} has no random term, such as (1|case).")
        require_variables(parsed, data, outcome=False)
        self.formula = formula
        self.effects = fixed_effects(parsed, data, reference)
        design = self.effects.matrix(data)
        require_full_rank(design, self.effects.columns)
        groups = groupings(parsed, data)
        self.names = [INTERCEPT, *self.effects.columns]
        self.terms = [group.name for group in groups]
        self.sizes = [group.size for group in groups]
        self.n_rows = len(data)
        self._linear = LinearDesign(np.column_stack([np.ones(len(data)), design]), groups)

    def fit(self, outcome: Numbers, *, reml: bool = True, dropped: int = 0) -> LinearMixedFit:
        """Fit an outcome, one number for each row of the frame."""
        if len(outcome) != self.n_rows or not np.all(np.isfinite(outcome)):
            raise WrongChoice(f"The outcome must be {self.n_rows} finite numbers, one for each row of the design.")
        if np.ptp(outcome) == 0:
            raise OneCategory("All values of the outcome are equal.")
        found = self._linear.fit(np.asarray(outcome, dtype=np.float64), reml=reml)
        return self._told(found, reml, dropped)

    def simulate(
        self,
        effects: Mapping[str, float],
        sd: Mapping[str, float],
        sigma: float,
        generator: np.random.Generator,
    ) -> Numbers:
        """Outcomes of one study; effects are keyed as `.coefficients`, standard deviations as `.random_sd`."""
        unknown = [*(set(effects) - set(self.names)), *(set(sd) - set(self.terms))]
        if unknown:
            raise WrongChoice(f"{unknown[0]!r} is no effect or random term of the model {self.formula!r}.")
        fixed = np.array([effects.get(name, 0.0) for name in self.names])
        scales = np.array([sd.get(term, 0.0) for term in self.terms])
        return self._linear.simulate(fixed, scales, sigma, generator)

    def _told(self, found: Solution, reml: bool, dropped: int) -> LinearMixedFit:
        errors = np.sqrt(np.diagonal(found.covariance))
        singular = tuple(name for name, ratio in zip(self.terms, found.ratios, strict=True) if ratio == 0)
        return LinearMixedFit(
            formula=self.formula,
            reml=reml,
            criterion=found.criterion,
            coefficients=pd.Series(found.fixed, index=self.names, dtype=float),
            standard_errors=pd.Series(errors, index=self.names, dtype=float),
            degrees=pd.Series(found.degrees(np.eye(len(self.names))), index=self.names, dtype=float),
            random_sd=pd.Series(found.ratios * found.sigma, index=self.terms, dtype=float),
            sigma=found.sigma,
            n_groups=pd.Series(self.sizes, index=self.terms, dtype=int),
            covariance=pd.DataFrame(found.covariance, index=self.names, columns=self.names),
            n_observations=self.n_rows,
            dropped=dropped,
            converged=found.converged,
            gradient=found.gradient,
            singular=singular,
            messages=_complaints(found),
            notes=tuple(
                f"The standard deviation of (1|{name}) is 0: the fit is that without this term." for name in singular
            ),
            _effects=self.effects,
            _solution=found,
        )


def lmm(
    formula: str, data: pd.DataFrame, *, reference: Mapping[str, Any] | None = None, reml: bool = True
) -> LinearMixedFit:
    """Fit a linear mixed model with crossed random intercepts by restricted (or full) maximum likelihood.

    Formula as in R: `"score ~ method + (1|rater) + (1|case) + (1|rater:method)"`. Assumes normal random intercepts and
    residuals of equal variance. Rows without an outcome are left out and counted. Source: Bates et al. 2015 (lme4);
    Satterthwaite 1946 and Kuznetsova et al. 2017 (degrees of freedom).
    """
    parsed = parse_formula(formula)
    require_variables(parsed, data)
    kept = data[data[parsed.outcome].notna()]
    outcome = numbers(kept, parsed.outcome)
    design = LinearMixedDesign(formula, kept, reference=reference)
    return design.fit(outcome, reml=reml, dropped=len(data) - len(kept))


def _complaints(found: Solution) -> tuple[str, ...]:
    messages = []
    if not found.definite:
        messages.append("The curvature at the solution is not that of a minimum, so there are no degrees of freedom.")
    if found.definite and not found.converged:
        messages.append(f"The minimum was not reached: the largest slope left is {found.gradient:.2g}.")
    return tuple(messages)
