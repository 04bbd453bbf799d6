"""Areas under the ROC curve with DeLong's errors, for one score and for two scores of the same cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.statistics.bootstrap import bootstrap_replicates, usable_clusters
from evaluation.statistics.errors import NotNumeric, TooFew
from evaluation.statistics.tidy import Numbers, numbers, require_columns, require_share

Values = Sequence[Any] | npt.NDArray[Any]


@dataclass(frozen=True)
class Area:
    """The probability that a positive case scores above a negative one (ties count half), 0.5 being chance."""

    estimate: float
    se: float
    low: float
    high: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class AreaComparison:
    """Two areas over the same cases; z and p of their difference."""

    first: float
    second: float
    difference: float
    se: float
    low: float
    high: float
    z: float
    p: float


def auc(truth: Values, score: Values, *, level: float = 0.95) -> Area:
    """Area under the ROC curve with DeLong's standard error; bounds are cut at 0 and 1.

    Cases are assumed independent: pass one score a case, or use a bootstrap over readers and cases. At an area of 1
    the error is 0 and the bounds say nothing. Source: DeLong et al. 1988; Sun & Xu 2014.
    """
    require_share("level", level)
    positives, negatives = _split(truth, np.asarray(score, dtype=np.float64)[None])
    area, covariance = _areas(positives, negatives)
    se = float(np.sqrt(covariance[0, 0]))
    reach = float(stats.norm.isf((1.0 - level) / 2.0)) * se
    estimate = float(area[0])
    return Area(
        estimate,
        se,
        max(0.0, estimate - reach),
        min(1.0, estimate + reach),
        positives.shape[1],
        negatives.shape[1],
    )


def clustered_auc(
    data: pd.DataFrame,
    *,
    truth: str,
    score: str,
    clusters: tuple[str, ...],
    bootstrap: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Area:
    """Area under the ROC curve of repeated scores, one row a score, the named clusters resampled together.

    Positive and negative count rows. A cluster column with a single level is not resampled; without any the bounds
    are NaN. Percentile bounds; the error is the replicates' standard deviation.
    """
    require_columns(data, truth, score, *clusters)
    kept = data.dropna(subset=[truth, score])
    state, values = numbers(kept.astype({truth: float}), truth), numbers(kept, score)
    if not np.isin(state, (0.0, 1.0)).all():
        raise NotNumeric(f"Column {truth!r} must hold 0 and 1.")
    if min((state == 1).sum(), (state == 0).sum()) < 2:
        raise TooFew("An area under the ROC curve needs two positive and two negative cases.")
    levels, place = np.unique(values, return_inverse=True)
    member = (place[:, None] == np.arange(len(levels))).astype(np.float64)
    above, below = member * (state == 1)[:, None], member * (state == 0)[:, None]
    estimate = float(_weighted_area(np.ones((1, len(kept))), above, below)[0, 0])
    se, low, high = np.nan, np.nan, np.nan
    usable = usable_clusters(kept, *clusters)
    if usable and bootstrap:
        drawn = bootstrap_replicates(
            lambda weights: _weighted_area(weights, above, below), usable, replicates=bootstrap, seed=seed
        )
        known = drawn[~np.isnan(drawn)]
        se = float(known.std(ddof=1))
        low, high = (float(bound) for bound in np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]))
    return Area(estimate, se, low, high, int((state == 1).sum()), int((state == 0).sum()))


def clustered_delong(
    data: pd.DataFrame,
    *,
    truth: str,
    first: str,
    second: str,
    clusters: tuple[str, ...],
    bootstrap: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> AreaComparison:
    """Two scores of the same readings compared by their areas, one row a reading, the named clusters resampled.

    For readings that hang together (readers, cases), where DeLong's test of independent cases is too sure. The bounds
    are percentiles; z and p are normal with the replicates' standard deviation. Source: Owen 2007.
    """
    require_columns(data, truth, first, second, *clusters)
    kept = data.dropna(subset=[truth, first, second])
    state = numbers(kept.astype({truth: float}), truth)
    if not np.isin(state, (0.0, 1.0)).all():
        raise NotNumeric(f"Column {truth!r} must hold 0 and 1.")
    usable = usable_clusters(kept, *clusters)
    if min((state == 1).sum(), (state == 0).sum()) < 2 or not usable or not bootstrap:
        raise TooFew(
            "Two areas are compared over two or more positive and negative readings, with clusters to resample."
        )
    sides = []
    for name in (first, second):
        member = (
            np.unique(numbers(kept, name), return_inverse=True)[1][:, None] == np.arange(kept[name].nunique())
        ) * 1.0
        sides.append((member * (state == 1)[:, None], member * (state == 0)[:, None]))
    once = np.ones((1, len(kept)))
    areas = [float(_weighted_area(once, *side)[0, 0]) for side in sides]
    drawn = bootstrap_replicates(
        lambda weights: _weighted_area(weights, *sides[0]) - _weighted_area(weights, *sides[1]),
        usable,
        replicates=bootstrap,
        seed=seed,
    )
    known = drawn[~np.isnan(drawn)]
    difference, se = areas[0] - areas[1], float(known.std(ddof=1))
    low, high = (float(bound) for bound in np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]))
    z = difference / se if se > 0 else float("nan")
    p = float(2.0 * stats.norm.sf(abs(z)))
    return AreaComparison(areas[0], areas[1], difference, se, low, high, z, p)


def _weighted_area(weights: Numbers, above: Numbers, below: Numbers) -> Numbers:
    """The area under weights of the rows, from counts of each score among positives and negatives: `(R, 1)`."""
    positive, negative = weights @ above, weights @ below
    lower = np.cumsum(negative, axis=1) - negative / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (positive * lower).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))
    return np.asarray(area[:, None], dtype=np.float64)


def delong(truth: Values, first: Values, second: Values, *, level: float = 0.95) -> AreaComparison:
    """DeLong's test of two scores of the same cases: difference first minus second."""
    require_share("level", level)
    if len(first) != len(second):
        raise TooFew("Both scores must be of the same cases.")
    pair = np.stack([np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)])
    areas, covariance = _areas(*_split(truth, pair))
    difference = float(areas[0] - areas[1])
    se = float(np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1], 0.0)))
    z = difference / se if se > 0 else float("nan")
    reach = float(stats.norm.isf((1.0 - level) / 2.0)) * se
    return AreaComparison(
        float(areas[0]),
        float(areas[1]),
        difference,
        se,
        difference - reach,
        difference + reach,
        z,
        float(2.0 * stats.norm.sf(abs(z))),
    )


def _split(truth: Values, scores: Numbers) -> tuple[Numbers, Numbers]:
    state = np.asarray(truth, dtype=np.float64)
    if state.shape != scores.shape[1:]:
        raise TooFew("Truth and scores must be of the same cases.")
    if np.isnan(scores).any() or not np.isin(state, (0.0, 1.0)).all():
        raise NotNumeric("Truth must be 0 or 1 and every score a number.")
    positives, negatives = scores[:, state == 1.0], scores[:, state == 0.0]
    if positives.shape[1] < 2 or negatives.shape[1] < 2:
        raise TooFew("An area under the ROC curve needs two positive and two negative cases.")
    return positives, negatives


def _areas(positives: Numbers, negatives: Numbers) -> tuple[Numbers, Numbers]:
    """Areas and their covariance from midranks: each case's share of won comparisons."""
    m, n = positives.shape[1], negatives.shape[1]
    together = stats.rankdata(np.concatenate([positives, negatives], axis=1), axis=1)
    won = (together[:, :m] - stats.rankdata(positives, axis=1)) / n
    beaten = 1.0 - (together[:, m:] - stats.rankdata(negatives, axis=1)) / m
    covariance = np.atleast_2d(np.cov(won)) / m + np.atleast_2d(np.cov(beaten)) / n
    return np.asarray(won.mean(axis=1), dtype=np.float64), np.asarray(covariance, dtype=np.float64)
