"""Whether a reader says the same again of what was shown twice."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studies.quality import registry
from studies.quality.base import Check, Readings, of_readers
from studies.quality.limits import Quality

FEWEST = 3
"""Repeats below which a median says nothing."""


@registry.register
@dataclass(frozen=True)
class RepeatDisagreement(Check):
    """The median difference between repeats and their first answers is large."""

    name = "repeat-disagreement"
    title = "Disagrees with own repeats"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By the median over the repeats, as a share of the scale."""

        def disagrees(rows: Readings) -> bool:
            first = rows[rows["purpose"] == "ordinary"].set_index(["block", "condition"])["level"]
            again = rows[rows["purpose"] == "repeat"].set_index(["block", "condition"])["level"]
            both = again.to_frame("again").join(first.groupby(level=[0, 1]).first().rename("first")).dropna()
            return (
                len(both) >= FEWEST and float((both["again"] - both["first"]).abs().median()) > limits.repeat_tolerance
            )

        return of_readers(readings, disagrees)
