"""The Laplace-approximated likelihood of a cumulative logit model with crossed random intercepts, and its gradient.

For rating i in category k the model is P(Y <= k) = F(theta_k - eta_i), eta = X beta + A u, with F the logistic
function, A the groups' indicators times their standard deviations and u standard normal. With upper and lower bounds
U = theta_k - eta and L = theta_(k-1) - eta the log-probability splits into log F(U) + log F(-L) + log(1 - exp(L - U)),
whose last part does not depend on eta: all derivatives in eta are sums of those of two logistic functions, and the
log-likelihood is concave in u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs
from scipy.special import expit, log_expit

from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.formula import Grouping
from evaluation.statistics.tidy import Codes, Numbers

_TOLERANCE = 1e-9
_STEPS = 60
_FLAT = 1e-13


@dataclass(frozen=True)
class _Bounds:
    """Per rating: the distribution function at both bounds and the gap between them (infinite at the ends)."""

    upper: Numbers
    lower: Numbers
    gap: Numbers

    @property
    def slope(self) -> Numbers:
        """First derivative of the log-probability in eta."""
        return self.upper + self.lower - 1.0

    @property
    def density(self) -> tuple[Numbers, Numbers]:
        return self.upper * (1.0 - self.upper), self.lower * (1.0 - self.lower)

    @property
    def density_slope(self) -> tuple[Numbers, Numbers]:
        upper, lower = self.density
        return upper * (1.0 - 2.0 * self.upper), lower * (1.0 - 2.0 * self.lower)


class CumulativeLaplace:
    """Minus the log-likelihood of `[thresholds, beta, sd]` and its exact gradient.

    `category` holds 0 .. K-1 per rating, `design` the fixed effects `(n, p)`. The random effects' mode is kept between
    calls as the next start. Standard deviations enter as they are, so 0 is an ordinary value and their sign is free.
    """

    def __init__(self, category: Codes, n_categories: int, design: Numbers, groups: Sequence[Grouping]) -> None:
        self.category = category
        self.design = design
        self.n_thresholds = n_categories - 1
        self.n_fixed = design.shape[1]
        offsets = np.cumsum([0, *[group.size for group in groups]])
        self.places = [group.index + offset for group, offset in zip(groups, offsets, strict=False)]
        self.blocks = [
            slice(int(offset), int(offset) + group.size) for group, offset in zip(groups, offsets, strict=False)
        ]
        self.size = int(offsets[-1])
        self.mode = np.zeros(self.size)
        self._pairs = [
            (first, second, self.places[first] * self.size + self.places[second])
            for first in range(len(groups))
            for second in range(first + 1)
        ]
        self._has_upper = category < n_categories - 1
        self._has_lower = category > 0

    def split(self, parameters: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Thresholds, fixed effects and standard deviations."""
        fixed = self.n_thresholds + self.n_fixed
        return parameters[: self.n_thresholds], parameters[self.n_thresholds : fixed], parameters[fixed:]

    def value_and_gradient(self, parameters: Numbers) -> tuple[float, Numbers]:
        """Minus the approximate log-likelihood and its gradient; infinite where the thresholds are out of order."""
        thresholds, beta, sd = self.split(parameters)
        if np.any(np.diff(thresholds) <= 0) or not np.all(np.isfinite(parameters)):
            return np.inf, np.zeros_like(parameters)
        base = self.design @ beta
        mode, bounds, height, factor, log_determinant = self._find_mode(thresholds, base, sd)
        value = -height + 0.5 * log_determinant
        return value, self._gradient(sd, mode, bounds, factor)

    def _bounds(self, thresholds: Numbers, eta: Numbers) -> tuple[_Bounds, float]:
        upper_at = np.where(self._has_upper, thresholds[np.minimum(self.category, self.n_thresholds - 1)], np.inf)
        lower_at = np.where(self._has_lower, thresholds[np.maximum(self.category - 1, 0)], -np.inf)
        upper, lower = upper_at - eta, lower_at - eta
        gap = upper_at - lower_at
        log_probability = log_expit(upper) + log_expit(-lower) + np.log(-np.expm1(-gap))
        return _Bounds(expit(upper), expit(lower), gap), float(log_probability.sum())

    def _spread(self, values: Numbers, sd: Numbers) -> Numbers:
        """A times a vector of random effects."""
        result = np.zeros(len(self.category))
        for place, scale in zip(self.places, sd, strict=True):
            result += scale * values[place]
        return result

    def _gather(self, values: Numbers, sd: Numbers) -> Numbers:
        """A transposed times a vector over the ratings."""
        result = np.zeros(self.size)
        for place, scale in zip(self.places, sd, strict=True):
            result += scale * np.bincount(place, weights=values, minlength=self.size)
        return result

    def _curvature(self, weight: Numbers, sd: Numbers) -> Numbers:
        """The lower triangle of I + A' W A."""
        total = np.zeros(self.size * self.size)
        for first, second, place in self._pairs:
            total += np.bincount(place, weights=sd[first] * sd[second] * weight, minlength=len(total))
        matrix = total.reshape(self.size, self.size)
        matrix.flat[:: self.size + 1] += 1.0
        return matrix

    def _find_mode(
        self, thresholds: Numbers, base: Numbers, sd: Numbers
    ) -> tuple[Numbers, _Bounds, float, Numbers, float]:
        """Newton's method for the random effects' mode; the curvature's Cholesky factor is that at the mode."""
        mode = self.mode
        bounds, fit = self._bounds(thresholds, base + self._spread(mode, sd))
        height = fit - 0.5 * float(mode @ mode)
        for _ in range(_STEPS):
            factor = self._factor(bounds, sd)
            slope = self._gather(bounds.slope, sd) - mode
            if self.size == 0 or np.abs(slope).max() < _TOLERANCE:
                break
            step = dpotrs(factor, slope, lower=1)[0]
            mode, bounds, height, moved = self._climb(thresholds, base, sd, mode, step, bounds, height)
            if not moved:
                break
        else:
            raise NotIdentified("The random effects' mode was not found; the data may separate the categories fully.")
        self.mode = mode
        log_determinant = 2.0 * float(np.log(np.diagonal(factor)).sum())
        return mode, bounds, height, factor, log_determinant

    def _climb(
        self,
        thresholds: Numbers,
        base: Numbers,
        sd: Numbers,
        mode: Numbers,
        step: Numbers,
        bounds: _Bounds,
        height: float,
    ) -> tuple[Numbers, _Bounds, float, bool]:
        """One step, halved until it does not descend; no move means that rounding is all that is left."""
        for halving in range(40):
            trial = mode + step * 0.5**halving
            trial_bounds, fit = self._bounds(thresholds, base + self._spread(trial, sd))
            trial_height = fit - 0.5 * float(trial @ trial)
            if trial_height >= height - _FLAT * abs(height):
                return trial, trial_bounds, trial_height, True
        return mode, bounds, height, False

    def _factor(self, bounds: _Bounds, sd: Numbers) -> Numbers:
        if self.size == 0:
            return np.zeros((0, 0))
        upper, lower = bounds.density
        factor, status = dpotrf(self._curvature(upper + lower, sd), lower=1, clean=0)
        if status != 0:
            raise NotIdentified("The random effects' curvature is not positive definite.")
        return np.asarray(factor, dtype=np.float64)

    def _inverse(self, factor: Numbers) -> Numbers:
        if self.size == 0:
            return factor
        inverse = dpotri(factor, lower=1)[0]
        lower = np.tril(inverse)
        return np.asarray(lower + np.tril(lower, -1).T, dtype=np.float64)

    def _gradient(self, sd: Numbers, mode: Numbers, bounds: _Bounds, factor: Numbers) -> Numbers:
        """Implicit differentiation: the mode moves with the parameters, and so does the curvature at it."""
        inverse = self._inverse(factor)
        rows = self._leverage_rows(inverse, sd)
        leverage = np.zeros(len(self.category))
        for row, scale in zip(rows, sd, strict=True):
            leverage += scale * row
        upper_slope, lower_slope = bounds.density_slope
        upper, lower = bounds.density
        weight = upper + lower
        pull = 0.5 * self._gather(-leverage * (upper_slope + lower_slope), sd)
        shift = inverse @ pull
        shifted = self._spread(shift, sd)
        ratio = np.where(np.isfinite(bounds.gap), 1.0 / np.expm1(np.minimum(bounds.gap, 700.0)), 0.0)
        at_upper = -(1.0 - bounds.upper + ratio) + 0.5 * leverage * upper_slope + shifted * upper
        at_lower = (bounds.lower + ratio) + 0.5 * leverage * lower_slope + shifted * lower
        thresholds = self._threshold_sums(at_upper, at_lower)
        beta = -self.design.T @ (at_upper + at_lower)
        deviations = [
            self._deviation_slope(
                term, sd, mode, bounds.slope, weight, -(upper_slope + lower_slope), leverage, rows, shift
            )
            for term in range(len(sd))
        ]
        return np.concatenate([thresholds, beta, np.array(deviations, dtype=np.float64)])

    def _leverage_rows(self, inverse: Numbers, sd: Numbers) -> list[Numbers]:
        """For each random term the products z_ti' H^-1 a_i over the ratings i."""
        rows = []
        for place in self.places:
            row = np.zeros(len(self.category))
            for other, scale in zip(self.places, sd, strict=True):
                row += scale * inverse[place, other]
            rows.append(row)
        return rows

    def _threshold_sums(self, at_upper: Numbers, at_lower: Numbers) -> Numbers:
        upper = np.bincount(
            self.category[self._has_upper], weights=at_upper[self._has_upper], minlength=self.n_thresholds
        )
        lower = np.bincount(
            self.category[self._has_lower] - 1, weights=at_lower[self._has_lower], minlength=self.n_thresholds
        )
        return np.asarray(upper[: self.n_thresholds] + lower[: self.n_thresholds], dtype=np.float64)

    def _deviation_slope(
        self,
        term: int,
        sd: Numbers,
        mode: Numbers,
        slope: Numbers,
        weight: Numbers,
        weight_slope: Numbers,
        leverage: Numbers,
        rows: list[Numbers],
        shift: Numbers,
    ) -> float:
        effect = mode[self.places[term]]
        direct = -float(slope @ effect)
        curvature = 0.5 * float((leverage * weight_slope) @ effect) + float(weight @ rows[term])
        cross = float(shift[self.places[term]] @ slope) - float(self._spread(shift, sd) @ (weight * effect))
        return direct + curvature + cross
