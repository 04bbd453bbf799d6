"""What a quality check looks at, and what it gives back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import pandas as pd

from studies.quality.limits import Quality

Readings = pd.DataFrame
"""One row a trial that a reader was given, practice left out, in the order of readers and positions. Columns:

`reader`, `trial`, `block`, `position`, `purpose`, `condition` (what was shown: case and map), `done`, `seconds` (active
ones), `level` (the numeric answers' mean place on their scales, 0 to 1), `answers` (all answers as one text), `side`
(`first`, `second`, `tie` of a pair), `away` (share of the time off the page), `overlay_due`, `overlay_shown` (None: not
known), `gaps` (None: not known), `width`, `pixel_ratio`, `quiz_failed`, `colour_failed`, `account` (equal for accounts
that look like one person's). Unknown numbers are NaN.
"""
COLUMNS = (
    "reader",
    "trial",
    "block",
    "position",
    "purpose",
    "condition",
    "done",
    "seconds",
    "level",
    "answers",
    "side",
    "away",
    "overlay_due",
    "overlay_shown",
    "gaps",
    "width",
    "pixel_ratio",
    "quiz_failed",
    "colour_failed",
    "account",
)


class Check(ABC):
    """One registered check. `level` says whether it judges a trial or, by many trials, a reader."""

    name: ClassVar[str]
    title: ClassVar[str]
    level: ClassVar[Literal["trial", "reader"]]
    reference: ClassVar[str] = "Preregistered in the protocol under `quality`."

    @abstractmethod
    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """True for each row that is flagged; a flagged reader's rows are all True."""


@dataclass(frozen=True)
class Flagged:
    """Check name to one flag for each row of the readings."""

    by_check: Mapping[str, pd.Series[bool]]

    def of_trials(self, readings: Readings) -> dict[int, list[str]]:
        """Trial to the names of the checks that flag it; trials without flags are left out."""
        found: dict[int, list[str]] = {}
        for name in sorted(self.by_check):
            for trial in readings.loc[self.by_check[name].to_numpy(dtype=bool), "trial"]:
                found.setdefault(int(trial), []).append(name)
        return found


def none_of(readings: Readings) -> pd.Series[bool]:
    """No flag at all."""
    return pd.Series(False, index=readings.index)


def of_readers(readings: Readings, judge: Callable[[Readings], bool]) -> pd.Series[bool]:
    """All rows of each reader whose rows `judge` finds wanting."""
    found = none_of(readings)
    for _reader, rows in readings.groupby("reader", sort=False):
        if judge(rows):
            found[rows.index] = True
    return found
