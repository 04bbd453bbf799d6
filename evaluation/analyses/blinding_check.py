"""Whether readers knew what they were shown: Bang's index of each technique, and James' of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval, figure
from evaluation.statistics import blinding_index
from evaluation.statistics.errors import TooFew


@registry.register
@dataclass(frozen=True)
class BlindingCheck(Analysis):
    """Guesses of the technique behind a map against the technique that it was."""

    name: ClassVar[str] = "blinding-check"
    title: ClassVar[str] = "Blinding check"
    question: ClassVar[str] = "Did readers know which technique made the map that they saw?"
    model: ClassVar[str] = (
        "Bang's index by technique (right guesses less the wrong ones' share by chance) and James' over all; bounds by "
        "resampling readers."
    )
    fragile: ClassVar[str] = (
        "Few readers; readers who say out of caution that they do not know; techniques that look alike, which are "
        "rightly confused."
    )
    assumptions: ClassVar[str] = (
        "Readers are independent and guess in earnest. An index near 0 says that guesses were no better than chance, "
        "not that nothing could be seen."
    )
    reference: ClassVar[str] = "Bang, Ni & Davis 2004; James et al. 1996"
    needs: ClassVar[tuple[str, ...]] = ("reader", "method", "question", "answer")
    uses: ClassVar[tuple[str, ...]] = ("technique", "excluded_by")
    task: ClassVar[str] = "blinding-check"

    asked: str = field(default="technique", metadata={"help": "The question that asks for the technique."})
    unknown: str = field(default="unknown", metadata={"help": "The answer of who does not know."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """The guesses, one a trial; the truth is the column `technique`, or the method where there is none."""
        truth = "technique" if "technique" in rows else "method"
        guesses = rows[rows["question"] == self.asked].dropna(subset=["answer", truth])
        if guesses.empty:
            raise TooFew("Nobody was asked which technique made a map.")
        warn_of_few(guesses.assign(case=guesses.get("case", "")), draft, mute=True)
        several = guesses["reader"].nunique() > 1
        found = blinding_index(
            guesses,
            arm=truth,
            guess="answer",
            unknown=self.unknown,
            rater="reader" if several else None,
            bootstrap=setting.context.bootstrap if several else 0,
            seed=setting.seed,
        )
        draft.add_table("bang", found.arms)
        james = {"estimate": found.james, "low": found.james_low, "high": found.james_high, "guesses": found.n}
        draft.add_table("james", pd.DataFrame([james]))
        draft.read(
            f"James' index is {figure(found.james)} ({figure(found.james_low)} to {figure(found.james_high)}): 1 where "
            "nobody knew, 0.5 for random guesses, 0 where all knew."
        )
        for name, row in found.arms.iterrows():
            title = setting.context.title(name)
            interval = Interval(float(row["estimate"]), float(row["low"]), float(row["high"]))
            did = "knew" if row["estimate"] > 0 else "took for something else"
            draft.weigh(
                f"Readers {did} {title}: Bang's index {interval}.",
                f"Whether readers knew {title} is open: Bang's index {interval}.",
                str(name),
                interval,
            )
