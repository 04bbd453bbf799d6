"""Proportional odds: does a variable move all thresholds alike?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.cumulative_search import maximise
from evaluation.statistics.errors import NotIdentified
from evaluation.statistics.formula import Grouping
from evaluation.statistics.laplace import CumulativeLaplace
from evaluation.statistics.tidy import Codes, Numbers


@dataclass(frozen=True)
class ProportionalOdds:
    """The likelihood-ratio test of one effect for all thresholds against thresholds of its own for each level.

    `thresholds` has a row for each level. A small p says that the levels differ in more than their place on the latent
    scale; with many ratings it is small for differences that do not matter, so look at the thresholds too.
    """

    variable: str
    statistic: float
    df: int
    p: float
    log_likelihood: float
    thresholds: pd.DataFrame
    converged: bool


@dataclass(frozen=True)
class Restricted:
    """The fit with proportional odds; the first level's effect is 0."""

    log_likelihood: float
    thresholds: Numbers
    level_effects: Numbers
    other_effects: Numbers
    sd: Numbers


def nominal_test(
    variable: str,
    levels: Sequence[Any],
    categories: Sequence[Any],
    level_of: Codes,
    category: Codes,
    design: Numbers,
    groups: Sequence[Grouping],
    restricted: Restricted,
) -> ProportionalOdds:
    """Fit thresholds for each level and compare. `design` is without the variable's own columns.

    Source: Peterson & Harrell 1990 (partial proportional odds), with the model's random terms kept.
    """
    _require_all_cells(variable, levels, categories, level_of, category)
    likelihood = CumulativeLaplace(category, len(categories), design, groups, level_of)
    thresholds = (restricted.thresholds[None, :] - restricted.level_effects[:, None]).ravel()
    found = maximise(likelihood, np.concatenate([thresholds, restricted.other_effects, restricted.sd]))
    statistic = max(2.0 * (-found.value - restricted.log_likelihood), 0.0)
    df = (len(categories) - 2) * (len(levels) - 1)
    return ProportionalOdds(
        variable=variable,
        statistic=statistic,
        df=df,
        p=float(stats.chi2.sf(statistic, df)),
        log_likelihood=-found.value,
        thresholds=pd.DataFrame(
            likelihood.split(found.parameters)[0].reshape(len(levels), -1),
            index=pd.Index(levels, name=variable),
            columns=[f"{low}|{high}" for low, high in pairwise(categories)],
        ),
        converged=not found.messages,
    )


def _require_all_cells(
    variable: str, levels: Sequence[Any], categories: Sequence[Any], level_of: Codes, category: Codes
) -> None:
    if len(categories) < 3:
        raise NotIdentified("With two categories there is one threshold, so proportional odds cannot fail.")
    seen = np.bincount(level_of * len(categories) + category, minlength=len(levels) * len(categories))
    empty = np.flatnonzero(seen == 0)
    if len(empty):
        level, place = divmod(int(empty[0]), len(categories))
        raise NotIdentified(
            f"No rating of {variable} {levels[level]} is {categories[place]}, so its thresholds are not all finite."
        )
