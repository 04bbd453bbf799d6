"""How far readers agree with each other about the same maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import of_task, ratings_of
from evaluation.statistics import krippendorff_alpha


@registry.register
@dataclass(frozen=True)
class Agreement(Analysis):
    """Krippendorff's ordinal alpha over all ratings, per question and per method."""

    name: ClassVar[str] = "agreement"
    title: ClassVar[str] = "Agreement between readers"
    question: ClassVar[str] = "Do readers agree about the same map?"
    assumptions: ClassVar[str] = (
        "Maps are exchangeable, readers interchangeable; the scale is ordinal. Bounds resample maps. Where nearly all "
        "ratings are equal alpha is low although readers agree."
    )
    reference: ClassVar[str] = "Krippendorff 2011; Hayes & Krippendorff 2007"

    floor: float = 0.667

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Alpha of every part that has enough ratings."""
        asked = of_task(rows, "usefulness")
        questions = sorted(asked.loc[asked["score"].notna(), "question"].dropna().unique())
        if not questions:
            draft.warn("No question has a scored answer, so there is no agreement to measure.")
            return
        first = pd.concat([ratings_of(rows, question) for question in questions])
        first["unit"] = (
            first["question"].astype(str) + "\n" + first["case"].astype(str) + "\n" + first["method"].astype(str)
        )
        warn_of_few(first, draft)
        parts = [("overall", "all ratings", first)]
        parts += [("question", str(question), first[first["question"] == question]) for question in questions]
        parts += [("method", str(name), part) for name, part in first.groupby("method", observed=True)]
        table = pd.DataFrame([self._row(level, part, chosen, draft, setting) for level, part, chosen in parts])
        draft.add_table("agreement", table)
        self._read(table, draft)

    def _row(self, level: str, part: str, rows: pd.DataFrame, draft: Draft, setting: Setting) -> dict[str, object]:
        row: dict[str, object] = {"level": level, "part": part, "alpha": np.nan, "low": np.nan, "high": np.nan}
        row |= {"maps": 0, "ratings": len(rows), "readers": rows["reader"].nunique()}
        with draft.allow_thin(f"Agreement on {part}" if level != "overall" else "Agreement"):
            found = krippendorff_alpha(
                rows,
                unit="unit",
                rater="reader",
                score="score",
                bootstrap=setting.context.bootstrap,
                seed=setting.seed,
            )
            row |= {"alpha": found.estimate, "low": found.low, "high": found.high, "maps": found.n_units}
            row["ratings"] = found.n_ratings
        return row

    def _read(self, table: pd.DataFrame, draft: Draft) -> None:
        whole = table.iloc[0]
        if np.isnan(whole["alpha"]):
            return
        interval = Interval(float(whole["alpha"]), float(whole["low"]), float(whole["high"]))
        draft.read(f"Over all ratings Krippendorff's alpha is {interval}; 1 is perfect agreement, 0 that of chance.")
        draft.weigh(
            f"Readers agree {'better' if interval.estimate > 0 else 'worse'} than by chance: alpha {interval}.",
            f"Whether readers agree better than by chance is open: alpha {interval}.",
            "Krippendorff's alpha",
            interval,
        )
        floor = Interval(interval.estimate, interval.low, interval.high, null=self.floor)
        side = "above" if interval.estimate > self.floor else "below"
        draft.weigh(
            f"Agreement lies {side} {self.floor:g}, the least for tentative conclusions: alpha {interval}.",
            f"Whether agreement reaches {self.floor:g} is open: alpha {interval}.",
            "Krippendorff's alpha",
            floor,
        )
