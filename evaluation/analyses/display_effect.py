"""What showing a map does to its scores: the raw map against the very map that readers saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Setting
from evaluation.analyses.rank_agreement import within_case_tau
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.scores import (
    DISPLAYED,
    OfMaps,
    cube,
    mean_over_cases,
    names_of,
    scored_maps,
    signs_of,
    student_bounds,
    warn_of_few_cases,
)
from evaluation.analyses.table import METRIC_PREFIX
from evaluation.statistics.errors import TooFew
from evaluation.statistics.tidy import Numbers

SAME = 1e-6
"""Relative to the larger of the two: scores closer than this are the same."""


@registry.register
@dataclass(frozen=True)
class DisplayEffect(OfMaps):
    """Per metric: how many scores change by showing the map, by how much, and whether the methods' order stays."""

    name: ClassVar[str] = "display-effect"
    title: ClassVar[str] = "Raw maps against maps as readers saw them"
    question: ClassVar[str] = "Do the maps that readers saw score like the maps that the methods made?"
    model: ClassVar[str] = (
        "The difference between a metric's value for the raw map and for the map as readers saw it, method by "
        "method, with Student's bounds over cases."
    )
    fragile: ClassVar[str] = (
        "Another presentation: harmonised maps keep ranks alone, so that magnitude is lost for all methods alike."
    )
    assumptions: ClassVar[str] = (
        "Raw and shown scores of the same map by the same metric, over the maps that have both. 95 % bounds resample "
        "cases; claims rest on Student's t over cases, Bonferroni over the metrics. The order of the methods is "
        "compared by Kendall's tau-b within each case, averaged over cases, controls left out unless asked for."
    )
    reference: ClassVar[str] = "Kendall 1945; Efron & Tibshirani 1993"
    uses: ClassVar[tuple[str, ...]] = ("control", f"{METRIC_PREFIX}*", f"{DISPLAYED}*")

    with_controls: bool = field(default=False, metadata={"help": "Keep the controls among the methods."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """One row a metric; a claim about its shift, and a warning where another method comes first."""
        maps = scored_maps(rows)
        maps = maps if self.with_controls else maps[~maps["control"]]
        names = [name for name in names_of(maps, METRIC_PREFIX) if name in names_of(maps, DISPLAYED)]
        if not names:
            raise TooFew("No map was scored both raw and as readers saw it.")
        warn_of_few_cases(maps, draft)
        signs = signs_of(names, draft, setting)
        table = pd.DataFrame([self._row(maps, name, signs[name], len(names), draft, setting) for name in names])
        draft.add_table("display-effect", table)
        draft.read(
            "The analyses of this report use the scores of raw maps; readers judged the maps as shown. Where the two "
            "differ, a rating speaks of another map than the metric does."
        )

    def _row(
        self, maps: pd.DataFrame, name: str, sign: float, family: int, draft: Draft, setting: Setting
    ) -> dict[str, object]:
        values, methods = cube(maps, [f"{METRIC_PREFIX}{name}", f"{DISPLAYED}{name}"])
        values = np.where(np.isnan(values).any(1, keepdims=True), np.nan, values)
        raw, shown = values[:, 0], values[:, 1]
        both = ~np.isnan(raw)
        changed = np.abs(raw - shown) > SAME * np.fmax(np.abs(raw), np.abs(shown))
        shifts = _over_methods(shown - raw)
        tau, tau_low, tau_high = (
            float(each[0]) for each in mean_over_cases(_column(within_case_tau(raw, shown)), setting)
        )
        shift, low, high = (float(each[0]) for each in mean_over_cases(shifts, setting))
        reach = float(student_bounds(shifts, family)[1][0])
        best = [_best(sign * each, methods) for each in (raw, shown)]
        if best[0] != best[1]:
            title = setting.context.title
            draft.warn(
                f"By {title(name)} the best method is {title(best[0])} on raw maps and {title(best[1])} on maps as "
                "readers saw them."
            )
        self._weigh(name, Interval(shift, shift - reach, shift + reach, comparisons=family), family, draft, setting)
        return {
            "metric": name,
            "maps": int(both.sum()),
            "changed": int((changed & both).sum()),
            "shift": shift,
            "shift_low": low,
            "shift_high": high,
            "tau": tau,
            "tau_low": tau_low,
            "tau_high": tau_high,
            "best_raw": best[0],
            "best_displayed": best[1],
        }

    def _weigh(self, name: str, interval: Interval, family: int, draft: Draft, setting: Setting) -> None:
        title = setting.context.title(name)
        way = "raises" if interval.estimate > 0 else "lowers"
        draft.weigh(
            f"Showing the maps {way} their mean {title}: by {interval}, adjusted for all metrics.",
            f"Whether showing the maps changes their mean {title} is open: by {interval}.",
            f"{title} of maps as shown less that of raw maps",
            interval,
            adjusted=f"Bonferroni over {family} metrics",
        )


def _over_methods(values: Numbers) -> Numbers:
    """The mean over the methods of each case that have a value: `(cases, methods)` -> `(cases, 1)`."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _column(np.where(known, values, 0.0).sum(1) / known.sum(1))


def _column(values: Numbers) -> Numbers:
    return np.asarray(values, dtype=np.float64)[:, None]


def _best(values: Numbers, methods: list[str]) -> str:
    """The method with the highest mean over its cases."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(known, values, 0.0).sum(0) / known.sum(0)
    return methods[int(np.nanargmax(means))] if np.isfinite(means).any() else ""
