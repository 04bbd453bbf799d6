"""Whether readers' ratings tell right from wrong advice: trust that follows correctness."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval
from evaluation.analyses.table import ratings_of
from evaluation.statistics import clustered_auc
from evaluation.statistics.errors import TooFew


@registry.register
@dataclass(frozen=True)
class TrustCalibration(Analysis):
    """The area under the ROC curve of ratings against the correctness of the network's answer."""

    name: ClassVar[str] = "trust-calibration"
    title: ClassVar[str] = "Ratings against correctness"
    question: ClassVar[str] = "Are maps of right answers rated higher than maps of wrong ones?"
    model: ClassVar[str] = (
        "How well readers' stated confidence or trust tells right from wrong answers of the AI: area under the "
        "ROC curve with clustered bounds."
    )
    fragile: ClassVar[str] = (
        "An AI that is nearly always right or wrong on the shown cases leaves nothing to tell apart; another "
        "wording of trust."
    )
    assumptions: ClassVar[str] = (
        "The network's answers are right or wrong; an area of 0.5 means that ratings tell nothing. Bounds resample "
        "readers and cases together; claims are adjusted for the number of methods (Bonferroni)."
    )
    reference: ClassVar[str] = "Jin et al. 2023 (informative plausibility); DeLong et al. 1988"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method", "question", "score", "ai_correct")

    outcome: str = field(default="coverage", metadata={"help": "The question whose scores are compared."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Overall and per method."""
        ratings = ratings_of(rows, self.outcome)
        ratings = ratings[ratings["ai_correct"].notna()]
        if ratings.empty:
            raise TooFew("No rating is of a map whose answer is known to be right or wrong.")
        warn_of_few(ratings, draft)
        ratings = ratings.assign(ai_correct=ratings["ai_correct"].map(_as_number))
        parts: list[tuple[str, pd.DataFrame]] = [("all methods", ratings)]
        parts += [(str(name), part) for name, part in ratings.groupby("method", observed=True)]
        table = pd.DataFrame(
            [self._row(part, chosen, max(1, len(parts) - 1), draft, setting) for part, chosen in parts]
        )
        draft.add_table("trust-calibration", table)

    def _row(self, part: str, rows: pd.DataFrame, family: int, draft: Draft, setting: Setting) -> dict[str, object]:
        title = setting.context.title(part)
        row: dict[str, object] = {"method": part, "auc": np.nan, "low": np.nan, "high": np.nan}
        row |= {"right": int((rows["ai_correct"] == 1).sum()), "wrong": int((rows["ai_correct"] == 0).sum())}
        with draft.allow_thin(title):
            plain, wide = (
                clustered_auc(
                    rows,
                    truth="ai_correct",
                    score="score",
                    clusters=("reader", "case"),
                    bootstrap=setting.context.bootstrap,
                    seed=setting.seed,
                    level=level,
                )
                for level in (0.95, 1.0 - 0.05 / family)
            )
            row |= {"auc": plain.estimate, "low": plain.low, "high": plain.high}
            adjust = part != "all methods"
            chosen = wide if adjust else plain
            interval = Interval(chosen.estimate, chosen.low, chosen.high, null=0.5)
            way = "higher" if chosen.estimate > 0.5 else "lower"
            draft.weigh(
                f"Readers rated maps of {title} {way} where the network was right: area {interval}.",
                f"Whether ratings of {title} tell right from wrong answers is open: area {interval}.",
                f"area under the ROC curve of ratings against correctness, {title}",
                interval,
                adjusted=f"Bonferroni over {family} methods" if adjust else "",
            )
        return row


def _as_number(value: object) -> float:
    if isinstance(value, str):
        return float(value.strip().lower() in ("true", "1", "1.0", "yes"))
    return float(bool(value))
