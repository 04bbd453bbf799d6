"""How far readers agree with each other about the same maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import of_task, ratings_of, repeats_of
from evaluation.statistics import cohen_kappa, gwet_ac, krippendorff_alpha, proportion


@registry.register
@dataclass(frozen=True)
class Agreement(Analysis):
    """Krippendorff's ordinal alpha over all ratings, per question and per method, and readers' own repeatability."""

    name: ClassVar[str] = "agreement"
    title: ClassVar[str] = "Agreement between readers"
    question: ClassVar[str] = "Do readers agree about the same map?"
    model: ClassVar[str] = (
        "Krippendorff's alpha over the maps that two or more readers rated, by question and by method, bounds "
        "from resampled maps; Gwet's AC2 beside it, quadratic kappa of a reader's repeats."
    )
    fragile: ClassVar[str] = (
        "Skewed answers: where nearly all give the same answer alpha is low although readers agree, so read AC2 "
        "with it. A few maps that split the readers: look at the cases with the widest spread."
    )
    assumptions: ClassVar[str] = (
        "Maps are exchangeable, readers interchangeable; the scale is ordinal. Bounds resample maps. Where nearly all "
        "ratings are equal alpha is low although readers agree: Gwet's AC2 (quadratic weights) stands beside it. "
        "Repeats show how far readers agree with themselves; their bounds take repeats as independent."
    )
    reference: ClassVar[str] = "Krippendorff 2011; Hayes & Krippendorff 2007; Gwet 2014"
    uses: ClassVar[tuple[str, ...]] = ("control", "occurrence")
    repeats: ClassVar[bool] = True

    floor: float = field(default=0.667, metadata={"help": "The least alpha that allows tentative conclusions."})

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
        repeats = [self._repeats(rows, question, draft) for question in questions]
        if any(repeats):
            draft.add_table("repeats", pd.DataFrame([row for row in repeats if row]))

    def _row(self, level: str, part: str, rows: pd.DataFrame, draft: Draft, setting: Setting) -> dict[str, object]:
        row: dict[str, object] = {"level": level, "part": part, "alpha": np.nan, "low": np.nan, "high": np.nan}
        row |= {"maps": 0, "ratings": len(rows), "readers": rows["reader"].nunique()}
        row |= {"ac2": np.nan, "ac2_low": np.nan, "ac2_high": np.nan}
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
            gwet = gwet_ac(rows, unit="unit", rater="reader", score="score", weights="quadratic")
            row |= {"ac2": gwet.estimate, "ac2_low": gwet.low, "ac2_high": gwet.high}
        return row

    def _repeats(self, rows: pd.DataFrame, question: str, draft: Draft) -> dict[str, object]:
        """How far readers agree with themselves: the ceiling of their agreement with each other."""
        pairs = repeats_of(rows, question)
        if pairs.empty:
            return {}
        apart = pairs["first"] - pairs["second"]
        row: dict[str, object] = {"question": question, "pairs": len(pairs), "readers": pairs["reader"].nunique()}
        same = proportion(int((apart == 0).sum()), len(pairs))
        row |= {"same": same.estimate, "same_low": same.low, "same_high": same.high}
        row |= {"within_sd": float(np.sqrt((apart**2).mean() / 2.0)), "kappa": np.nan, "low": np.nan, "high": np.nan}
        with draft.allow_thin(f"Repeats of {question}"):
            kappa = cohen_kappa(list(pairs["first"]), list(pairs["second"]), weights="quadratic")
            row |= {"kappa": kappa.estimate, "low": kappa.low, "high": kappa.high}
            draft.read(
                f"Readers who met a map twice gave {question} the same answer in {same.estimate:.0%} of {len(pairs)} "
                f"repeats; quadratic kappa {Interval(kappa.estimate, kappa.low, kappa.high)}."
            )
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
