"""Answers that follow a pattern of their own: the same again and again, or always the same side."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import pandas as pd
from scipy import stats

from studies.quality import registry
from studies.quality.base import Check, Readings, none_of, of_readers
from studies.quality.limits import Quality

FEWEST = 8
"""Answers below which no pattern is told from chance."""
UNLIKELY = 0.01
"""Two-sided probability of such a preference for a side by chance."""


@registry.register
@dataclass(frozen=True)
class StraightLining(Check):
    """Equal answers on end (long string), or no variance over a whole block."""

    name = "straight-lining"
    title = "Straight-lining"
    level = "trial"
    reference = "Curran 2016, Methods for the detection of carelessly invalid responses, JESP 66:4 (long string)"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """The trials of each run that is long enough, within a reader's block."""
        found = none_of(readings)
        answered = readings[readings["answers"].notna()]
        for _block, rows in answered.groupby(["reader", "block"], sort=False):
            ordered = rows.sort_values("position")
            least = limits.longest_run
            if len(ordered) >= FEWEST and ordered["answers"].nunique() == 1:
                least = 1
            for _answers, run in groupby(ordered.index, key=lambda row: str(ordered["answers"][row])):
                rows_of_run = list(run)
                if len(rows_of_run) >= least:
                    found[rows_of_run] = True
        return found


@registry.register
@dataclass(frozen=True)
class SideBias(Check):
    """In pairs, one side is preferred more often than maps whose sides are drawn by lot allow."""

    name = "side-bias"
    title = "Prefers one side"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By the share and by an exact binomial test, ties left out."""

        def biased(rows: Readings) -> bool:
            sides = rows.loc[rows["side"].isin(["first", "second"]), "side"]
            first, n = int((sides == "first").sum()), len(sides)
            if n < FEWEST or max(first, n - first) / n <= limits.side_share:
                return False
            return bool(stats.binomtest(first, n).pvalue < UNLIKELY)

        return of_readers(readings, biased)
