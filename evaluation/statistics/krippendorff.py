"""Krippendorff's alpha: agreement of any number of raters, with missing ratings, for four scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.statistics.errors import NotNumeric, OneCategory, RepeatedRating, TooFew
from evaluation.statistics.tidy import (
    Numbers,
    codes,
    numbers,
    require_choice,
    require_columns,
    require_count,
    require_share,
)

SCALES = ("nominal", "ordinal", "interval", "ratio")
_CHUNK = 512


@dataclass(frozen=True)
class Alpha:
    """Alpha with its bootstrap bounds (NaN without bootstrap); 1 is perfect agreement, 0 that of chance.

    `n_units` units have two or more ratings and count; `dropped` units have fewer. `undefined` replicates drew a
    single category and are left out of the bounds.
    """

    estimate: float
    low: float
    high: float
    n_units: int
    n_ratings: int
    dropped: int
    undefined: int = 0


def krippendorff_alpha(
    data: pd.DataFrame,
    *,
    unit: str,
    rater: str,
    score: str,
    scale: str = "ordinal",
    bootstrap: int = 0,
    seed: int = 0,
    level: float = 0.95,
) -> Alpha:
    """Krippendorff's alpha of a tidy frame, one row a rating.

    Assumes that units are exchangeable and raters interchangeable. Missing ratings need no care; units with one
    rating say nothing about agreement and are dropped. The bootstrap resamples units and recomputes the marginals;
    its bounds are percentiles. Read it with the raters' own repeatability beside it, and with Gwet's coefficient
    where nearly all ratings are equal. Source: Krippendorff 2011; Hayes & Krippendorff 2007.
    """
    require_columns(data, unit, rater, score)
    require_choice("scale", scale, SCALES)
    require_count("bootstrap", bootstrap)
    require_share("level", level)
    counts, values, dropped = _counts(data, unit, rater, score, scale)
    every = np.ones((1, len(counts)))
    estimate = float(_alphas(counts, values, scale, every)[0])
    low, high, undefined = np.nan, np.nan, 0
    if bootstrap:
        replicates = _replicates(counts, values, scale, bootstrap, seed)
        undefined = int(np.isnan(replicates).sum())
        if undefined < bootstrap:
            low, high = np.nanquantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return Alpha(estimate, float(low), float(high), len(counts), int(counts.sum()), dropped, undefined)


def _counts(data: pd.DataFrame, unit: str, rater: str, score: str, scale: str) -> tuple[Numbers, Numbers, int]:
    """How often each unit got each value, `(units, values)`; the values; and the units with fewer than two ratings."""
    kept = data[data[score].notna() & data[unit].notna()]
    if kept.duplicated([unit, rater]).any():
        raise RepeatedRating("A rater rated the same unit more than once.")
    if scale == "nominal":
        value_codes, levels = codes(kept, score)
        values = np.arange(len(levels), dtype=np.float64)
    else:
        ordered = _ordered(kept, score)
        values, value_codes = np.unique(ordered, return_inverse=True)
    unit_codes, units = codes(kept, unit)
    counts = np.zeros((len(units), max(len(values), 1)))
    np.add.at(counts, (unit_codes, value_codes), 1.0)
    pairable = counts.sum(axis=1) >= 2
    counts = counts[pairable]
    if not len(counts):
        raise TooFew("No unit was rated by two raters.")
    used = counts.sum(axis=0) > 0
    if used.sum() < 2:
        raise OneCategory("All ratings are equal, so agreement has no scale to be measured on.")
    if scale == "ratio" and values[used].min() < 0:
        raise NotNumeric("Ratings on a ratio scale cannot be negative.")
    return counts[:, used], values[used], int(data[unit].nunique() - len(counts))


def _ordered(data: pd.DataFrame, score: str) -> Numbers:
    """Numbers as they are; ordered categories as their positions."""
    column = data[score]
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        return np.asarray(column.cat.codes, dtype=np.float64)
    return numbers(data, score)


def _alphas(counts: Numbers, values: Numbers, scale: str, weights: Numbers) -> Numbers:
    """Alpha of each weighting of the units: `(units, values)` and `(R, units)` -> `(R,)`; NaN where undefined."""
    marginals = weights @ counts
    total = marginals.sum(axis=1)
    pairs = weights / (counts.sum(axis=1) - 1.0)
    if scale in ("ordinal", "interval"):
        place = _midranks(marginals) if scale == "ordinal" else np.broadcast_to(values, marginals.shape)
        place = place - place.mean(axis=1, keepdims=True)
        observed = _spread_within(counts, place, pairs)
        expected = 2.0 * (total * (marginals * place**2).sum(axis=1) - (marginals * place).sum(axis=1) ** 2)
    else:
        distance = _distances(values, scale)
        observed = pairs @ np.einsum("uc,ck,uk->u", counts, distance, counts)
        expected = np.einsum("rc,ck,rk->r", marginals, distance, marginals)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha = 1.0 - (total - 1.0) * observed / expected
    alpha[expected <= 1e-12 * np.maximum(total, 1.0)] = np.nan
    return np.asarray(alpha, dtype=np.float64)


def _midranks(marginals: Numbers) -> Numbers:
    """The ordinal distance of two values is the squared difference of their midranks among all ratings."""
    return np.asarray(np.cumsum(marginals, axis=1) - marginals / 2.0, dtype=np.float64)


def _spread_within(counts: Numbers, place: Numbers, pairs: Numbers) -> Numbers:
    """Sum of squared differences over the ordered pairs within each unit, weighted and added up: `(R,)`."""
    squares = place**2 @ counts.T * counts.sum(axis=1)
    sums = place @ counts.T
    return np.asarray((2.0 * pairs * (squares - sums**2)).sum(axis=1), dtype=np.float64)


def _distances(values: Numbers, scale: str) -> Numbers:
    difference = values[:, None] - values[None, :]
    if scale == "nominal":
        return np.asarray(difference != 0, dtype=np.float64)
    sums = values[:, None] + values[None, :]
    return np.asarray(np.divide(difference, sums, out=np.zeros_like(difference), where=sums != 0) ** 2)


def _replicates(counts: Numbers, values: Numbers, scale: str, bootstrap: int, seed: int) -> Numbers:
    random = np.random.default_rng(seed)
    share = np.full(len(counts), 1.0 / len(counts))
    sizes = [min(_CHUNK, bootstrap - start) for start in range(0, bootstrap, _CHUNK)]
    parts = [random.multinomial(len(counts), share, size=size).astype(np.float64) for size in sizes]
    return np.concatenate([_alphas(counts, values, scale, part) for part in parts])
