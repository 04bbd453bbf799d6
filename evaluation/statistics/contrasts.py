"""Contrasts of a model's levels, all pairs or against a reference, with family-wise adjusted p-values and bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from evaluation.statistics.errors import WrongChoice
from evaluation.statistics.tidy import Numbers, require_choice, require_share

ADJUSTMENTS = ("holm", "tukey", "none")
AGAINST_REFERENCE = ("holm", "dunnett", "none")


def holm(p_values: Numbers) -> Numbers:
    """Holm's step-down adjustment; NaN stays NaN and does not count."""
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted


def pairwise_contrasts(
    levels: Sequence[Any],
    rows: Numbers,
    coefficients: Numbers,
    covariance: Numbers,
    *,
    adjust: str = "holm",
    level: float = 0.95,
    simultaneous: bool = False,
    reference: Any = None,
    degrees: Callable[[Numbers], Numbers] | None = None,
) -> pd.DataFrame:
    """Each pair of levels once, first minus second; with `reference` each other level minus that one.

    `rows` `(levels, coefficients)` holds the linear predictor of each level. Columns: the levels, estimate, standard
    error, z (or t and df, where `degrees` gives the degrees of freedom of linear combinations), p, adjusted p, bounds.
    The bounds are pointwise unless `simultaneous`: then all of them hold at once, by the range of the family for
    `tukey` and `dunnett` and by Bonferroni's for `holm` (Holm's procedure has no simple intervals of its own), so that
    an interval that excludes 0 carries a claim.
    """
    require_share("level", level)
    pairs = _pairs(levels, reference, adjust)
    differences = np.array([rows[first] - rows[second] for first, second in pairs]).reshape(len(pairs), -1)
    estimate = differences @ coefficients
    spread = differences @ covariance @ differences.T
    se = np.sqrt(np.diagonal(spread))
    df = np.full(len(pairs), np.inf) if degrees is None else degrees(differences)
    family = _Family(adjust, len(levels), _correlation(spread, se), df)
    # Where a fit ran to the edge (every answer at one end) a difference may have no spread at all: no test then.
    ratio = np.divide(estimate, se, out=np.full_like(estimate, np.nan), where=se > 0)
    p = np.asarray(2.0 * stats.t.sf(np.abs(ratio), df), dtype=np.float64)
    reach = family.critical(level, simultaneous) * se
    test = {"z": ratio} if degrees is None else {"t": ratio, "df": df}
    return pd.DataFrame(
        {
            "first": [levels[first] for first, _ in pairs],
            "second": [levels[second] for _, second in pairs],
            "estimate": estimate,
            "se": se,
            **test,
            "p": p,
            "p_adjusted": family.adjusted(p, ratio),
            "low": estimate - reach,
            "high": estimate + reach,
        }
    )


@dataclass(frozen=True)
class _Family:
    """The contrasts as a family: how many levels, how their estimates correlate, the degrees of freedom of each."""

    adjust: str
    n_levels: int
    correlation: Numbers
    df: Numbers

    def adjusted(self, p: Numbers, ratio: Numbers) -> Numbers:
        """Family-wise p-values."""
        if self.adjust == "none":
            return p.copy()
        if self.adjust == "holm":
            return holm(p)
        sizes = np.abs(ratio)
        if self.adjust == "tukey":
            return np.asarray(
                stats.studentized_range.sf(sizes * np.sqrt(2.0), self.n_levels, self.df), dtype=np.float64
            )
        return np.array([1.0 - self._all_within(size, df) for size, df in zip(sizes, self.df, strict=True)])

    def critical(self, level: float, simultaneous: bool) -> Numbers:
        """How many standard errors the bounds reach, for each contrast."""
        if simultaneous and self.adjust == "tukey":
            found = stats.studentized_range.ppf(level, self.n_levels, self.df) / np.sqrt(2.0)
            return np.asarray(found, dtype=np.float64)
        if simultaneous and self.adjust == "dunnett":
            return np.array([self._reach(level, df) for df in self.df])
        count = len(self.df) if simultaneous and self.adjust == "holm" else 1
        return np.asarray(stats.t.isf((1.0 - level) / (2.0 * count), self.df), dtype=np.float64)

    def _all_within(self, size: float, df: float) -> float:
        """The probability that no standardised contrast exceeds a size; by the same quasi-random points each time."""
        if np.isnan(size):
            return float("nan")
        limit = np.full(len(self.correlation), size)
        if len(limit) == 1:
            return float(1.0 - 2.0 * stats.t.sf(size, df))
        if np.isinf(df):
            normal = stats.multivariate_normal(cov=self.correlation, allow_singular=True, seed=0)
            return float(normal.cdf(limit, lower_limit=-limit))
        # The stubs want whole degrees of freedom; scipy takes any.
        student = stats.multivariate_t(shape=self.correlation, df=df, allow_singular=True, seed=0)  # type: ignore[arg-type]
        return float(student.cdf(limit, lower_limit=-limit))

    def _reach(self, level: float, df: float) -> float:
        low = float(stats.t.isf((1.0 - level) / 2.0, df))
        high = float(stats.t.isf((1.0 - level) / (2.0 * len(self.df)), df)) + 0.01
        return float(optimize.brentq(lambda size: self._all_within(size, df) - level, low - 0.01, high, xtol=1e-4))


def _pairs(levels: Sequence[Any], reference: Any, adjust: str) -> list[tuple[int, int]]:
    if reference is None:
        require_choice("adjust", adjust, ADJUSTMENTS)
        return list(combinations(range(len(levels)), 2))
    if reference not in levels:
        raise WrongChoice(f"{reference!r} is not one of the levels {', '.join(map(str, levels))}.")
    require_choice("adjust against a reference", adjust, AGAINST_REFERENCE)
    against = list(levels).index(reference)
    return [(place, against) for place in range(len(levels)) if place != against]


def _correlation(spread: Numbers, se: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(spread / np.outer(se, se), dtype=np.float64)
