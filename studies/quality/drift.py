"""Whether a reader's answers drift: over the whole order, or from a block's beginning to its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from studies.quality import registry
from studies.quality.base import Check, Readings, of_readers
from studies.quality.limits import Quality

FEWEST = 12
UNLIKELY = 0.01
"""Probability of such a slope without any trend."""


def _residuals(readings: Readings) -> pd.Series[float]:
    """What is left of each answer once the mean of all readers for the same condition is taken off.

    Conditions that one reader alone has seen are taken off by their block's mean.
    """
    level = readings["level"].astype(float).where(readings["purpose"] == "ordinary")
    same = level.groupby([readings["block"], readings["condition"]])
    block = level.groupby(readings["block"]).transform("mean")
    return level - same.transform("mean").where(same.transform("count") > 1, block)


@registry.register
@dataclass(frozen=True)
class OrderTrend(Check):
    """Residuals rise or fall with the position: fatigue, learning, or a slipping scale."""

    name = "order-trend"
    title = "Answers drift with their order"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By a slope that is unlikely by chance and reaches far over the reader's trials."""
        left = readings.assign(left=_residuals(readings))

        def drifts(rows: Readings) -> bool:
            known = rows.dropna(subset=["left"])
            if len(known) < FEWEST or known["position"].nunique() < FEWEST or np.ptp(known["left"]) == 0:
                return False
            fit = stats.linregress(known["position"].astype(float), known["left"])
            reach = abs(float(fit.slope)) * float(np.ptp(known["position"]))
            return bool(fit.pvalue < UNLIKELY and reach > limits.trend)

        return of_readers(left, drifts)


@registry.register
@dataclass(frozen=True)
class BlockDrift(Check):
    """Within a block, the last third is answered otherwise than the first."""

    name = "block-drift"
    title = "Answers drift within a block"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By the thirds' mean residuals: far apart, and unlikely so by chance, in any block with enough trials."""
        left = readings.assign(left=_residuals(readings))
        return of_readers(left, lambda rows: any(_turns(part, limits) for _name, part in rows.groupby("block")))


def _turns(rows: Readings, limits: Quality) -> bool:
    known = rows.dropna(subset=["left"]).sort_values("position")["left"].to_numpy(dtype=float)
    third = len(known) // 3
    if len(known) < FEWEST:
        return False
    first, last = known[:third], known[-third:]
    if abs(last.mean() - first.mean()) <= limits.trend:
        return False
    if np.ptp(first) == 0 and np.ptp(last) == 0:
        return True
    return bool(stats.ttest_ind(first, last).pvalue < UNLIKELY)
