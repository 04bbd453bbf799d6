"""Signs that two readers are one person."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studies.quality import registry
from studies.quality.base import Check, Readings, none_of
from studies.quality.limits import Quality

FEWEST = 12
"""Answers in common below which equal ones are no sign."""


@registry.register
@dataclass(frozen=True)
class DuplicateAccount(Check):
    """Addresses that differ in a tag alone, or the very same answers to the same conditions."""

    name = "duplicate-account"
    title = "May be the same person twice"
    level = "reader"

    def flag(self, readings: Readings, limits: Quality) -> pd.Series[bool]:
        """Both readers are flagged: which of them is the double is for a person to say."""
        known = readings[readings["account"].astype(str) != ""]
        readers = known.groupby("account")["reader"].nunique()
        doubled = set(known.loc[known["account"].isin(readers[readers > 1].index), "reader"])
        doubled |= _alike(readings)
        return readings["reader"].isin(doubled) if doubled else none_of(readings)


def _alike(readings: Readings) -> set[str]:
    """Readers who share all answers with another, over many conditions whose answers vary."""
    answered = readings[readings["answers"].notna() & (readings["purpose"] == "ordinary")]
    found: set[str] = set()
    seen: dict[tuple[tuple[str, str, str], ...], str] = {}
    for reader, rows in answered.groupby("reader", sort=False):
        if len(rows) < FEWEST or rows["answers"].nunique() < 3:
            continue
        columns = zip(
            rows["block"].astype(str), rows["condition"].astype(str), rows["answers"].astype(str), strict=True
        )
        key = tuple(sorted(columns))
        if key in seen:
            found |= {seen[key], str(reader)}
        seen[key] = str(reader)
    return found
