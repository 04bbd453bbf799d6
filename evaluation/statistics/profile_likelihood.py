"""Confidence bounds by profile likelihood: how far a parameter may move while all others make up for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from evaluation.statistics.quasi_newton import Function, inverse_guess, minimise
from evaluation.statistics.tidy import Mask, Numbers

_FARTHEST = 40


@dataclass(frozen=True)
class Profile:
    """A minimised function (minus a log-likelihood), its minimum, the Hessian there, and the parameters not held."""

    function: Function
    point: Numbers
    value: float
    curvature: Numbers
    free: Mask

    def bounds(self, place: int, level: float, *, lowest: float = -np.inf) -> tuple[float, float]:
        """Where twice the loss in log-likelihood reaches chi-squared's quantile with one degree of freedom.

        Infinite where it never does; `lowest` where it does not before that value (0 for a standard deviation).
        """
        reach = float(stats.norm.isf((1.0 - level) / 2.0))
        step = self._step(place)
        return self._bound(place, -reach, step, lowest), self._bound(place, reach, step, lowest)

    def root(self, place: int, value: float) -> float:
        """The signed square root of twice the loss with the parameter held at a value."""
        others = self.free.copy()
        others[place] = False
        start = self.point.copy()
        start[place] = value
        inverse = self._inverse(others)
        start[others] -= inverse @ self._against(others, place) * (value - self.point[place])

        def held(part: Numbers) -> tuple[float, Numbers]:
            whole = start.copy()
            whole[others] = part
            found, gradient = self.function(whole)
            return found, gradient[others]

        found = minimise(held, start[others], inverse, tolerance=1e-8).value if others.any() else held(np.zeros(0))[0]
        loss = max(found - self.value, 0.0)
        return float(np.sign(value - self.point[place]) * np.sqrt(2.0 * loss))

    def _bound(self, place: int, target: float, step: float, lowest: float) -> float:
        centre = float(self.point[place])
        side = float(np.sign(target))

        def excess(value: float) -> float:
            return self.root(place, value) - target

        if side < 0 and centre <= lowest:
            return lowest
        inside, outside = centre, max(centre + side * abs(target) * step, lowest)
        for _ in range(_FARTHEST):
            if side * excess(outside) >= 0:
                return _between(excess, inside, outside, 1e-4 * step)
            if outside <= lowest:
                return lowest
            inside, outside = outside, max(outside + 0.5 * (outside - centre), lowest)
        return side * np.inf

    def _step(self, place: int) -> float:
        if not self.free[place]:
            return 0.2
        position = int(np.flatnonzero(self.free).tolist().index(place))
        return float(np.sqrt(inverse_guess(self.curvature)[position, position]))

    def _inverse(self, others: Mask) -> Numbers:
        kept = others[self.free]
        return inverse_guess(self.curvature[np.ix_(kept, kept)]) if kept.any() else np.zeros((0, 0))

    def _against(self, others: Mask, place: int) -> Numbers:
        if not self.free[place]:
            return np.zeros(int(others.sum()))
        column = np.flatnonzero(np.flatnonzero(self.free) == place)[0]
        return np.asarray(self.curvature[others[self.free], column], dtype=np.float64)


def _between(function: Callable[[float], float], inside: float, outside: float, precision: float) -> float:
    return float(optimize.brentq(function, min(inside, outside), max(inside, outside), xtol=precision))
