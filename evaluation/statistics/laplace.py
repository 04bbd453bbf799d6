"""The Laplace-approximated likelihood of a cumulative logit model with crossed random intercepts, and its gradient.

For rating i in category k the model is P(Y <= k) = F(theta_k - eta_i), eta = X beta + A u, with F the logistic
function, A the groups' indicators times their standard deviations and u standard normal. With upper and lower bounds
U = theta_k - eta and L = theta_(k-1) - eta the log-probability splits into log F(U) + log F(-L) + log(1 - exp(L - U)),
whose last part does not depend on eta: all derivatives in eta are sums of those of two logistic functions, and the
log-likelihood is concave in u.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.statistics.crossing import Crossing
from evaluation.statistics.cumulative_logit import Ratings, Slopes
from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.formula import Grouping
from evaluation.statistics.schur import Curvature
from evaluation.statistics.tidy import Codes, Numbers

_TOLERANCE = 1e-8
_STEPS = 60
_FLAT = 1e-13


class CumulativeLaplace:
    """Minus the log-likelihood of `[thresholds, beta, sd]` and its exact gradient.

    `category` holds 0 .. K-1 per rating, `design` the fixed effects `(n, p)`. With `sets`, a number 0 .. S-1 for each
    rating, each set of ratings has thresholds of its own (set by set in the parameters). The random effects' mode is
    kept between calls as the next start. Standard deviations enter as they are: 0 is an ordinary value, signs are free.
    """

    def __init__(
        self,
        category: Codes,
        n_categories: int,
        design: Numbers,
        groups: Sequence[Grouping],
        sets: Codes | None = None,
    ) -> None:
        indices = [group.index for group in groups]
        self.ratings, self.order = Ratings.of(category, n_categories, design, indices, sets)
        self.n_thresholds = self.ratings.n_thresholds
        self.n_fixed = design.shape[1]
        self.n_terms = len(groups)
        sorted_groups = [Grouping(group.name, group.index[self.order], group.size) for group in groups]
        self.crossing = Crossing(sorted_groups, len(self.order)) if groups else None
        self.mode = np.zeros(self.crossing.n_effects if self.crossing else 0)

    def split(self, parameters: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Thresholds, fixed effects and standard deviations."""
        fixed = self.n_thresholds + self.n_fixed
        return parameters[: self.n_thresholds], parameters[self.n_thresholds : fixed], parameters[fixed:]

    def value_and_gradient(self, parameters: Numbers) -> tuple[float, Numbers]:
        """Minus the approximate log-likelihood and its gradient; infinite where the thresholds are out of order."""
        state = self._at(parameters)
        if state is None:
            return np.inf, np.zeros_like(parameters)
        value, slopes, curvature = state
        return value, self._gradient(slopes, curvature)

    def information(self, parameters: Numbers) -> Numbers:
        """Roughly the Hessian: for thresholds and effects without the determinant, for deviations by their degrees.

        Not for standard errors; a quasi-Newton search that starts from it takes nearly Newton's steps.
        """
        state = self._at(parameters)
        fixed = self.n_thresholds + self.n_fixed
        result = np.eye(len(parameters))
        if state is None:
            return result
        _, slopes, curvature = state
        direct, pulls = self.ratings.information(slopes)
        if curvature is not None and self.crossing is not None:
            inner = np.column_stack([self.crossing.over_inner(pull) for pull in pulls()])
            outer = np.column_stack([self.crossing.over_outer(pull) for pull in pulls()])
            coupling = self.crossing.scatter(curvature.sd, inner, outer)
            direct = direct - coupling.T @ curvature.solve(coupling)
            degrees = curvature.shrinkage
            result[range(fixed, len(parameters)), range(fixed, len(parameters))] = np.maximum(
                2.0 * degrees**2 / self.crossing.sizes, 1.0
            )
        result[:fixed, :fixed] = direct
        return result

    def _at(self, parameters: Numbers) -> tuple[float, Slopes, Curvature | None] | None:
        """Minus the value, the ratings' slopes and the curvature, all at the random effects' mode."""
        thresholds, beta, sd = self.split(parameters)
        if not np.all(np.isfinite(parameters)) or not self.ratings.ordered(thresholds):
            return None
        base = self.ratings.design @ beta
        if self.crossing is None:
            height, slopes = self.ratings.at(thresholds, base)
            return -height, slopes, None
        height, slopes, curvature = self._find_mode(thresholds, base, sd)
        return -height + 0.5 * curvature.log_determinant, slopes, curvature

    def _find_mode(self, thresholds: Numbers, base: Numbers, sd: Numbers) -> tuple[float, Slopes, Curvature]:
        """Newton's method for the random effects' mode; the curvature returned is that at the mode."""
        assert self.crossing is not None
        crossing = self.crossing
        mode = self.mode
        fit, slopes = self.ratings.at(thresholds, base + crossing.linear(sd, mode))
        height = fit - 0.5 * float(mode @ mode)
        for _ in range(_STEPS):
            curvature = Curvature(crossing, crossing.sums(slopes.weight), sd)
            slope = crossing.scatter(sd, crossing.over_inner(slopes.slope), crossing.over_outer(slopes.slope)) - mode
            if np.abs(slope).max() < _TOLERANCE:
                break
            step = curvature.solve(slope)
            for halving in range(40):
                trial = mode + step * 0.5**halving
                trial_fit, trial_slopes = self.ratings.at(thresholds, base + crossing.linear(sd, trial))
                trial_height = trial_fit - 0.5 * float(trial @ trial)
                if trial_height >= height - _FLAT * abs(height):
                    break
            else:
                break
            mode, slopes, height = trial, trial_slopes, trial_height
        else:
            raise NotIdentified("The random effects' mode was not found; the data may separate the categories fully.")
        self.mode = mode
        return height, slopes, curvature

    def _gradient(self, slopes: Slopes, curvature: Curvature | None) -> Numbers:
        """Implicit differentiation: the mode moves with the parameters, and so does the curvature at it."""
        if curvature is None or self.crossing is None:
            return np.concatenate([*self.ratings.gradient(slopes, None, None), np.zeros(0)])
        crossing = self.crossing
        leverage = curvature.leverage()
        bend = 0.5 * leverage * slopes.weight_slope
        pull = crossing.scatter(curvature.sd, crossing.over_inner(bend), crossing.over_outer(bend))
        shift = curvature.solve(pull)
        thresholds, beta = self.ratings.gradient(slopes, leverage, crossing.linear(curvature.sd, shift))
        deviations = curvature.shrinkage.copy()
        for term, sd in enumerate(curvature.sd):
            if sd != 0:
                mode, moved = self.mode[crossing.block(term)], shift[crossing.block(term)]
                deviations[term] += float((2.0 * moved - mode) @ mode) / sd
        return np.concatenate([thresholds, beta, deviations])
