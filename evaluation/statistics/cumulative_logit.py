"""Ratings under a cumulative logit model: their log-probability and its slopes, in order of category.

Sorted by category, the ratings with an upper bound stand first and those with a lower bound last, so that no time goes
into bounds at infinity. Ratings that are equal in all respects are one row with a count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evaluation.statistics.tidy import Codes, Numbers, sums_by

_STEEPEST = 300.0


@dataclass(frozen=True)
class Slopes:
    """Per row, times its count: `slope` and minus the curvature `weight` of the log-probability in eta.

    `upper` is 1 - F(U) of the rows with an upper bound, `lower` F(L) of those with a lower one, neither counted;
    `weight_slope` is the derivative of `weight` in eta, `gap` the distance between neighbouring thresholds of each set.
    """

    upper: Numbers
    lower: Numbers
    slope: Numbers
    weight: Numbers
    weight_slope: Numbers
    gap: Numbers


@dataclass(frozen=True)
class Ratings:
    """Rows sorted by category: `edges[k]` is where category k starts; `upper_at`, `lower_at` the thresholds' places."""

    edges: Codes
    design: Numbers
    count: Numbers | None
    upper_at: Codes
    lower_at: Codes
    n_categories: int
    n_sets: int

    @classmethod
    def of(
        cls,
        category: Codes,
        n_categories: int,
        design: Numbers,
        groups: Sequence[Codes],
        sets: Codes | None = None,
    ) -> tuple[Ratings, Codes]:
        """The ratings, and for each of their rows the place of an original one."""
        chosen, count = _distinct(category, design, groups, sets)
        order = chosen[np.argsort(category[chosen], kind="stable")]
        if count is not None:
            count = count[np.argsort(category[chosen], kind="stable")]
        ranked = category[order]
        edges = np.searchsorted(ranked, np.arange(n_categories + 1)).astype(np.intp)
        shift = np.zeros(len(order), dtype=np.intp) if sets is None else sets[order] * (n_categories - 1)
        place = ranked + shift
        n_sets = 1 if sets is None else int(sets.max()) + 1
        ratings = cls(
            edges,
            np.ascontiguousarray(design[order]),
            count,
            place[: edges[-2]],
            place[edges[1] :] - 1,
            n_categories,
            n_sets,
        )
        return ratings, order

    @property
    def n_thresholds(self) -> int:
        """Over all sets."""
        return self.n_sets * (self.n_categories - 1)

    @cached_property
    def design_range(self) -> Numbers:
        """How far each fixed effect's column reaches."""
        return np.ptp(self.design, axis=0) if self.design.size else np.zeros(self.design.shape[1])

    def ordered(self, thresholds: Numbers) -> bool:
        """Whether the thresholds of each set increase."""
        return bool(np.all(np.diff(thresholds.reshape(self.n_sets, -1), axis=1) > 0))

    def at(self, thresholds: Numbers, eta: Numbers) -> tuple[float, Slopes]:
        """The log-likelihood of the ratings given their linear predictors, and its slopes."""
        top, bottom = self.edges[-2], self.edges[1]
        above = np.exp(np.clip(eta[:top] - thresholds[self.upper_at], -_STEEPEST, _STEEPEST))
        below = np.exp(np.clip(thresholds[self.lower_at] - eta[bottom:], -_STEEPEST, _STEEPEST))
        upper, lower = 1.0 / (1.0 + above), 1.0 / (1.0 + below)
        gap = np.diff(thresholds.reshape(self.n_sets, -1), axis=1)
        fit = self._total(np.log(upper), slice(0, top)) + self._total(np.log(lower), slice(bottom, None))
        fit += float((self._middle_counts * np.log(-np.expm1(-gap))).sum())
        above *= upper
        below *= lower
        up_weight, low_weight = above * upper, below * lower
        size = int(self.edges[-1])
        slope, weight, bend = np.zeros(size), np.zeros(size), np.zeros(size)
        slope[bottom:] = below
        slope[:top] -= above
        weight[:top] = up_weight
        weight[bottom:] += low_weight
        bend[:top] = up_weight * (upper - above)
        bend[bottom:] += low_weight * (below - lower)
        if self.count is not None:
            for part in (slope, weight, bend):
                part *= self.count
        return fit, Slopes(above, below, slope, weight, bend, gap)

    def gradient(self, slopes: Slopes, leverage: Numbers | None, shifted: Numbers | None) -> tuple[Numbers, Numbers]:
        """Minus the Laplace likelihood's slopes in thresholds and fixed effects.

        `leverage` is the random part's variance per row, `shifted` the rate at which the mode moves; without them the
        slopes are those of the plain likelihood.
        """
        top, bottom = self.edges[-2], self.edges[1]
        at_upper, at_lower = -slopes.upper, slopes.lower.copy()
        if leverage is not None and shifted is not None:
            up_weight, low_weight = slopes.upper * (1.0 - slopes.upper), slopes.lower * (1.0 - slopes.lower)
            at_upper += up_weight * (shifted[:top] + leverage[:top] * (slopes.upper - 0.5))
            at_lower += low_weight * (shifted[bottom:] + leverage[bottom:] * (0.5 - slopes.lower))
        if self.count is not None:
            at_upper, at_lower = at_upper * self.count[:top], at_lower * self.count[bottom:]
        both = np.zeros(int(self.edges[-1]))
        both[:top] = at_upper
        both[bottom:] += at_lower
        thresholds = sums_by(self.upper_at, at_upper, self.n_thresholds)
        thresholds += sums_by(self.lower_at, at_lower, self.n_thresholds)
        pressed = (self._middle_counts / np.expm1(np.minimum(slopes.gap, 700.0))).reshape(self.n_sets, -1)
        by_set = thresholds.reshape(self.n_sets, -1)
        by_set[:, 1:] -= pressed
        by_set[:, :-1] += pressed
        return by_set.ravel(), -self.design.T @ both

    def information(self, slopes: Slopes) -> tuple[Numbers, Callable[[], Iterator[Numbers]]]:
        """Minus the second derivatives in thresholds and effects, and per parameter those with eta, row by row."""
        up_weight, low_weight = slopes.upper * (1.0 - slopes.upper), slopes.lower * (1.0 - slopes.lower)
        if self.count is not None:
            up_weight, low_weight = up_weight * self.count[: self.edges[-2]], low_weight * self.count[self.edges[1] :]

        def pulls() -> Iterator[Numbers]:
            for place in range(self.n_thresholds):
                column = np.zeros(int(self.edges[-1]))
                column[: self.edges[-2]] = -up_weight * (self.upper_at == place)
                column[self.edges[1] :] -= low_weight * (self.lower_at == place)
                yield column
            for effect in self.design.T:
                yield slopes.weight * effect

        result = np.zeros((self.n_thresholds + self.design.shape[1],) * 2)
        diagonal = sums_by(self.upper_at, up_weight, self.n_thresholds)
        diagonal += sums_by(self.lower_at, low_weight, self.n_thresholds)
        result[range(self.n_thresholds), range(self.n_thresholds)] = diagonal
        self._add_gaps(result, slopes.gap)
        for place, pull in enumerate(pulls()):
            against = self.design.T @ pull
            result[self.n_thresholds :, place] = against
            result[place, self.n_thresholds :] = against
        return result, pulls

    def _add_gaps(self, result: Numbers, gap: Numbers) -> None:
        capped = np.minimum(gap, 300.0)
        bend = self._middle_counts * np.exp(capped) / np.expm1(capped) ** 2
        for group in range(self.n_sets):
            for step in range(self.n_categories - 2):
                low = group * (self.n_categories - 1) + step
                result[low : low + 2, low : low + 2] += bend[group, step] * np.array([[1.0, -1.0], [-1.0, 1.0]])

    @cached_property
    def _middle_counts(self) -> Numbers:
        """How many ratings lie in each category between two thresholds, per set."""
        middle = slice(self.edges[1], self.edges[-2])
        weights = None if self.count is None else self.count[middle]
        found = sums_by(self.upper_at[self.edges[1] :], weights, self.n_thresholds)
        return found.reshape(self.n_sets, -1)[:, 1:]

    def _total(self, values: Numbers, rows: slice) -> float:
        return float(values.sum() if self.count is None else values @ self.count[rows])


def _distinct(
    category: Codes, design: Numbers, groups: Sequence[Codes], sets: Codes | None
) -> tuple[Codes, Numbers | None]:
    """One row for each set of equal rows and how many they are; None for the counts when that saves little."""
    everything = np.arange(len(category), dtype=np.intp)
    key = category.astype(np.int64)
    for part in [*groups, *([] if sets is None else [sets])]:
        key = key * (int(part.max(initial=0)) + 1) + part
        if key.max(initial=0) > 2**40:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
    for column in design.T:
        values, codes = np.unique(column, return_inverse=True)
        key = np.unique(key * len(values) + codes, return_inverse=True)[1].astype(np.int64)
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    if len(first) > 0.7 * len(category):
        return everything, None
    return first.astype(np.intp), count.astype(np.float64)
