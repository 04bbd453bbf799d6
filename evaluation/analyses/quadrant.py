"""Usefulness against faithfulness: which methods please without explaining the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.analyses import registry
from evaluation.analyses.base import FEWEST, Analysis, Setting, warn_of_few
from evaluation.analyses.directions import higher_is_better
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import METRIC_PREFIX, controls_of, maps_of, metric_columns, ratings_of
from evaluation.statistics import group_means
from evaluation.statistics.errors import TooFew

FAITHFULNESS = (
    "srg",
    "road",
    "insertion",
    "deletion",
    "pixel-flipping",
    "irof",
    "sensitivity-n",
    "faithfulness-correlation",
    "faithfulness-estimate",
    "infidelity",
)


@registry.register
@dataclass(frozen=True)
class Quadrant(Analysis):
    """Each method's mean rating and mean faithfulness, placed by two lines, with the controls marked."""

    name: ClassVar[str] = "quadrant"
    title: ClassVar[str] = "Usefulness against faithfulness"
    question: ClassVar[str] = "Which methods please readers without explaining the network?"
    model: ClassVar[str] = (
        "Each method's mean usefulness and faithfulness against a line and against the control, with joint bounds."
    )
    fragile: ClassVar[str] = (
        "Another line, another control or another metric moves methods between the quadrants; a method whose "
        "bounds cross a line stands in none."
    )
    assumptions: ClassVar[str] = (
        "Useful means a mean rating above the line; faithful means better than the average method (controls left out) "
        "on the same cases, by the named metric. A place is certain when both intervals, adjusted for all methods and "
        "both sides (Bonferroni), leave out the lines. Faithfulness is relative to the methods compared."
    )
    reference: ClassVar[str] = "Jin et al. 2023 (truthfulness, informative plausibility)"
    uses: ClassVar[tuple[str, ...]] = ("control", "occurrence", "metric.*")

    outcome: str = field(default="coverage", metadata={"help": "The question that stands for usefulness."})
    metric: str | None = field(default=None, metadata={"help": "The metric that stands for faithfulness."})
    line: float = field(default=3.0, metadata={"help": "The mean rating from which a method counts as useful."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Both means per method, the place, and a claim where it is certain."""
        ratings, maps, controls = ratings_of(rows, self.outcome), maps_of(rows), controls_of(rows)
        metric = self._metric(maps)
        if ratings.empty:
            raise TooFew(f"The question {self.outcome!r} has no scored answers.")
        warn_of_few(ratings, draft)
        sign = 1.0 if higher_is_better(metric, draft, setting) else -1.0
        share = 0.05 / (2 * ratings["method"].nunique())
        useful, useful_wide = (self._usefulness(ratings, level, setting) for level in (0.95, 1.0 - share))
        faithful = self._faithfulness(maps, metric, setting)
        gaps = _gaps(maps, METRIC_PREFIX + metric, sign, controls, share)
        table = useful.rename(
            columns={"n": "ratings", "mean": "usefulness", "low": "usefulness_low", "high": "usefulness_high"}
        )
        table = table.join(faithful).join(gaps)
        table.insert(0, "control", table.index.isin(controls))
        table["quadrant"] = [
            place(row["usefulness"] - self.line, row["faithfulness_gap"]) for _, row in table.iterrows()
        ]
        clear = (useful_wide["low"] > self.line) | (useful_wide["high"] < self.line)
        table["certain"] = clear & ((table["gap_low"] > 0) | (table["gap_high"] < 0))
        draft.add_table("quadrant", table.assign(metric=metric, usefulness_line=self.line))
        draft.read(
            f"Useful means a mean rating above {self.line:g}; faithful means better than the average method by "
            f"{setting.context.title(metric)} ({'higher' if sign > 0 else 'lower'} is better)."
        )
        self._weigh(table, metric, draft, setting)

    def _metric(self, maps: pd.DataFrame) -> str:
        known = [name.removeprefix(METRIC_PREFIX) for name in metric_columns(maps)]
        if self.metric is not None:
            if self.metric not in known:
                raise TooFew(f"The metric {self.metric!r} has no values.")
            return self.metric
        found = [name for name in FAITHFULNESS if name in known]
        if not found:
            raise TooFew("No faithfulness metric has values.")
        return found[0]

    def _usefulness(self, ratings: pd.DataFrame, level: float, setting: Setting) -> pd.DataFrame:
        return group_means(
            ratings,
            group="method",
            value="score",
            clusters=("reader", "case"),
            bootstrap=setting.context.bootstrap,
            seed=setting.seed,
            level=level,
        )

    def _faithfulness(self, maps: pd.DataFrame, metric: str, setting: Setting) -> pd.DataFrame:
        means = group_means(
            maps,
            group="method",
            value=METRIC_PREFIX + metric,
            clusters=("case",),
            bootstrap=setting.context.bootstrap,
            seed=setting.seed,
        )
        names = {"n": "maps", "mean": "faithfulness", "low": "faithfulness_low", "high": "faithfulness_high"}
        return means.rename(columns=names)

    def _weigh(self, table: pd.DataFrame, metric: str, draft: Draft, setting: Setting) -> None:
        for method, row in table[~table["control"]].iterrows():
            title = setting.context.title(method)
            gap = (float(row["faithfulness_gap"]), float(row["gap_low"]), float(row["gap_high"]))
            interval = Interval(*gap, comparisons=2 * len(table))
            mean = Interval(float(row["usefulness"]), float(row["usefulness_low"]), float(row["usefulness_high"]))
            where = f"mean rating {mean}, {setting.context.title(metric)} against the average method {interval}"
            measure = f"{setting.context.title(metric)} against the average method, {title}, positive is better"
            if not row["certain"]:
                draft.leave(f"Where {title} stands is open (it looks {row['quadrant']}): {where}.", measure, interval)
                continue
            draft.weigh(
                f"{title} is {row['quadrant']}: {where}, adjusted for all methods.",
                f"Where {title} stands is open: {where}.",
                measure,
                interval,
                adjusted="Bonferroni over all methods, both sides",
            )


def place(usefulness: float, faithfulness: float) -> str:
    """The quadrant of a method from its distances to both lines."""
    if np.isnan(usefulness) or np.isnan(faithfulness):
        return "unknown"
    if usefulness > 0:
        return "useful and faithful" if faithfulness > 0 else "plausible but unfaithful"
    return "faithful but not found useful" if faithfulness > 0 else "neither useful nor faithful"


def _gaps(maps: pd.DataFrame, column: str, sign: float, controls: set[str], share: float) -> pd.DataFrame:
    """Per method the mean difference to the average method of the same case, with Student's adjusted bounds."""
    wide = sign * maps.pivot(index="case", columns="method", values=column)
    methods = [name for name in wide.columns if name not in controls]
    gaps = wide.sub(wide[methods].mean(axis=1), axis=0)
    n = gaps.count()
    critical = pd.Series(stats.t.isf(share / 2.0, np.maximum(n - 1, 1)), index=n.index)
    reach = (gaps.std(ddof=1) / np.sqrt(n) * critical).where(n >= FEWEST)
    mean = gaps.mean()
    return pd.DataFrame({"faithfulness_gap": mean, "gap_low": mean - reach, "gap_high": mean + reach})
