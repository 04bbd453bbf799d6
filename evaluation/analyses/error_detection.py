"""Whether readers can tell where the AI is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd
from scipy import stats

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import of_task
from evaluation.statistics import clustered_auc
from evaluation.statistics.errors import ThinData

_TRUE = frozenset({"true", "1", "1.0"})


@registry.register
@dataclass(frozen=True)
class ErrorDetectionAnalysis(Analysis):
    """Area under the ROC curve of confidence in the AI against its correctness, by method, with d' and criterion."""

    name: ClassVar[str] = "error-detection"
    title: ClassVar[str] = "Error detection"
    question: ClassVar[str] = "Can readers tell where the AI is right from where it is wrong?"
    model: ClassVar[str] = (
        "Area under the ROC curve of the confidence that the AI is right, by method, percentile bounds by bootstrap of "
        "readers and cases together, Bonferroni over methods; d' and criterion of the answer cut in two, with the "
        "log-linear correction."
    )
    fragile: ClassVar[str] = "An AI that is seldom wrong, which leaves few errors to detect; another cut of confidence."
    assumptions: ClassVar[str] = (
        "Readers and cases are drawn from those one wants to speak of; d' takes the confidence to be normal with "
        "equal variance on both sides. A criterion below 0 leans towards trusting the AI."
    )
    reference: ClassVar[str] = "Macmillan & Creelman 2005; Hautus 1995, Behav Res Methods 27:46"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method", "question", "score", "ai_correct")
    uses: ClassVar[tuple[str, ...]] = ("occurrence",)
    task: ClassVar[str] = "error-detection"

    right_from: float = field(default=3.0, metadata={"help": "The confidence from which an answer says: right."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Method by method."""
        rows = of_task(rows, self.task)
        known = rows[rows["score"].notna() & rows["ai_correct"].notna()]
        if known.empty:
            raise ThinData("No answer is known to be about a right or a wrong call.")
        warn_of_few(known, draft)
        known = known.assign(right=known["ai_correct"].astype(str).str.lower().isin(_TRUE).astype(float))
        methods = sorted(known["method"].astype(str).unique())
        found = []
        for method in methods:
            with draft.allow_thin(f"Errors of the AI with {setting.context.title(method)}"):
                found.append(self._of(method, known[known["method"] == method], len(methods), draft, setting))
        if not found:
            raise ThinData("There are too few right or too few wrong calls.")
        draft.add_table("error detection", pd.DataFrame(found))

    def _of(
        self, method: str, part: pd.DataFrame, methods: int, draft: Draft, setting: Setting
    ) -> dict[str, str | int | float]:
        area = clustered_auc(
            part,
            truth="right",
            score="score",
            clusters=("reader", "case"),
            bootstrap=setting.context.bootstrap,
            seed=setting.seed,
            level=1 - 0.05 / methods,
        )
        interval = Interval(area.estimate, area.low, area.high, null=0.5, comparisons=methods)
        title = setting.context.title(method)
        can = "told where the AI was right" if area.estimate > 0.5 else "trusted the AI where it was wrong"
        draft.weigh(
            f"With {title} readers {can}: area {interval}, 0.5 being a guess.",
            f"Whether readers can tell where the AI is right with {title} is open: area {interval}.",
            f"area under the ROC curve of error detection, {title}",
            interval,
            adjusted="Bonferroni over methods",
        )
        sensitivity, criterion = signal_detection(part["score"] >= self.right_from, part["right"] == 1)
        return {
            "method": method,
            "n": len(part),
            "auc": area.estimate,
            "low": area.low,
            "high": area.high,
            "d_prime": sensitivity,
            "criterion": criterion,
        }


def signal_detection(said: pd.Series, was: pd.Series) -> tuple[float, float]:
    """D' and criterion of yes-no answers, log-linear: half an answer added to each cell, so that none is empty."""
    hits = (float((said & was).sum()) + 0.5) / (float(was.sum()) + 1)
    alarms = (float((said & ~was).sum()) + 0.5) / (float((~was).sum()) + 1)
    high, low = float(stats.norm.ppf(hits)), float(stats.norm.ppf(alarms))
    return high - low, -(high + low) / 2
