"""Answers that came too fast to have been looked at, or too slowly for one sitting."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studies.quality import registry
from studies.quality.base import Check, Readings
from studies.quality.limits import Quality

FEWEST = 5
"""Trials of a block below which a reader has no median of their own."""


@registry.register
@dataclass(frozen=True)
class TooFast(Check):
    """Fewer active seconds than a floor, or than a share of the reader's own median in the block."""

    name = "too-fast"
    title = "Answered too fast"
    level = "trial"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By the floor for all, by the median where there are enough trials for one."""
        seconds = readings["seconds"].astype(float)
        own = seconds.groupby([readings["reader"], readings["block"]])
        median = own.transform("median").where(own.transform("count") >= FEWEST)
        return (seconds < limits.min_seconds) | (seconds < limits.fast_share * median)


@registry.register
@dataclass(frozen=True)
class TooSlow(Check):
    """More active seconds than a trial can take."""

    name = "too-slow"
    title = "Active for too long"
    level = "trial"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By the ceiling."""
        return readings["seconds"].astype(float) > limits.max_seconds
