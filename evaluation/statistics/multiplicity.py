"""Families of tests: the primary one guarded as a whole, the rest labelled exploratory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from evaluation.statistics.contrasts import holm
from evaluation.statistics.errors import NotNumeric
from evaluation.statistics.tidy import Numbers, numbers, require_columns, require_share

PRIMARY, EXPLORATORY = "primary", "exploratory"
_ADJUST: dict[str, Callable[[Numbers], Numbers]] = {PRIMARY: holm, EXPLORATORY: false_discovery_control}
_NAMES = {PRIMARY: "Holm", EXPLORATORY: "Benjamini-Hochberg"}


def families(tests: pd.DataFrame, *, p: str, primary: str, level: float = 0.95) -> pd.DataFrame:
    """The tests with their family, its adjustment and what it leaves of them.

    One row a test; column `primary` says which belong to the family that was named beforehand. Added columns:
    `family` (`primary` or `exploratory`), `adjustment`, `p_adjusted` and `holds`. Holm keeps the chance of any false
    claim in the primary family under 1 - level whatever hangs together; Benjamini and Hochberg keep the expected share
    of false ones among the exploratory claims there (for independent or positively dependent tests), which makes them
    questions for another study and no more. A missing p stays missing and does not count.
    Source: Holm 1979; Benjamini & Hochberg 1995.
    """
    require_columns(tests, p, primary)
    require_share("level", level)
    values = numbers(tests, p)
    if ((values < 0) | (values > 1)).any():
        raise NotNumeric(f"Column {p!r} must hold p-values between 0 and 1.")
    family = np.where(tests[primary].astype(bool), PRIMARY, EXPLORATORY)
    adjusted = np.full(len(tests), np.nan)
    for name, adjust in _ADJUST.items():
        chosen = (family == name) & ~np.isnan(values)
        if chosen.any():
            adjusted[chosen] = adjust(values[chosen])
    return tests.assign(
        family=family,
        adjustment=[_NAMES[str(name)] for name in family],
        p_adjusted=adjusted,
        holds=adjusted < 1.0 - level,
    )
