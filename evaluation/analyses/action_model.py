"""Whether maps change what readers would do, by the ordinal mixed model of usefulness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Setting
from evaluation.analyses.result import Draft
from evaluation.analyses.table import ratings_of
from evaluation.analyses.usefulness_model import UsefulnessModel
from evaluation.statistics import group_means


@registry.register
@dataclass(frozen=True)
class ActionModel(UsefulnessModel):
    """The usefulness model of what readers would do, beside their mean answers where the AI is right and wrong."""

    name: ClassVar[str] = "action-model"
    title: ClassVar[str] = "Use in practice by method"
    question: ClassVar[str] = "With which explanations would readers change management, or act without further review?"
    fragile: ClassVar[str] = (
        "What readers say they would do is not what they do. A method that makes readers act on wrong results is worse "
        "for it, not better: see the means where the AI is wrong. " + UsefulnessModel.fragile
    )
    reference: ClassVar[str] = "Tutz & Hennevogl 1996; Barr et al. 2013; Tonekaboni et al. 2019"
    uses: ClassVar[tuple[str, ...]] = (*UsefulnessModel.uses, "ai_correct")
    task: ClassVar[str] = "action"

    outcome: str = field(default="act", metadata={"help": "The question whose scores are modelled: act or change."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """The means by what the AI got right, then the model."""
        ratings = ratings_of(rows, self.outcome, task=self.task)
        if "ai_correct" in ratings and ratings["ai_correct"].notna().any():
            known = ratings[ratings["ai_correct"].notna()]
            right = known["ai_correct"].astype(str).str.lower().isin(["true", "1", "1.0"])
            known = known.assign(group=known["method"].astype(str) + right.map({True: "|right", False: "|wrong"}))
            means = group_means(
                known, group="group", value="score", clusters=("reader", "case"),
                bootstrap=setting.context.bootstrap, seed=setting.seed,
            )  # fmt: skip
            parts = means.reset_index()["group"].str.rsplit("|", n=1, expand=True)
            means = means.reset_index(drop=True)
            means.insert(0, "method", parts[0])
            means.insert(1, "AI", parts[1])
            draft.add_table("right-and-wrong", means.rename(columns={"n": "ratings"}))
        super().examine(rows, draft, setting)
