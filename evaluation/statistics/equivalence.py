"""Equivalence: that a difference is smaller than what would matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from evaluation.statistics.errors import NotNumeric, OneCategory, TooFew, WrongChoice


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests; equivalent at 5 % when `p < .05`, that is when the 90 % bounds lie within the preset one."""

    difference: float
    p: float
    low: float
    high: float
    df: float
    bound: float


def tost(
    first: Sequence[float] | npt.NDArray[np.float64],
    second: Sequence[float] | npt.NDArray[np.float64],
    *,
    bound: float,
    paired: bool = True,
) -> Equivalence:
    """Is the mean difference, first minus second, within plus or minus `bound` (set before the data are seen)?

    Student's t on the differences, or Welch's for independent samples. Source: Schuirmann 1987; Lakens 2017.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if bound <= 0:
        raise WrongChoice("The bound of equivalence must be positive.")
    if np.isnan(a).any() or np.isnan(b).any():
        raise NotNumeric("Both samples must be complete.")
    if paired and len(a) != len(b):
        raise TooFew("Paired samples must be of the same length.")
    if min(len(a), len(b)) < 2:
        raise TooFew("Each sample needs two values.")
    se, df = _paired(a - b) if paired else _welch(a, b)
    if se == 0:
        raise OneCategory("The values do not vary, so equivalence cannot be tested.")
    difference = float(a.mean() - b.mean())
    p = max(float(stats.t.sf((difference + bound) / se, df)), float(stats.t.cdf((difference - bound) / se, df)))
    reach = float(stats.t.ppf(0.95, df)) * se
    return Equivalence(difference, p, difference - reach, difference + reach, df, float(bound))


def _paired(differences: npt.NDArray[np.float64]) -> tuple[float, float]:
    return float(differences.std(ddof=1) / np.sqrt(len(differences))), float(len(differences) - 1)


def _welch(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> tuple[float, float]:
    first, second = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    total = first + second
    if total == 0:
        return 0.0, 1.0
    return float(np.sqrt(total)), total**2 / (first**2 / (len(a) - 1) + second**2 / (len(b) - 1))
