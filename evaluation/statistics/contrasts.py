"""Pairwise contrasts of a model's levels, with family-wise adjustment of p-values and of intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.tidy import Numbers, require_choice, require_share

ADJUSTMENTS = ("holm", "tukey", "none")


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
) -> pd.DataFrame:
    """Each pair of levels once: first minus second, its standard error, z, p, adjusted p and bounds.

    `rows` `(levels, coefficients)` holds the linear predictor of each level. The bounds are pointwise unless
    `simultaneous`: then all of them hold at once, by Tukey's range for `tukey` and by Bonferroni's for `holm` (Holm's
    procedure has no simple intervals of its own), so that an interval that excludes 0 carries a claim.
    """
    require_choice("adjust", adjust, ADJUSTMENTS)
    require_share("level", level)
    pairs = list(combinations(range(len(levels)), 2))
    differences = np.array([rows[first] - rows[second] for first, second in pairs]).reshape(len(pairs), -1)
    estimate = differences @ coefficients
    se = np.sqrt(np.einsum("ij,jk,ik->i", differences, covariance, differences))
    z = estimate / se
    p = 2.0 * stats.norm.sf(np.abs(z))
    reach = _critical(adjust if simultaneous else "none", level, len(levels), len(pairs)) * se
    return pd.DataFrame(
        {
            "first": [levels[first] for first, _ in pairs],
            "second": [levels[second] for _, second in pairs],
            "estimate": estimate,
            "se": se,
            "z": z,
            "p": p,
            "p_adjusted": _adjusted(p, z, adjust, len(levels)),
            "low": estimate - reach,
            "high": estimate + reach,
        }
    )


def _adjusted(p: Numbers, z: Numbers, adjust: str, n_levels: int) -> Numbers:
    if adjust == "none":
        return p.copy()
    if adjust == "holm":
        return holm(p)
    return np.asarray(stats.studentized_range.sf(np.abs(z) * np.sqrt(2.0), n_levels, np.inf), dtype=np.float64)


def _critical(adjust: str, level: float, n_levels: int, n_pairs: int) -> float:
    if adjust == "tukey":
        return float(stats.studentized_range.ppf(level, n_levels, np.inf) / np.sqrt(2.0))
    share = (1.0 - level) / (2.0 * (n_pairs if adjust == "holm" else 1))
    return float(stats.norm.isf(share))
