"""Whether automatic metrics agree about the methods, and on what they contradict each other."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Setting
from evaluation.analyses.rank_agreement import within_case_tau
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.scores import (
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

MOST_NAMED = 3


@registry.register
@dataclass(frozen=True)
class MetricAgreement(OfMaps):
    """Kendall's tau-b between each two metrics over the methods of a case, and the pairs of methods they dispute."""

    name: ClassVar[str] = "metric-agreement"
    title: ClassVar[str] = "Agreement between automatic metrics"
    question: ClassVar[str] = "Do the automatic metrics put the methods into the same order?"
    model: ClassVar[str] = (
        "Rank correlation of each pair of metrics over the maps, cases resampled as wholes; metrics turned so "
        "that higher is better."
    )
    fragile: ClassVar[str] = (
        "Leaving out controls, which all metrics tell from methods, or a metric whose own noise is large: two "
        "noisy metrics cannot agree."
    )
    assumptions: ClassVar[str] = (
        "Metrics are turned so that more is better. Kendall's tau-b is taken over the methods of each case and "
        "averaged over cases; 95 % bounds resample cases, which stay whole (percentile bootstrap). Claims rest "
        "on Student's t over cases, Bonferroni over the pairs of metrics. A dispute needs both metrics to be sure: "
        "Student's t on the differences between two methods, Bonferroni over all metrics and pairs of methods. "
        "Controls are left out unless asked for: they would make most metrics agree."
    )
    reference: ClassVar[str] = "Kendall 1945; Tomsett et al. 2020 (arXiv:1912.01451); Klein et al. 2024 (LATEC)"
    uses: ClassVar[tuple[str, ...]] = ("control", f"{METRIC_PREFIX}*")

    with_controls: bool = field(default=False, metadata={"help": "Keep the controls among the methods."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Tau of every pair of metrics; then the pairs of methods on which two metrics are sure of opposite things."""
        maps = scored_maps(rows)
        maps = maps if self.with_controls else maps[~maps["control"]]
        names = names_of(maps, METRIC_PREFIX)
        if len(names) < 2:
            raise TooFew("Agreement needs two metrics.")
        if maps["method"].nunique() < 2:
            raise TooFew("Agreement needs two methods.")
        warn_of_few_cases(maps, draft)
        signs = signs_of(names, draft, setting)
        values, methods = cube(maps, [f"{METRIC_PREFIX}{name}" for name in names])
        values = values * np.array([signs[name] for name in names])[None, :, None]
        self._add_agreement(values, names, draft, setting)
        self._add_disputes(values, names, methods, draft, setting)

    def _add_agreement(self, values: Numbers, names: list[str], draft: Draft, setting: Setting) -> None:
        pairs = list(itertools.combinations(range(len(names)), 2))
        taus = np.stack([within_case_tau(values[:, a], values[:, b]) for a, b in pairs], axis=1)
        mean, low, high = mean_over_cases(taus, setting)
        _, reach, counts = student_bounds(taus, len(pairs))
        rows = []
        for place, (a, b) in enumerate(pairs):
            first, second = setting.context.title(names[a]), setting.context.title(names[b])
            row = {"first": names[a], "second": names[b], "cases": int(counts[place])}
            rows.append(row | {"estimate": mean[place], "low": low[place], "high": high[place]})
            if not counts[place]:
                draft.warn(f"{first} and {second} have no case on which both tell methods apart.")
                continue
            middle, half = float(mean[place]), float(reach[place])
            interval = Interval(middle, middle - half, middle + half, comparisons=len(pairs))
            way = "order the methods of a case alike" if interval.estimate > 0 else "contradict each other"
            draft.weigh(
                f"{first} and {second} {way}: Kendall's tau {interval}, adjusted for all pairs of metrics.",
                f"Whether {first} and {second} agree is open: Kendall's tau {interval}.",
                f"Kendall's tau-b within a case, {first} with {second}",
                interval,
                adjusted=f"Bonferroni over {len(pairs)} pairs of metrics",
            )
        draft.add_table("metric-agreement", pd.DataFrame(rows))
        draft.read(
            "Kendall's tau is 1 where two metrics put the methods of a case into the same order, 0 where they have "
            "nothing to do with each other, and -1 where the order is reversed."
        )

    def _add_disputes(
        self, values: Numbers, names: list[str], methods: list[str], draft: Draft, setting: Setting
    ) -> None:
        left, right = np.triu_indices(len(methods), 1)
        gaps = _Gaps(*student_bounds(values[:, :, left] - values[:, :, right], len(names) * len(left))[:2])
        rows = []
        for a, b in itertools.combinations(range(len(names)), 2):
            opposed = np.flatnonzero(gaps.sure[a] * gaps.sure[b] < 0)
            for pair in opposed.tolist():
                i, j = (left[pair], right[pair]) if gaps.sure[a, pair] > 0 else (right[pair], left[pair])
                rows.append(
                    {
                        "first": names[a],
                        "second": names[b],
                        "better_by_first": methods[i],
                        "better_by_second": methods[j],
                        **gaps.described(a, pair, "gap_by_first"),
                        **gaps.described(b, pair, "gap_by_second"),
                    }
                )
            if len(opposed):
                draft.warn(_dispute(rows[-len(opposed) :], len(left), setting))
        if rows:
            draft.add_table("disputes", pd.DataFrame(rows))
            draft.read(
                "Choose between metrics that contradict each other by what they measure, not by whom they favour."
            )
        elif not draft.muted:
            draft.read("On no pair of methods are two metrics sure of opposite things.")


@dataclass(frozen=True)
class _Gaps:
    """Mean differences between two methods by each metric, `(metrics, pairs)`, with bounds; `sure` is -1, 0 or 1."""

    mean: Numbers
    reach: Numbers

    @property
    def sure(self) -> Numbers:
        return np.nan_to_num(np.sign(self.mean) * (np.abs(self.mean) > self.reach))

    def described(self, metric: int, pair: int, name: str) -> dict[str, float]:
        mean, reach = abs(float(self.mean[metric, pair])), float(self.reach[metric, pair])
        return {name: mean, f"{name}_low": mean - reach, f"{name}_high": mean + reach}


def _dispute(rows: list[dict[str, object]], pairs: int, setting: Setting) -> str:
    title = setting.context.title
    first, second = title(rows[0]["first"]), title(rows[0]["second"])
    said = [f"{title(row['better_by_first'])} above {title(row['better_by_second'])}" for row in rows[:MOST_NAMED]]
    more = f", and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
    return (
        f"{first} and {second} contradict each other on {len(rows)} of {pairs} pairs of methods, each sure of its "
        f"side: {first} puts {'; '.join(said)}{more}; {second} says the reverse."
    )
