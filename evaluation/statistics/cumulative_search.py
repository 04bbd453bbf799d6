"""The maximum of a cumulative logit model's likelihood, and what is wrong with it where something is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.quasi_newton import inverse_guess, minimise, polish, positive
from evaluation.statistics.tidy import Codes, Mask, Numbers

START_SD = 0.6
_ZERO_SD = 0.05
_GRADIENT = 1e-3
_FAR = 12.0


@dataclass(frozen=True)
class Optimum:
    """Where minus the log-likelihood is least; `free` are the parameters that are not held at 0.

    `far` are the places of fixed effects that run off to infinity.
    """

    parameters: Numbers
    value: float
    gradient: float
    curvature: Numbers
    covariance: Numbers
    free: Mask
    definite: bool
    far: tuple[int, ...]

    @property
    def messages(self) -> tuple[str, ...]:
        """One sentence for each doubt about convergence."""
        messages = []
        if self.gradient > _GRADIENT:
            messages.append(f"The maximum was not reached: the largest slope left is {self.gradient:.2g}.")
        if not self.definite:
            messages.append("The curvature at the solution is not that of a maximum, so there are no standard errors.")
        return tuple(messages)


def start(category: Codes, n_categories: int, n_fixed: int, n_terms: int) -> Numbers:
    """Thresholds from the categories' shares, no effects, moderate standard deviations."""
    share = np.bincount(category, minlength=n_categories).cumsum()[:-1] / len(category)
    spread = np.sqrt(1.0 + n_terms * START_SD**2 / 3.0)
    thresholds = np.log(share / (1.0 - share)) * spread
    return np.concatenate([thresholds, np.zeros(n_fixed), np.full(n_terms, START_SD)])


def maximise(likelihood: CumulativeLaplace, first: Numbers) -> Optimum:
    """Quasi-Newton steps from a start, Newton's to finish; standard deviations next to 0 are set to 0."""
    function = likelihood.value_and_gradient
    point = minimise(function, first, inverse_guess(likelihood.information(first)), tolerance=1e-8).point
    fixed = len(point) - likelihood.n_terms
    point[fixed:] = np.abs(point[fixed:])
    free = np.ones(len(point), dtype=bool)
    for place in np.argsort(point[fixed:]) + fixed:
        if point[place] < _ZERO_SD and _costs_nothing(likelihood, point, place):
            point[place], free[place] = 0.0, False
    found, curvature = polish(function, point, free)
    point = found.point
    point[fixed:] = np.abs(point[fixed:])
    covariance, definite = _covariance(curvature, free)
    return Optimum(
        parameters=point,
        value=found.value,
        gradient=float(np.abs(found.gradient[free]).max()),
        curvature=curvature,
        covariance=covariance,
        free=free,
        definite=definite,
        far=_far(likelihood, point),
    )


def _far(likelihood: CumulativeLaplace, point: Numbers) -> tuple[int, ...]:
    """The fixed effects that move the latent scale by more than any rating could show."""
    reach = np.abs(likelihood.split(point)[1]) * likelihood.ratings.design_range
    return tuple(int(place) for place in np.flatnonzero(reach > _FAR))


def _costs_nothing(likelihood: CumulativeLaplace, point: Numbers, place: int) -> bool:
    without = point.copy()
    without[place] = 0.0
    return likelihood.value_and_gradient(without)[0] <= likelihood.value_and_gradient(point)[0] + 1e-5


def _covariance(curvature: Numbers, free: Mask) -> tuple[Numbers, bool]:
    """The inverse Hessian over all parameters, 0 for those held at 0; NaN where it is not positive definite."""
    covariance = np.zeros((len(free), len(free)))
    definite = positive(curvature)
    covariance[np.ix_(free, free)] = np.linalg.inv(curvature) if definite else np.nan
    return covariance, definite
