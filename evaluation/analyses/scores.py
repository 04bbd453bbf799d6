"""The scores in the long table: of raw maps, of maps as readers saw them, of controls, with their noise and gaps.

`metric.<name>` is the score of the raw map, `displayed.<name>` that of the very map that the reader was shown,
`blur-matched.<name>` and `random.<name>` what controls made of its values would score, `error.<name>` the Monte Carlo
standard error, `undefined.<name>` why there is no score.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.analyses.base import FEWEST, Analysis, Setting
from evaluation.analyses.directions import higher_is_better
from evaluation.analyses.result import Draft
from evaluation.analyses.table import METRIC_PREFIX, with_cases
from evaluation.statistics.bootstrap import bootstrap_bounds, weighted_ratio
from evaluation.statistics.tidy import Numbers, require_columns

DISPLAYED, BLURRED, RANDOM, ERROR, UNDEFINED = "displayed.", "blur-matched.", "random.", "error.", "undefined."


class OfMaps(Analysis):
    """An analysis of what is known of the maps, whatever the task that showed them to readers."""

    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method")
    task: ClassVar[str] = ""

    def _is_of_other_tasks(self, table: pd.DataFrame) -> bool:
        require_columns(table)
        return False


def scored_maps(table: pd.DataFrame) -> pd.DataFrame:
    """One row a rated map that was scored: `case method control` and all that is known of its scores."""
    prefixes = (METRIC_PREFIX, DISPLAYED, BLURRED, RANDOM, ERROR, UNDEFINED)
    rows = with_cases(table[table["method"].notna() & (table["method"].astype(str) != "")])
    columns = [name for name in rows.columns if str(name).startswith(prefixes)]
    scored = rows[[name for name in columns if str(name).startswith((METRIC_PREFIX, UNDEFINED))]].notna().any(axis=1)
    kept = rows.loc[scored, ["case", "method", "control", *columns]]
    return kept.groupby(["case", "method"], as_index=False, observed=True).first()


def names_of(maps: pd.DataFrame, prefix: str) -> list[str]:
    """The metrics that have any value under this prefix, in the table's order."""
    return [
        str(name).removeprefix(prefix)
        for name in maps.columns
        if str(name).startswith(prefix) and maps[name].notna().any()
    ]


def warn_of_few_cases(maps: pd.DataFrame, draft: Draft) -> None:
    """Where cases are very few, say so and claim nothing."""
    count = maps["case"].nunique()
    if count < FEWEST:
        cases = f"{count} case{'' if count == 1 else 's'}"
        draft.warn(f"Only {cases}: the intervals cannot be relied on, so nothing is claimed.")
        draft.muted = True


def signs_of(names: list[str], draft: Draft, setting: Setting) -> dict[str, float]:
    """1 for metrics of which more is better, -1 for the others."""
    return {name: 1.0 if higher_is_better(name, draft, setting) else -1.0 for name in names}


def cube(maps: pd.DataFrame, columns: list[str]) -> tuple[Numbers, list[str]]:
    """The values of some columns as `(cases, columns, methods)`, NaN where there is none, and the methods."""
    methods = sorted(map(str, maps["method"].unique()))
    cases = sorted(maps["case"].unique())
    grids = [
        maps.pivot(index="case", columns="method", values=column).reindex(index=cases, columns=methods)
        for column in columns
    ]
    return np.stack([grid.to_numpy(dtype=np.float64) for grid in grids], axis=1), methods


def mean_over_cases(values: Numbers, setting: Setting) -> tuple[Numbers, Numbers, Numbers]:
    """Means of `(cases, k)` over the cases that have a value, with percentile bounds that resample cases: `(k,)` each.

    NaN where no case has a value; no bounds where there is a single case or all values are the same, for then
    resampling knows nothing of their spread.
    """
    known = ~np.isnan(values)
    filled, counts = np.where(known, values, 0.0), known.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(0) / counts.sum(0)
    nothing = np.full(values.shape[1], np.nan)
    spread = np.where(known, values, -np.inf).max(0) > np.where(known, values, np.inf).min(0)
    if len(values) < 2 or not setting.context.bootstrap:
        return mean, nothing, nothing
    low, high = bootstrap_bounds(
        lambda weights: weighted_ratio(weights, filled, counts),
        [np.arange(len(values))],
        replicates=setting.context.bootstrap,
        seed=setting.seed,
    )
    return mean, np.where(spread, low, np.nan), np.where(spread, high, np.nan)


def student_bounds(values: Numbers, family: int) -> tuple[Numbers, Numbers, Numbers]:
    """Means of `(cases, ...)` over the cases with a value, and how far Student's 95 % bounds reach to either side.

    Adjusted for a `family` of comparisons (Bonferroni). The reach is NaN where fewer than FEWEST cases have a
    value; also returned is how many have. Shapes `(...)`.
    """
    known = ~np.isnan(values)
    n = known.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0.0).sum(0) / n
        spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(0) / (n - 1))
        reach = stats.t.isf(0.025 / family, np.maximum(n - 1, 1)) * spread / np.sqrt(n)
    return mean, np.where(n >= FEWEST, reach, np.nan), n
