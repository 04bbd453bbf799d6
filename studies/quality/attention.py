"""Whether a reader attended: catch trials with a known answer, and the quiz on the instructions."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studies.quality import registry
from studies.quality.base import Check, Readings, of_readers
from studies.quality.limits import Quality

MIDDLE = 0.5
"""Of a scale from 0 to 1: a worthless map that is rated above it was not looked at."""


@registry.register
@dataclass(frozen=True)
class FailedCatch(Check):
    """Too many catch trials, whose maps are worthless, were rated above the scale's middle."""

    name = "failed-catch"
    title = "Failed catch trials"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By the share of the catch trials that a reader has answered."""

        def fails(rows: Readings) -> bool:
            levels = rows.loc[rows["purpose"] == "catch", "level"].dropna()
            return bool(len(levels) and (levels > MIDDLE).mean() > limits.catch_share)

        return of_readers(readings, fails)


@registry.register
@dataclass(frozen=True)
class FailedQuiz(Check):
    """The comprehension quiz was not passed."""

    name = "failed-quiz"
    title = "Comprehension quiz not passed"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """As the quiz itself judged."""
        return readings["quiz_failed"].astype(bool)
