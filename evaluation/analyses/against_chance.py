"""Whether readers meet right answers more often than a guess would: the simulation tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import of_task
from evaluation.statistics import group_means
from evaluation.statistics.errors import ThinData

_TRUE = frozenset({"true", "1", "1.0"})
CLUSTERS = ("reader", "case")


class AgainstChance(Analysis):
    """Share of right answers less what a guess would reach, by method; for probabilities the Brier score too."""

    model: ClassVar[str] = (
        "Share of right answers less the share that a guess would reach, by method, percentile bounds by bootstrap of "
        "readers and cases together, Bonferroni over methods; mean squared distance of probabilities likewise."
    )
    fragile: ClassVar[str] = (
        "An AI that mostly says the same, which readers can learn without looking; the margin within which a change "
        "counts as none; too few cases."
    )
    assumptions: ClassVar[str] = (
        "Readers and cases are drawn from those one wants to speak of, and a guess falls on every answer alike. "
        "The baseline to compare with is the arm without a map, not chance alone."
    )
    reference: ClassVar[str] = "Doshi-Velez & Kim 2017, arXiv:1702.08608; Hase & Bansal 2020, arXiv:2005.01831"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method", "question", "correct", "chance")
    uses: ClassVar[tuple[str, ...]] = ("answer", "occurrence", "answer.brier")

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Method by method."""
        rows = of_task(rows, self.task)
        known = rows[rows["correct"].notna() & rows["chance"].notna()]
        known = known[known["answer"].notna()] if "answer" in known else known
        if known.empty:
            raise ThinData("No answer is known to be right or wrong.")
        warn_of_few(known, draft)
        right = known["correct"].astype(str).str.lower().isin(_TRUE).astype(float)
        known = known.assign(above_chance=right - known["chance"].astype(float))
        table = self._means(known, "above_chance", setting, known["method"].nunique())
        draft.add_table("above chance", table)
        for method, row in table.iterrows():
            self._weigh(str(method), row, len(table), draft, setting)
        if "answer.brier" in known and known["answer.brier"].notna().any():
            draft.add_table("brier", self._means(known, "answer.brier", setting, 1))

    def _means(self, known: pd.DataFrame, value: str, setting: Setting, comparisons: int) -> pd.DataFrame:
        return group_means(
            known,
            group="method",
            value=value,
            clusters=CLUSTERS,
            bootstrap=setting.context.bootstrap,
            seed=setting.seed,
            level=1 - 0.05 / comparisons,
        )

    def _weigh(self, method: str, row: pd.Series, methods: int, draft: Draft, setting: Setting) -> None:
        interval = Interval(float(row["mean"]), float(row["low"]), float(row["high"]), comparisons=methods)
        title = setting.context.title(method)
        way = "more" if interval.estimate > 0 else "less"
        draft.weigh(
            f"With {title} readers met the right answer {way} often than by guessing: {interval} above chance.",
            f"Whether readers met the right answer more often than by guessing with {title} is open: {interval} above "
            "chance.",
            f"share of right answers above chance, {title}",
            interval,
            adjusted="Bonferroni over methods",
        )


@registry.register
@dataclass(frozen=True)
class ForwardSimulationAnalysis(AgainstChance):
    """Foretelling the AI's call or probability."""

    name: ClassVar[str] = "forward-simulation"
    title: ClassVar[str] = "Forward simulation"
    question: ClassVar[str] = "Can readers foretell what the AI says?"
    task: ClassVar[str] = "forward-simulation"


@registry.register
@dataclass(frozen=True)
class CounterfactualSimulationAnalysis(AgainstChance):
    """Foretelling what the AI does once a region is replaced."""

    name: ClassVar[str] = "counterfactual-simulation"
    title: ClassVar[str] = "Counterfactual simulation"
    question: ClassVar[str] = "Can readers foretell what the AI says once a region is replaced?"
    task: ClassVar[str] = "counterfactual-simulation"
