"""Proportions with Wilson's bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.statistics.errors import TooFew, WrongChoice
from evaluation.statistics.tidy import require_share


@dataclass(frozen=True)
class Proportion:
    """A share with its bounds."""

    estimate: float
    low: float
    high: float
    successes: int
    n: int


def proportion(successes: int, n: int, *, level: float = 0.95) -> Proportion:
    """Share of successes among independent trials with Wilson's score bounds, which never leave 0 to 1.

    Answers of the same reader or about the same case are not independent: the bounds are then too narrow.
    Source: Wilson 1927; Brown, Cai & DasGupta 2001.
    """
    require_share("level", level)
    if n < 1:
        raise TooFew("A proportion needs at least one trial.")
    if not 0 <= successes <= n:
        raise WrongChoice(f"There cannot be {successes} successes among {n} trials.")
    z = float(stats.norm.isf((1.0 - level) / 2.0))
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))) / (1 + z**2 / n)
    low = 0.0 if successes == 0 else centre - reach
    high = 1.0 if successes == n else centre + reach
    return Proportion(share, low, high, int(successes), int(n))
