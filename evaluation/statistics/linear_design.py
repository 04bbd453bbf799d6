"""The profiled deviance of a linear mixed model with crossed random intercepts, on a design that outcomes share.

With V = I + Z L L'Z' (L the standard deviations over the residual's) all that an outcome y enters is [X y]'V^-1[X y], a
matrix of a few numbers, and L'Z'[X y]. A design is prepared once and fitted to any number of outcomes.
Source: Bates, Maechler, Bolker & Walker 2015 (profiled criterion); its gradient is derived here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.statistics.crossing import Crossing
from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.formula import Grouping
from evaluation.statistics.quasi_newton import hessian, inverse_guess, minimise, polish, positive
from evaluation.statistics.schur import Curvature
from evaluation.statistics.tidy import Mask, Numbers

_START = 0.5
_ZERO = 0.05
_GRADIENT = 1e-3


@dataclass(frozen=True)
class Solution:
    """A fitted criterion: `ratios` are standard deviations over `sigma`; `covariance` is that of the fixed effects.

    `ratio_covariance` is that of ratios and sigma, `slopes` `(ratios + 1, p, p)` how the fixed effects' covariance
    moves with them: what Satterthwaite's degrees of freedom are made of.
    """

    criterion: float
    ratios: Numbers
    sigma: float
    fixed: Numbers
    covariance: Numbers
    effects: Numbers
    gradient: float
    definite: bool
    ratio_covariance: Numbers
    slopes: Numbers

    @property
    def converged(self) -> bool:
        """Whether the gradient vanishes and the curvature is that of a minimum."""
        return self.definite and self.gradient < _GRADIENT

    def degrees(self, rows: Numbers) -> Numbers:
        """Satterthwaite's degrees of freedom of linear combinations of the fixed effects, one a row."""
        variance = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        moves = np.einsum("ij,tjk,ik->it", rows, self.slopes, rows)
        spread = np.einsum("it,tu,iu->i", moves, self.ratio_covariance, moves)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(2.0 * variance**2 / spread, dtype=np.float64)


@dataclass(frozen=True)
class _Point:
    """All that the criterion and its gradient need at some ratios."""

    curvature: Curvature
    solved: Numbers
    matrix: Numbers
    fixed: Numbers
    residual: float


class LinearDesign:
    """Fixed effects `design` `(n, p)`, an intercept among them, and crossed random intercepts."""

    def __init__(self, design: Numbers, groups: Sequence[Grouping]) -> None:
        self.design = design
        self.n_rows, self.n_fixed = design.shape
        self.crossing = Crossing(groups, len(design))
        self._counts = self.crossing.sums()
        self._inner = np.column_stack([self.crossing.over_inner(column) for column in design.T])
        self._outer = np.column_stack([self.crossing.over_outer(column) for column in design.T])
        self._square = design.T @ design

    def fit(self, outcome: Numbers, *, reml: bool = True, start: Numbers | None = None) -> Solution:
        """The ratios with the least criterion, and all else there."""
        centred, shift = self._centred(outcome)
        return _Criterion(self, centred, shift, reml).fit(start)

    def simulate(self, fixed: Numbers, sd: Numbers, sigma: float, generator: np.random.Generator) -> Numbers:
        """Outcomes of one study with these fixed effects, standard deviations of the random terms and of the rest."""
        effects = generator.standard_normal(self.crossing.n_effects)
        noise = sigma * generator.standard_normal(self.n_rows)
        return self.design @ fixed + self.crossing.linear(sd, effects) + noise

    def _centred(self, outcome: Numbers) -> tuple[Numbers, Numbers]:
        """The outcome without its least-squares fit, against rounding where the mean is far from 0."""
        shift = np.asarray(np.linalg.solve(self._square, self.design.T @ outcome), dtype=np.float64)
        return outcome - self.design @ shift, shift


class _Criterion:
    """Minus twice the log-likelihood (full, or restricted) of one outcome, profiled over all but the ratios."""

    def __init__(self, design: LinearDesign, outcome: Numbers, shift: Numbers, reml: bool) -> None:
        crossing = design.crossing
        self.design, self.shift, self.reml = design, shift, reml
        self.degrees = design.n_rows - (design.n_fixed if reml else 0)
        self.inner = np.column_stack([design._inner, crossing.over_inner(outcome)])
        self.outer = np.column_stack([design._outer, crossing.over_outer(outcome)])
        against = design.design.T @ outcome
        self.square = np.block(
            [[design._square, against[:, None]], [against[None, :], np.array([[outcome @ outcome]])]]
        )

    def fit(self, start: Numbers | None) -> Solution:
        """Quasi-Newton steps, Newton's to finish; ratios next to 0 are set to 0."""
        n_terms = len(self.design.crossing.sizes)
        first = np.full(n_terms, _START) if start is None else np.maximum(start, 0.1)
        found = minimise(self.value_and_gradient, first, self._guess(first), tolerance=1e-9)
        ratios = np.abs(found.point)
        free = np.ones(n_terms, dtype=bool)
        for place in np.argsort(ratios):
            if ratios[place] < _ZERO and self._costs_nothing(ratios, int(place)):
                ratios[place], free[place] = 0.0, False
        if not free.all() or np.abs(found.gradient).max() > 1e-4:
            ratios = np.abs(polish(self.value_and_gradient, ratios, free)[0].point)
        return self._solution(ratios, free)

    def value_and_gradient(self, ratios: Numbers) -> tuple[float, Numbers]:
        """The profiled criterion and its exact gradient in the ratios."""
        point = self._at(ratios)
        scale = point.residual / self.degrees
        value = self._determinants(point) + self.degrees * (1.0 + float(np.log(2.0 * np.pi * scale)))
        return value, self._slope(point, scale)

    def _at(self, ratios: Numbers) -> _Point:
        design, last = self.design, self.design.n_fixed
        curvature = Curvature(design.crossing, design._counts, ratios)
        scattered = design.crossing.scatter(ratios, self.inner, self.outer)
        solved = curvature.solve(scattered)
        cross = self.square - scattered.T @ solved
        fixed = np.asarray(np.linalg.solve(cross[:last, :last], cross[:last, last]), dtype=np.float64)
        residual = float(cross[last, last] - cross[:last, last] @ fixed)
        if not residual > 1e-12 * self.square[last, last] or self.square[last, last] == 0:
            raise NotIdentified(
                "The model fits the outcome perfectly, so there is no residual variance to compare with."
            )
        return _Point(curvature, solved, cross[:last, :last], fixed, residual)

    def _determinants(self, point: _Point) -> float:
        found = point.curvature.log_determinant
        return found + (float(np.linalg.slogdet(point.matrix)[1]) if self.reml else 0.0)

    def _slope(self, point: _Point, scale: float) -> Numbers:
        """The criterion's slope in the ratios at a given residual variance."""
        crossing, last = self.design.crossing, self.design.n_fixed
        inverse = np.linalg.inv(point.matrix)
        result = 2.0 * point.curvature.shrinkage
        for term, ratio in enumerate(point.curvature.sd):
            if ratio == 0:
                continue
            block = point.solved[crossing.block(term)]
            effects = block[:, last] - block[:, :last] @ point.fixed
            result[term] -= 2.0 * float(effects @ effects) / (scale * ratio)
            if self.reml:
                result[term] -= 2.0 * float(np.vdot(inverse, block[:, :last].T @ block[:, :last])) / ratio
        return result

    def _guess(self, ratios: Numbers) -> Numbers:
        degrees = self._at(ratios).curvature.shrinkage
        return inverse_guess(np.diag(np.maximum(4.0 * degrees**2 / self.design.crossing.sizes, 1.0)))

    def _costs_nothing(self, ratios: Numbers, place: int) -> bool:
        without = ratios.copy()
        without[place] = 0.0
        return self.value_and_gradient(without)[0] <= self.value_and_gradient(ratios)[0] + 1e-5

    def _solution(self, ratios: Numbers, free: Mask) -> Solution:
        point = self._at(ratios)
        value, gradient = self.value_and_gradient(ratios)
        scale = point.residual / self.degrees
        sigma = float(np.sqrt(scale))
        last = self.design.n_fixed
        inverse = np.linalg.inv(point.matrix)
        curvature = self._joint_hessian(point, ratios, free, scale)
        definite = positive(curvature)
        places = np.append(np.flatnonzero(free), len(ratios))
        spread = np.zeros((len(ratios) + 1, len(ratios) + 1))
        spread[np.ix_(places, places)] = 2.0 * np.linalg.inv(curvature) if definite else np.nan
        slopes = np.zeros((len(ratios) + 1, last, last))
        for term in np.flatnonzero(free):
            block = point.solved[self.design.crossing.block(int(term)), :last]
            slopes[term] = 2.0 * scale / ratios[term] * inverse @ (block.T @ block) @ inverse
        slopes[-1] = 2.0 * sigma * inverse
        effects = sigma_effects(point, self.design.crossing, ratios, last)
        return Solution(
            value, ratios, sigma, point.fixed + self.shift, scale * inverse, effects,
            float(np.abs(gradient[free]).max(initial=0.0)), definite, spread, slopes,
        )  # fmt: skip

    def _joint_hessian(self, point: _Point, ratios: Numbers, free: Mask, scale: float) -> Numbers:
        """Second derivatives of the criterion in the free ratios and sigma, no longer profiled over sigma."""

        def fixed_scale(at: Numbers) -> tuple[float, Numbers]:
            return 0.0, self._slope(self._at(at), scale)

        places = np.flatnonzero(free)
        last = self.design.n_fixed
        result = np.empty((len(places) + 1, len(places) + 1))
        result[:-1, :-1] = hessian(fixed_scale, ratios, free)
        for row, term in enumerate(places):
            block = point.solved[self.design.crossing.block(int(term))]
            effects = block[:, last] - block[:, :last] @ point.fixed
            result[row, -1] = result[-1, row] = 4.0 * float(effects @ effects) / (ratios[term] * scale**1.5)
        result[-1, -1] = 4.0 * self.degrees / scale
        return result


def sigma_effects(point: _Point, crossing: Crossing, ratios: Numbers, last: int) -> Numbers:
    """The predicted random effects in the outcome's units, term after term."""
    standard = point.solved[:, last] - point.solved[:, :last] @ point.fixed
    return np.asarray(standard * np.repeat(ratios, crossing.sizes), dtype=np.float64)
