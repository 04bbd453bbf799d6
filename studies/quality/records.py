"""Whether the record is whole: events that are missing, trials that were never answered."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studies.quality import registry
from studies.quality.base import Check, Readings, of_readers
from studies.quality.limits import Quality


@registry.register
@dataclass(frozen=True)
class EventGaps(Check):
    """Events of a finished trial are missing."""

    name = "event-gaps"
    title = "Gaps in the interaction log"
    level = "trial"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """By sequence numbers; nothing is said where no event came at all."""
        gaps = readings["gaps"].map(lambda known: known is not None and not pd.isna(known) and bool(known))
        return readings["done"].astype(bool) & gaps.astype(bool)


@registry.register
@dataclass(frozen=True)
class Incomplete(Check):
    """The reader has not answered all that the design gave them."""

    name = "incomplete"
    title = "Not all trials answered"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """While any trial is left."""
        return of_readers(readings, lambda rows: not rows["done"].astype(bool).all())
