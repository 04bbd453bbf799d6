"""The categories' probabilities that a cumulative logit mixed model expects of new readers and cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from evaluation.statistics.tidy import Numbers

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)


@dataclass(frozen=True)
class Marginal:
    """Parameters `[thresholds, beta, sd]` with their covariance; averages over the random effects by quadrature."""

    parameters: Numbers
    covariance: Numbers
    n_thresholds: int
    n_fixed: int

    def probabilities(self, rows: Numbers) -> Numbers:
        """`(rows, categories)` for rows of the fixed part."""
        return self._probabilities(self.parameters, rows)

    def means(self, rows: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
        """The mean of a weight per category for each row, and the covariance of these means (delta method)."""
        slopes = _jacobian(lambda point: self._probabilities(point, rows) @ weights, self.parameters)
        return self.probabilities(rows) @ weights, slopes @ self.covariance @ slopes.T

    def _probabilities(self, parameters: Numbers, rows: Numbers) -> Numbers:
        fixed = self.n_thresholds + self.n_fixed
        eta = rows @ parameters[self.n_thresholds : fixed]
        spread = np.sqrt((parameters[fixed:] ** 2).sum())
        at = parameters[None, : self.n_thresholds, None] - eta[:, None, None] - spread * _NODES
        below = expit(at) @ (_WEIGHTS / _WEIGHTS.sum())
        edges = np.concatenate([np.zeros((len(eta), 1)), below, np.ones((len(eta), 1))], axis=1)
        return np.asarray(np.diff(edges, axis=1), dtype=np.float64)


def category_scores(categories: tuple[Any, ...]) -> Numbers:
    """The categories as numbers: themselves, or 1, 2, ... where they are not numbers."""
    if all(isinstance(value, (int, float, np.integer, np.floating)) for value in categories):
        return np.array(categories, dtype=np.float64)
    return np.arange(1, len(categories) + 1, dtype=np.float64)


def _jacobian(function: Callable[[Numbers], Numbers], point: Numbers) -> Numbers:
    columns = []
    for place in range(len(point)):
        step = np.zeros(len(point))
        step[place] = 1e-5
        columns.append((function(point + step) - function(point - step)) / 2e-5)
    return np.stack(columns, axis=1)
