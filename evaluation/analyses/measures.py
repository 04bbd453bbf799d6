"""What was measured of the answers themselves: means of the `answer.<name>` columns, readers and cases resampled."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd

from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft
from evaluation.analyses.table import of_task, with_cases
from evaluation.statistics import group_means
from evaluation.statistics.errors import TooFew

ANSWER_PREFIX = "answer."
ALL = "all"


class MeasuredAnswers(Analysis):
    """Means of some measures of the answers; subclasses name them, and whether methods are told apart in each."""

    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "question", "answer")
    uses: ClassVar[tuple[str, ...]] = ("method", "network", "answer.*")
    #: Each measure, and the column that it is told apart by; none for the mean of all.
    measures: ClassVar[dict[str, str]]

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """One row a measure and group."""
        asked = of_task(rows, self.task)
        asked = with_cases(asked[asked["answer"].notna()])
        warn_of_few(asked, draft)
        parts = [
            self._means(asked, name, by, setting)
            for name, by in self.measures.items()
            if ANSWER_PREFIX + name in asked and asked[ANSWER_PREFIX + name].notna().any()
        ]
        if not parts:
            raise TooFew("Nothing could be measured of the answers: no reference, or no answer.")
        table = pd.concat(parts, ignore_index=True)
        draft.add_table("measures", table)
        draft.read(
            f"{asked['reader'].nunique()} readers and {asked['case'].nunique()} cases; means with 95 % bounds that "
            "resample readers and cases together."
        )

    def _means(self, asked: pd.DataFrame, name: str, by: str, setting: Setting) -> pd.DataFrame:
        column = ANSWER_PREFIX + name
        known = asked[asked[column].notna()]
        known = known.assign(group=known[by].fillna(ALL).astype(str) if by and by in known else ALL)
        means = group_means(
            known,
            group="group",
            value=column,
            clusters=("reader", "case"),
            bootstrap=setting.context.bootstrap,
            seed=setting.seed,
        )
        means = means.reset_index().rename(columns={"n": "answers"})
        means.insert(0, "measure", name)
        return means
