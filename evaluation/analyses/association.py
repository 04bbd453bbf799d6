"""Whether what readers rate goes along with what automatic metrics measure, level by level."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.directions import higher_is_better
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import METRIC_PREFIX, controls_of, maps_of, metric_columns, ratings_of
from evaluation.statistics import association, attenuation
from evaluation.statistics.errors import ThinData, TooFew

_MEANING = {
    "within-case": "ranking the maps of one case",
    "double-centred": "singling out which method suits which case",
}


@registry.register
@dataclass(frozen=True)
class Association(Analysis):
    """Rank correlation of ratings with each metric, at five levels that may contradict each other."""

    name: ClassVar[str] = "association"
    title: ClassVar[str] = "Ratings against automatic metrics"
    question: ClassVar[str] = "Do readers find those maps useful that automatic metrics find good?"
    model: ClassVar[str] = (
        "Rank correlation of mean ratings with a metric, at five levels; bounds resample readers and cases "
        "together. Beside it the value corrected for noise in the mean ratings."
    )
    fragile: ClassVar[str] = (
        "Another level asks another question and may have the other sign. Leaving out controls or a method, or a "
        "metric that is noise for half of the maps."
    )
    assumptions: ClassVar[str] = (
        "Metrics are turned so that higher is better. Bounds resample readers and cases together. Claims are made for "
        "the primary level alone, adjusted for the number of metrics (Bonferroni); methods are too few for a claim "
        "between them. Controls are left out unless asked for: they would make any metric look good."
    )
    reference: ClassVar[str] = "Owen 2007; McCullagh 2000; Bakdash & Marusich 2017"
    uses: ClassVar[tuple[str, ...]] = ("control", "occurrence", "metric.*")

    outcome: str = field(default="coverage", metadata={"help": "The question whose scores are compared."})
    primary: Literal["double-centred", "within-case", "between-case", "pooled"] = field(
        default="double-centred", metadata={"help": "The level that claims are made for."}
    )
    with_controls: bool = field(default=False, metadata={"help": "Keep the controls among the methods."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """One table over all metrics and levels; one claim or open question per metric."""
        ratings, maps = self._rated(rows)
        metrics = metric_columns(maps)
        if ratings.empty or not metrics:
            raise TooFew("Ratings or metric values are missing.")
        warn_of_few(ratings, draft)
        parts = []
        for column in metrics:
            with draft.allow_thin(setting.context.title(column.removeprefix(METRIC_PREFIX))):
                parts.append(self._levels(ratings, maps, column, len(metrics), draft, setting))
        if parts:
            draft.add_table("association", pd.concat(parts, ignore_index=True))
            draft.read(
                "Spearman's correlation is given at five levels, which answer different questions; the pooled one "
                "mixes them all and is best not quoted alone. Beside it stands the value corrected for noise in the "
                "mean ratings (their reliability from halves of the readers); noise in the metric is not corrected for."
            )

    def compared(self, rows: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
        """The primary level's correlation for each metric, without bounds of its own."""
        ratings, maps = self._rated(rows)
        found = {}
        for column in metric_columns(maps):
            name = column.removeprefix(METRIC_PREFIX)
            try:
                levels = self._associated(ratings, self._values(maps, column, Draft(), setting), 0.95, setting, 0)
            except ThinData:
                continue
            estimate = float(levels["spearman"][self.primary])
            found[f"{setting.context.title(name)}, {self.primary}"] = Interval(estimate, np.nan, np.nan)
        return found

    def _rated(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Ratings and maps, controls left out unless they are asked for."""
        ratings, maps = ratings_of(rows, self.outcome), maps_of(rows)
        controls = set() if self.with_controls else controls_of(rows)
        return ratings[~ratings["method"].isin(controls)], maps[~maps["method"].isin(controls)]

    def _values(self, maps: pd.DataFrame, column: str, draft: Draft, setting: Setting) -> pd.DataFrame:
        """The metric's values, turned so that higher is better."""
        sign = 1.0 if higher_is_better(column.removeprefix(METRIC_PREFIX), draft, setting) else -1.0
        return maps[["case", "method"]].assign(value=sign * maps[column])

    def _associated(
        self, ratings: pd.DataFrame, values: pd.DataFrame, level: float, setting: Setting, bootstrap: int
    ) -> pd.DataFrame:
        return association(
            ratings,
            values,
            case="case",
            method="method",
            rater="reader",
            rating="score",
            value="value",
            bootstrap=bootstrap,
            seed=setting.seed,
            level=level,
        )

    def _levels(
        self, ratings: pd.DataFrame, maps: pd.DataFrame, column: str, family: int, draft: Draft, setting: Setting
    ) -> pd.DataFrame:
        name = column.removeprefix(METRIC_PREFIX)
        values = self._values(maps, column, draft, setting)
        plain, adjusted = (
            self._associated(ratings, values, level, setting, setting.context.bootstrap)
            for level in (0.95, 1.0 - 0.05 / family)
        )
        self._weigh(name, adjusted[adjusted.index == self.primary].iloc[0], family, draft, setting)
        table = plain.join(self._without_noise(ratings, values, draft, setting)).reset_index()
        table.insert(0, "metric", name)
        table["primary"] = table["level"] == self.primary
        return table

    def _without_noise(
        self, ratings: pd.DataFrame, values: pd.DataFrame, draft: Draft, setting: Setting
    ) -> pd.DataFrame:
        """What stands beside the raw value: the reliability of the mean ratings and the value corrected for it."""
        with draft.allow_thin("Correction for noise in the ratings"):
            return attenuation(
                ratings,
                values,
                case="case",
                method="method",
                rater="reader",
                rating="score",
                value="value",
                seed=setting.seed,
            )[["rating_reliability", "corrected"]]
        return pd.DataFrame(columns=["rating_reliability", "corrected"], dtype=float)

    def _weigh(self, name: str, row: pd.Series[float], family: int, draft: Draft, setting: Setting) -> None:
        interval = Interval(float(row["spearman"]), float(row["low"]), float(row["high"]), comparisons=family)
        title = setting.context.title(name)
        draft.compare(f"{title}, {self.primary}", interval)
        way = "agree with" if interval.estimate > 0 else "contradict"
        what = _MEANING.get(self.primary, self.primary)
        draft.weigh(
            f"Ratings {way} {title} in {what}: Spearman's correlation {interval}, adjusted for all metrics.",
            f"Whether ratings go along with {title} in {what} is open: Spearman's correlation {interval}.",
            f"Spearman's correlation of ratings with {title}, {self.primary}",
            interval,
            adjusted=f"Bonferroni over {family} metrics",
        )
