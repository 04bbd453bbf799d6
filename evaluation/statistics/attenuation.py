"""Correction for attenuation: how strongly ratings and a metric would correlate if both were measured without noise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.statistics.association import LEVELS, grid_of
from evaluation.statistics.association_bounds import correlations
from evaluation.statistics.errors import TooFew
from evaluation.statistics.tidy import Numbers, require_columns, require_count, require_share


def attenuation(
    ratings: pd.DataFrame,
    values: pd.DataFrame,
    *,
    case: str,
    method: str,
    rater: str,
    rating: str,
    value: str,
    value_reliability: float = 1.0,
    splits: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Spearman's correlation raw and corrected, by level (without `between-method`, where there are too few methods).

    Arguments as those of `association`. The reliability of the mean ratings is that of random halves of the raters at
    the same level, stepped up to all of them (Spearman & Brown); `value_reliability` is the metric's, over seeds or
    repeats, at 1 the metric counts as free of noise. Columns `spearman rating_reliability value_reliability
    corrected`; `corrected` is NaN where halves of the raters do not agree at all. It may exceed 1 where reliability is
    estimated too low, and it has no bounds: read it beside the raw value, never instead. Source: Spearman 1904.
    """
    require_columns(ratings, case, method, rater, rating)
    require_columns(values, case, method, value)
    require_count("splits", splits)
    if value_reliability != 1.0:
        require_share("value_reliability", value_reliability)
    grid = grid_of(ratings, values, case, method, rater, rating, value)
    n_raters = grid.sums.shape[1]
    if n_raters < 2 or splits < 1:
        raise TooFew("The reliability of ratings needs two raters and one split of them.")
    metric = grid.values.reshape(1, *grid.shape)
    once = np.ones((1, grid.shape[0]))
    raw = correlations(grid.means(np.ones((n_raters, 1))), metric, once)
    first, second = _halves(n_raters, splits, seed)
    agreement = correlations(grid.means(first), grid.means(second), np.ones((splits, grid.shape[0])))
    rows = []
    for name in [level for level in LEVELS if level in raw]:
        known = agreement[name][~np.isnan(agreement[name])]
        half = float(known.mean()) if len(known) else np.nan
        reliability = 2 * half / (1 + half) if half > 0 else np.nan
        spearman = float(raw[name][0])
        corrected = spearman / np.sqrt(reliability * value_reliability)
        rows.append((spearman, reliability, value_reliability, corrected))
    names = ["spearman", "rating_reliability", "value_reliability", "corrected"]
    index = pd.Index([level for level in LEVELS if level in raw], name="level")
    return pd.DataFrame(rows, index=index, columns=names)


def _halves(n_raters: int, splits: int, seed: int) -> tuple[Numbers, Numbers]:
    """Which raters are in either half, `(raters, splits)`; with an odd number one of them sits out."""
    order = np.argsort(np.random.default_rng(seed).random((n_raters, splits)), axis=0)
    place = np.argsort(order, axis=0)
    half = n_raters // 2
    return (place < half).astype(np.float64), ((place >= half) & (place < 2 * half)).astype(np.float64)
