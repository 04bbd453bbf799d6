"""Cumulative logit models with crossed random intercepts, for ordinal ratings of the same cases by the same readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from evaluation.statistics.contrasts import pairwise_contrasts
from evaluation.statistics.errors import NotIdentified, OneCategory, TooFew, WrongChoice, WrongFormula
from evaluation.statistics.formula import FixedEffects, fixed_effects, groupings, parse_formula, require_variables
from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.quasi_newton import inverse_guess, minimise, polish, positive
from evaluation.statistics.tidy import Codes, Mask, Numbers, numbers, require_share

_START_SD = 0.6
_ZERO_SD = 0.05
_GRADIENT = 1e-3
_FAR = 12.0
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


@dataclass(frozen=True)
class CumulativeLinkFit:
    """A fitted model. Coefficients are log odds ratios of a higher rating, given the same rater and case.

    `singular` names the random terms whose standard deviation is 0: they change nothing and may be left out.
    `converged` is true when the gradient vanishes and the curvature is that of a maximum; `messages` says what is
    wrong otherwise. `dropped` rows lacked an outcome. `covariance` covers thresholds and coefficients.
    """

    formula: str
    log_likelihood: float
    thresholds: pd.Series[float]
    threshold_errors: pd.Series[float]
    coefficients: pd.Series[float]
    standard_errors: pd.Series[float]
    random_sd: pd.Series[float]
    n_groups: pd.Series[int]
    covariance: pd.DataFrame
    n_observations: int
    dropped: int
    converged: bool
    gradient: float
    singular: tuple[str, ...]
    messages: tuple[str, ...]
    categories: tuple[Any, ...]
    _effects: FixedEffects = field(repr=False)
    _full_covariance: Numbers = field(repr=False)

    @property
    def p_values(self) -> pd.Series[float]:
        """Two-sided Wald tests of the coefficients."""
        z = (self.coefficients / self.standard_errors).abs()
        return pd.Series(2.0 * stats.norm.sf(z), index=self.coefficients.index, dtype=float)

    @property
    def n_parameters(self) -> int:
        """Thresholds, coefficients and standard deviations."""
        return len(self.thresholds) + len(self.coefficients) + len(self.random_sd)

    def contrasts(
        self, variable: str, adjust: str = "holm", *, level: float = 0.95, simultaneous: bool = False
    ) -> pd.DataFrame:
        """Each pair of the variable's levels once, first minus second on the latent scale.

        Other factors of the model are averaged over with equal weight, numbers held at their mean. Adjust is `holm`,
        `tukey` or `none`; `simultaneous` widens the bounds so that all hold at once.
        """
        levels, rows = self._grid(variable)
        covariance = self.covariance.to_numpy()[len(self.thresholds) :, len(self.thresholds) :]
        return pairwise_contrasts(
            levels,
            rows,
            np.asarray(self.coefficients, dtype=np.float64),
            covariance,
            adjust=adjust,
            level=level,
            simultaneous=simultaneous,
        )

    def marginal_means(self, variable: str, *, level: float = 0.95) -> pd.DataFrame:
        """Per level: the mean rating and each category's probability, averaged over readers and cases.

        Columns `mean se low high` and `P(category)`; categories that are not numbers count 1, 2, ... The average is
        over the model's random effects (new readers, new cases); bounds by the delta method.
        """
        require_share("level", level)
        levels, rows = self._grid(variable)
        parameters = np.concatenate([self.thresholds, self.coefficients, self.random_sd]).astype(np.float64)
        probabilities = self._probabilities(parameters, rows)
        scores = _scores(self.categories)
        slopes = _jacobian(lambda point: self._probabilities(point, rows) @ scores, parameters)
        se = np.sqrt(np.einsum("ij,jk,ik->i", slopes, self._full_covariance, slopes))
        mean = probabilities @ scores
        reach = stats.norm.isf((1.0 - level) / 2.0) * se
        frame = pd.DataFrame(
            {"mean": mean, "se": se, "low": mean - reach, "high": mean + reach}, index=pd.Index(levels, name=variable)
        )
        for place, category in enumerate(self.categories):
            frame[f"P({category})"] = probabilities[:, place]
        return frame

    def _grid(self, variable: str) -> tuple[list[Any], Numbers]:
        if variable not in self._effects.factors:
            known = ", ".join(self._effects.factors) or "none"
            raise WrongChoice(f"{variable!r} is not a categorical variable of the model; it has: {known}.")
        return self._effects.grid(variable)

    def _probabilities(self, parameters: Numbers, rows: Numbers) -> Numbers:
        n_thresholds, n_fixed = len(self.thresholds), len(self.coefficients)
        thresholds = parameters[:n_thresholds]
        eta = rows @ parameters[n_thresholds : n_thresholds + n_fixed]
        spread = np.sqrt((parameters[n_thresholds + n_fixed :] ** 2).sum())
        at = thresholds[None, :, None] - eta[:, None, None] - spread * _NODES
        below = expit(at) @ (_WEIGHTS / _WEIGHTS.sum())
        edges = np.concatenate([np.zeros((len(eta), 1)), below, np.ones((len(eta), 1))], axis=1)
        return np.asarray(np.diff(edges, axis=1), dtype=np.float64)


def clmm(formula: str, data: pd.DataFrame, *, reference: Mapping[str, Any] | None = None) -> CumulativeLinkFit:
    """Fit a cumulative logit model with crossed random intercepts by maximum (Laplace-approximated) likelihood.

    Formula as in R: `"usefulness ~ method + (1|rater) + (1|case) + (1|rater:method)"`. P(Y <= k) = F(threshold_k -
    eta). Assumes that effects shift all thresholds alike (proportional odds) and that random intercepts are normal.
    Rows without an outcome are left out and counted. Compare methods with their own random terms (`rater:method`,
    `case:method`) in the model: intercepts alone make the contrasts' errors too small (Barr et al. 2013).
    Source: Tutz & Hennevogl 1996; Christensen, R package ordinal.
    """
    parsed = parse_formula(formula)
    require_variables(parsed, data)
    kept = data[data[parsed.outcome].notna()]
    category, categories = _outcome(kept, parsed.outcome)
    effects = fixed_effects(parsed, kept, reference)
    design = effects.matrix(kept)
    _require_full_rank(design, effects.columns)
    groups = groupings(parsed, kept)
    likelihood = CumulativeLaplace(category, len(categories), design, groups)
    optimum = _maximise(likelihood, _start(category, len(categories), design.shape[1], len(groups)))
    thresholds, beta, sd = likelihood.split(optimum.parameters)
    names = [f"{low}|{high}" for low, high in pairwise(categories)]
    fixed = len(thresholds) + len(beta)
    errors = np.sqrt(np.diagonal(optimum.covariance))
    labels = [*names, *effects.columns]
    group_names = [group.name for group in groups]
    return CumulativeLinkFit(
        formula=formula,
        log_likelihood=-optimum.value,
        thresholds=pd.Series(thresholds, index=names, dtype=float),
        threshold_errors=pd.Series(errors[: len(thresholds)], index=names, dtype=float),
        coefficients=pd.Series(beta, index=effects.columns, dtype=float),
        standard_errors=pd.Series(errors[len(thresholds) : fixed], index=effects.columns, dtype=float),
        random_sd=pd.Series(sd, index=group_names, dtype=float),
        n_groups=pd.Series([group.size for group in groups], index=group_names, dtype=int),
        covariance=pd.DataFrame(optimum.covariance[:fixed, :fixed], index=labels, columns=labels),
        n_observations=len(kept),
        dropped=len(data) - len(kept),
        converged=not optimum.messages,
        gradient=optimum.gradient,
        singular=tuple(name for name, scale in zip(group_names, sd, strict=True) if scale == 0),
        messages=optimum.messages,
        categories=categories,
        _effects=effects,
        _full_covariance=optimum.covariance,
    )


@dataclass(frozen=True)
class _Optimum:
    parameters: Numbers
    value: float
    gradient: float
    covariance: Numbers
    messages: tuple[str, ...]


def _outcome(data: pd.DataFrame, name: str) -> tuple[Codes, tuple[Any, ...]]:
    """Codes 0 .. K-1 and the categories in their order: sorted numbers, or an ordered categorical's own."""
    column = data[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        if not column.cat.ordered:
            raise WrongFormula(f"The outcome {name!r} has categories without an order.")
        present = set(column.unique())
        categories = [value for value in column.cat.categories if value in present]
        place = {value: position for position, value in enumerate(categories)}
        category = np.array([place[value] for value in column], dtype=np.intp)
    else:
        values, category = np.unique(numbers(data, name), return_inverse=True)
        categories = [int(value) if float(value).is_integer() else float(value) for value in values]
    if len(categories) < 2:
        raise OneCategory(f"The outcome {name!r} has fewer than two categories.")
    if len(categories) > 50:
        raise WrongFormula(f"The outcome {name!r} has {len(categories)} different values; it is not ordinal.")
    return category.astype(np.intp), tuple(categories)


def _require_full_rank(design: Numbers, names: list[str]) -> None:
    if design.shape[1] == 0:
        return
    centred = np.column_stack([np.ones(len(design)), design])
    triangle = np.abs(np.diagonal(np.linalg.qr(centred, mode="r")))
    if len(design) <= design.shape[1]:
        raise TooFew("There are fewer ratings than effects to estimate.")
    scale = np.linalg.norm(centred, axis=0)
    dependent = np.flatnonzero(triangle < 1e-9 * np.maximum(scale, 1.0))
    if len(dependent):
        raise NotIdentified(f"The effect {names[dependent[0] - 1]!r} is a combination of the others in these data.")


def _start(category: Codes, n_categories: int, n_fixed: int, n_groups: int) -> Numbers:
    share = np.bincount(category, minlength=n_categories).cumsum()[:-1] / len(category)
    spread = np.sqrt(1.0 + n_groups * _START_SD**2 / 3.0)
    thresholds = np.log(share / (1.0 - share)) * spread
    return np.concatenate([thresholds, np.zeros(n_fixed), np.full(n_groups, _START_SD)])


def _maximise(likelihood: CumulativeLaplace, start: Numbers) -> _Optimum:
    """Quasi-Newton steps from the start, Newton's to finish; standard deviations next to 0 are set to 0."""
    function = likelihood.value_and_gradient
    point = minimise(function, start, inverse_guess(likelihood.information(start)), tolerance=1e-8).point
    fixed = len(point) - likelihood.n_terms
    point[fixed:] = np.abs(point[fixed:])
    free = np.ones(len(point), dtype=bool)
    for place in np.argsort(point[fixed:]) + fixed:
        if point[place] < _ZERO_SD and _costs_nothing(likelihood, point, place):
            point[place], free[place] = 0.0, False
    found, curvature = polish(function, point, free)
    point = found.point
    point[fixed:] = np.abs(point[fixed:])
    size = float(np.abs(found.gradient[free]).max())
    covariance, definite = _covariance(curvature, free)
    return _Optimum(point, found.value, size, covariance, _complaints(likelihood, point, size, definite))


def _costs_nothing(likelihood: CumulativeLaplace, point: Numbers, place: int) -> bool:
    without = point.copy()
    without[place] = 0.0
    return likelihood.value_and_gradient(without)[0] <= likelihood.value_and_gradient(point)[0] + 1e-5


def _covariance(hessian: Numbers, free: Mask) -> tuple[Numbers, bool]:
    """The inverse Hessian over all parameters, 0 for those held at 0; NaN where it is not positive definite."""
    covariance = np.zeros((len(free), len(free)))
    definite = positive(hessian)
    covariance[np.ix_(free, free)] = np.linalg.inv(hessian) if definite else np.nan
    return covariance, definite


def _complaints(likelihood: CumulativeLaplace, point: Numbers, gradient: float, definite: bool) -> tuple[str, ...]:
    messages = []
    if gradient > _GRADIENT:
        messages.append(f"The maximum was not reached: the largest slope left is {gradient:.2g}.")
    if not definite:
        messages.append("The curvature at the solution is not that of a maximum, so there are no standard errors.")
    if np.abs(likelihood.split(point)[1]).max(initial=0.0) > _FAR:
        messages.append("An effect runs off to infinity: the ratings separate a level from the others.")
    return tuple(messages)


def _scores(categories: tuple[Any, ...]) -> Numbers:
    if all(isinstance(value, (int, float, np.integer, np.floating)) for value in categories):
        return np.array(categories, dtype=np.float64)
    return np.arange(1, len(categories) + 1, dtype=np.float64)


def _jacobian(function: Any, point: Numbers) -> Numbers:
    columns = []
    for place in range(len(point)):
        step = np.zeros(len(point))
        step[place] = 1e-5
        columns.append((function(point + step) - function(point - step)) / 2e-5)
    return np.stack(columns, axis=1)
