"""How good a network is: discrimination and overlap, each with a 95 % interval. numpy and scipy only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, stats


class MeasureError(ValueError):
    """The measure is not defined for these values."""


@dataclass(frozen=True)
class Estimate:
    """A value, the bounds of its interval, and the number of cases behind it."""

    value: float
    low: float
    high: float
    n: int


def auroc(labels: ArrayLike, scores: ArrayLike, level: float = 0.95) -> Estimate:
    """The area under the ROC curve, ties counted half; interval by DeLong's variance on the logit scale.

    DeLong, DeLong & Clarke-Pearson, Biometrics 1988; the logit keeps the bounds within 0 and 1. Where the classes do
    not overlap at all the variance is 0, and the bound that is left is Hanley and McNeil's rule of three.
    """
    truth, values = np.asarray(labels).astype(bool), np.asarray(scores, float)
    positive, negative = values[truth], values[~truth]
    if not len(positive) or not len(negative):
        raise MeasureError("The AUROC needs cases with and without the finding.")
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    area = float(wins.mean())
    if min(len(positive), len(negative)) < 2 or area in (0.0, 1.0):
        margin = min(1.0, 3 / min(len(positive), len(negative)))
        return Estimate(area, max(0.0, area - margin), min(1.0, area + margin), len(values))
    variance = wins.mean(1).var(ddof=1) / len(positive) + wins.mean(0).var(ddof=1) / len(negative)
    spread = float(stats.norm.ppf(0.5 + level / 2)) * math.sqrt(variance) / (area * (1 - area))
    middle = math.log(area / (1 - area))
    return Estimate(area, _expit(middle - spread), _expit(middle + spread), len(values))


def proportion(hits: int, n: int, level: float = 0.95) -> Estimate:
    """A share with Wilson's score interval (J Am Stat Assoc 1927)."""
    if n < 1 or not 0 <= hits <= n:
        raise MeasureError(f"{hits} of {n} is not a share.")
    z = float(stats.norm.ppf(0.5 + level / 2))
    share, shrink = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), n)


def mean(values: ArrayLike, seed: int = 0, level: float = 0.95, resamples: int = 2000) -> Estimate:
    """The mean over cases with the percentile interval of a bootstrap that draws cases."""
    found = np.asarray(values, float)
    if not len(found):
        raise MeasureError("There is no value to take the mean of.")
    draws = np.random.default_rng(seed).integers(0, len(found), (resamples, len(found)))
    low, high = np.quantile(found[draws].mean(1), [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(float(found.mean()), float(low), float(high), len(found))


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Twice the shared area by the sum of both; 1 where both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 1.0


def hd95(first: NDArray[np.bool_], second: NDArray[np.bool_], spacing: float = 1.0) -> float:
    """The 95th percentile of the distances between both outlines, taken together; in units of `spacing`.

    Outlines are the mask's pixels that touch the background by a side. NaN where either mask is empty.
    """
    if not first.any() or not second.any():
        return math.nan
    edges = [mask & ~ndimage.binary_erosion(mask, border_value=0) for mask in (first, second)]
    there = ndimage.distance_transform_edt(~edges[1])[edges[0]]
    back = ndimage.distance_transform_edt(~edges[0])[edges[1]]
    return float(np.percentile(np.concatenate([there, back]), 95) * spacing)


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))
