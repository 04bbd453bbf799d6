"""What is read off a crowd: the time of a submit at each rate, and the rate at which it is too long."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.crowd import Submit

MOST = 0.3
"""Seconds that nineteen of twenty submits may take at the most."""


@dataclass(frozen=True)
class Stage:
    """So many submits a second for a while: how long one of them took."""

    rate: float
    median: float
    p95: float
    submits: int


def stage(submits: Sequence[Submit], begun: float, ended: float) -> Stage:
    """Of the answers that were sent between two moments."""
    times = sorted(each.seconds for each in submits if begun <= each.at < ended)
    return Stage(len(times) / (ended - begun), quantile(times, 0.5), quantile(times, 0.95), len(times))


def quantile(times: Sequence[float], share: float) -> float:
    """The least time that this share of the sorted times does not exceed; NaN of none."""
    return times[max(0, math.ceil(share * len(times)) - 1)] if times else math.nan


def crossing(stages: Sequence[Stage]) -> tuple[float, bool]:
    """(submits a second at which p95 reaches 300 ms, whether it was reached).

    Between the last rate below and the first above it is interpolated on a logarithmic scale of time. Where no stage
    went above, it is the highest rate that was seen.
    """
    rising = sorted(stages, key=lambda each: each.rate)
    for low, high in itertools.pairwise(rising):
        if low.p95 <= MOST < high.p95:
            share = math.log(MOST / low.p95) / math.log(high.p95 / low.p95)
            return low.rate + share * (high.rate - low.rate), True
    if rising and rising[0].p95 > MOST:
        return rising[0].rate, True
    return (rising[-1].rate if rising else math.nan), False
