"""Correlation within subjects who were measured repeatedly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import OneCategory, TooFew
from evaluation.statistics.tidy import numbers, require_columns, require_share


@dataclass(frozen=True)
class RepeatedCorrelation:
    """The common within-subject correlation, from -1 to 1."""

    estimate: float
    df: int
    p: float
    low: float
    high: float


def repeated_measures_correlation(
    data: pd.DataFrame, *, subject: str, x: str, y: str, level: float = 0.95
) -> RepeatedCorrelation:
    """Correlation of x and y around each subject's own means, one slope for all.

    Bounds by Fisher's z with standard error 1 / sqrt(df - 1); R's rmcorr takes 1 / sqrt(df - 3). Subjects with one
    complete row say nothing and are left out. Source: Bland & Altman 1995; Bakdash & Marusich 2017.
    """
    require_columns(data, subject, x, y)
    require_share("level", level)
    kept = pd.DataFrame({"subject": data[subject], "x": numbers(data, x), "y": numbers(data, y)}).dropna()
    kept = kept[kept.groupby("subject")["x"].transform("size") > 1]
    groups = kept.groupby("subject")
    df = len(kept) - groups.ngroups - 1
    if groups.ngroups < 2 or df < 2:
        raise TooFew("A repeated measures correlation needs two subjects and more repeated rows.")
    left = (kept["x"] - groups["x"].transform("mean")).to_numpy(dtype=np.float64)
    right = (kept["y"] - groups["y"].transform("mean")).to_numpy(dtype=np.float64)
    size = float(np.sqrt((left**2).sum() * (right**2).sum()))
    if size == 0:
        raise OneCategory("A variable does not vary within subjects.")
    r = float(np.clip(left @ right / size, -1.0, 1.0))
    p = float(stats.f.sf(r**2 * df / (1.0 - r**2), 1, df)) if abs(r) < 1 else 0.0
    reach = float(stats.norm.isf((1.0 - level) / 2.0)) / np.sqrt(df - 1.0)
    centre = np.arctanh(np.clip(r, -1.0 + 1e-15, 1.0 - 1e-15))
    return RepeatedCorrelation(r, df, p, float(np.tanh(centre - reach)), float(np.tanh(centre + reach)))
