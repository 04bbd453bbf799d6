"""Every method beside every other: ratings, automatic metrics and computing time, with the controls marked."""

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
from evaluation.analyses.table import METRIC_PREFIX, controls_of, maps_of, metric_columns, of_task, ratings_of
from evaluation.statistics import group_means


@registry.register
@dataclass(frozen=True)
class Benchmark(Analysis):
    """Means per method of ratings and metrics, and each method against each control on each metric."""

    name: ClassVar[str] = "benchmark"
    title: ClassVar[str] = "Benchmark of the methods"
    question: ClassVar[str] = "How do the methods compare, and do they beat controls that explain nothing?"
    model: ClassVar[str] = (
        "Mean rating, mean of each metric and computing time by method, with bounds that resample readers and "
        "cases together."
    )
    fragile: ClassVar[str] = (
        "Other cases or another network: a benchmark ranks methods on what was shown, and metrics of another "
        "family often rank them otherwise."
    )
    assumptions: ClassVar[str] = (
        "Metrics are means over the rated maps, bounds resample cases; ratings' bounds resample readers and cases "
        "together. Methods meet controls pairwise over the same cases: Student's t on the differences, Bonferroni over "
        "all comparisons."
    )
    reference: ClassVar[str] = "Owen 2007; Demsar 2006"
    uses: ClassVar[tuple[str, ...]] = ("control", "occurrence", "metric.*", "seconds_to_explain")

    outcome: str = field(default="coverage", metadata={"help": "The question that stands for usefulness."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """One wide table for reading, long tables with all bounds."""
        rows = rows[rows["method"].notna()]
        maps = maps_of(rows)
        controls = controls_of(rows)
        summary = pd.DataFrame({"method": sorted(maps["method"].unique())}).set_index("method")
        summary["title"] = [setting.context.title(name) for name in summary.index]
        summary["control"] = summary.index.isin(controls)
        summary["maps"] = maps.groupby("method").size()
        summary = self._add_ratings(rows, summary, draft, setting)
        metrics = self._metrics(maps, draft, setting)
        for name, part in metrics.groupby("metric", sort=False):
            summary[f"{METRIC_PREFIX}{name}"] = part.set_index("method")["mean"]
        if "seconds_to_explain" in maps:
            summary["seconds"] = maps.groupby("method")["seconds_to_explain"].mean()
        draft.add_table("benchmark", summary)
        draft.add_table("metrics", metrics)
        self._against_controls(maps, controls, draft, setting)
        self._read(summary, draft)

    def _add_ratings(self, rows: pd.DataFrame, summary: pd.DataFrame, draft: Draft, setting: Setting) -> pd.DataFrame:
        asked = of_task(rows, "usefulness")
        questions = sorted(asked.loc[asked["score"].notna(), "question"].dropna().unique())
        parts = []
        for question in questions:
            ratings = ratings_of(rows, question)
            means = group_means(
                ratings,
                group="method",
                value="score",
                clusters=("reader", "case"),
                bootstrap=setting.context.bootstrap,
                seed=setting.seed,
            )
            parts.append(means.reset_index().assign(question=question))
            if question == self.outcome:
                warn_of_few(ratings, draft, mute=False)
                renamed = {"n": "ratings", "mean": "rating", "low": "rating_low", "high": "rating_high"}
                summary = summary.join(means.rename(columns=renamed))
        if parts:
            draft.add_table("ratings", pd.concat(parts)[["question", "method", "n", "mean", "low", "high"]])
        if self.outcome not in questions:
            draft.warn(f"The question {self.outcome!r} has no scored answers, so methods have no rating.")
        return summary

    def _metrics(self, maps: pd.DataFrame, draft: Draft, setting: Setting) -> pd.DataFrame:
        columns = ["metric", "higher_is_better", "method", "n", "mean", "low", "high"]
        parts = []
        for column in metric_columns(maps):
            name = column.removeprefix(METRIC_PREFIX)
            means = group_means(
                maps,
                group="method",
                value=column,
                clusters=("case",),
                bootstrap=setting.context.bootstrap,
                seed=setting.seed,
            )
            direction = higher_is_better(name, draft, setting)
            parts.append(means.reset_index().assign(metric=name, higher_is_better=direction))
        if not parts:
            draft.warn("The table holds no metric values, so methods are compared by ratings alone.")
            return pd.DataFrame(columns=columns)
        return pd.concat(parts, ignore_index=True)[columns]

    def _against_controls(self, maps: pd.DataFrame, controls: set[str], draft: Draft, setting: Setting) -> None:
        methods = sorted(set(maps["method"]) - controls)
        known = sorted(controls & set(maps["method"]))
        comparisons = [
            (column.removeprefix(METRIC_PREFIX), method, control)
            for column in metric_columns(maps)
            for method in methods
            for control in known
        ]
        if not known:
            draft.warn("No control was rated, so nothing shows what a map that explains nothing would have scored.")
        rows = [_compare(maps, *comparison, len(comparisons), draft, setting) for comparison in comparisons]
        if rows:
            draft.add_table("against-controls", pd.DataFrame(rows))

    def _read(self, summary: pd.DataFrame, draft: Draft) -> None:
        draft.read(
            f"{int((~summary['control']).sum())} methods and {int(summary['control'].sum())} controls; "
            "metrics are means over maps in their own units, ratings means over answers."
        )
        if "rating" in summary and summary["rating"].notna().any():
            row = summary.sort_values("rating", ascending=False).iloc[0]
            interval = Interval(float(row["rating"]), float(row["rating_low"]), float(row["rating_high"]))
            draft.read(f"The highest mean rating is that of {row['title']}: {interval}.")
            if bool(row["control"]):
                draft.read("It is a control: what readers like best explains nothing.")


def _compare(
    maps: pd.DataFrame, metric: str, method: str, control: str, family: int, draft: Draft, setting: Setting
) -> dict[str, object]:
    """Method minus control over the cases that have both, turned so that a positive difference is better."""
    wide = maps[maps["method"].isin([method, control])].pivot(
        index="case", columns="method", values=f"{METRIC_PREFIX}{metric}"
    )
    wide = wide.dropna()
    sign = 1.0 if setting.context.directions.get(metric, True) else -1.0
    both = {method, control} <= set(wide.columns)
    difference = sign * (wide[method] - wide[control]).to_numpy(dtype=np.float64) if both else np.zeros(0)
    n = len(difference)
    mean = float(difference.mean()) if n else np.nan
    reach, p = np.nan, np.nan
    if n >= FEWEST:
        error = difference.std(ddof=1) / np.sqrt(n)
        reach = float(stats.t.isf(0.025 / family, n - 1) * error)
        p = float(2.0 * stats.t.sf(abs(mean) / error, n - 1)) if error > 0 else np.nan
    interval = Interval(mean, mean - reach, mean + reach, comparisons=family)
    title, other, measure = (setting.context.title(name) for name in (method, control, metric))
    draft.weigh(
        f"{title} does {'better' if mean > 0 else 'worse'} than the control {other} on {measure}: "
        f"mean difference {interval} towards better, adjusted for all comparisons.",
        f"Whether {title} does better than the control {other} on {measure} is open: mean difference {interval}.",
        f"{measure}, {title} against {other}, positive is better",
        interval,
        adjusted=f"Bonferroni over {family} comparisons",
        p=p,
    )
    return {
        "metric": metric,
        "method": method,
        "control": control,
        "cases": n,
        "difference": mean,
        "low_adjusted": interval.low,
        "high_adjusted": interval.high,
    }
