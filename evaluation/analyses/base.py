"""What an analysis is: a question put to the long table of a study, answered with intervals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pandas as pd

from evaluation.analyses.changes import few_enough, tell_included, tell_left_out, tell_margins
from evaluation.analyses.result import AnalysisResult, Draft, Interval
from evaluation.analyses.table import completed, of_task
from evaluation.statistics.errors import StatisticsError
from evaluation.statistics.tidy import numbers, require_columns

FEW = 10
FEWEST = 5


@dataclass(frozen=True)
class AnalysisContext:
    """What the table does not say: which metrics are better when higher, and how to name methods and metrics.

    `directions` maps a metric's name (without `metric.`) to `higher_is_better`; a metric that is not in it is taken to
    be better when higher, and the analysis warns. `titles` maps methods and metrics to what sentences call them.
    `leave_out` tries what the conclusions are without each reader and each case.
    """

    directions: Mapping[str, bool] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    bootstrap: int = 2000
    leave_out: bool = True

    def title(self, name: object) -> str:
        """What sentences call a method or a metric."""
        return self.titles.get(str(name), str(name))


@dataclass(frozen=True)
class Setting:
    """How an analysis is run: its context and the seed of whatever it draws."""

    seed: int
    context: AnalysisContext


class Analysis(ABC):
    """A registered analysis; fields of the dataclass are its parameters.

    `needs` names the columns without which it cannot be asked at all, `task` whose answers it reads; data that are
    merely thin give a result whose warnings say what is missing.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    question: ClassVar[str]
    #: What is estimated, and how.
    model: ClassVar[str]
    #: What would change the conclusion.
    fragile: ClassVar[str]
    assumptions: ClassVar[str]
    reference: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method", "question", "score")
    #: Columns that it reads where the table has them, beside `columns.COMMON`.
    uses: ClassVar[tuple[str, ...]] = ("control", "occurrence")
    task: ClassVar[str] = "usefulness"
    #: Whether trials that came a second time, to see how far a reader agrees with themselves, are part of it.
    repeats: ClassVar[bool] = False

    def analyse(self, table: pd.DataFrame, *, seed: int = 0, context: AnalysisContext | None = None) -> AnalysisResult:
        """Analyse the rows that no exclusion rule took out; ValueError if a column is missing."""
        draft = Draft()
        if self._is_of_other_tasks(table):
            draft.warn(f"The table has no answers of the task {self.task!r}, so there is nothing to analyse.")
            return self._result(draft)
        require_columns(table, *self.needs)
        rows = self._kept(table, draft)
        if "score" in self.needs:
            rows = rows.assign(score=numbers(rows, "score"))
        setting = Setting(seed, context or AnalysisContext())
        if rows.empty:
            draft.warn("There are no rows to analyse.")
        else:
            with draft.allow_thin("The data do not suffice"):
                self.examine(rows, draft, setting)
                self._tell_changes(rows, table, draft, setting)
        return self._result(draft)

    @abstractmethod
    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Fill the draft from the rows; raise ThinData where nothing can be said."""

    def compared(self, rows: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
        """The comparisons that `examine` enters by `draft.compare`, of other rows: nothing where those are too thin."""
        draft = Draft()
        with draft.allow_thin("The data do not suffice"):
            self.examine(rows, draft, replace(setting, context=replace(setting.context, bootstrap=0)))
        return draft.compared

    def compared_without(
        self, rows: pd.DataFrame, column: str, setting: Setting
    ) -> Iterator[tuple[str, dict[str, Interval]]]:
        """The same without each reader (or case) in turn."""
        for level in sorted(rows[column].dropna().unique()):
            yield str(level), self.compared(rows[rows[column] != level], setting)

    def own(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of the tasks that the analysis is about."""
        return of_task(rows, self.task)

    def _is_of_other_tasks(self, table: pd.DataFrame) -> bool:
        require_columns(table)
        return "task" in table and self.own(table).empty

    def _result(self, draft: Draft) -> AnalysisResult:
        return AnalysisResult(
            name=self.name,
            title=self.title,
            question=self.question,
            tables=draft.tables,
            reading=tuple(draft.reading),
            warnings=tuple(draft.warnings),
            findings=tuple(draft.findings),
            open_questions=tuple(draft.open_questions),
            tests=tuple(draft.tests),
            checks=tuple(draft.checks),
            changes=tuple(draft.changes),
        )

    def _of_purpose(self, table: pd.DataFrame, draft: Draft) -> pd.DataFrame:
        """Without catch trials, foils and practice; without repeats where they are none of this analysis."""
        if "purpose" not in table:
            return table
        asked = table["purpose"].isin(["ordinary", "repeat"])
        if not asked.all():
            draft.warn(f"{int((~asked).sum())} rows of catch trials, foils or practice are left out.")
        return table[asked if self.repeats else asked & (table["purpose"] != "repeat")]

    def _kept(self, table: pd.DataFrame, draft: Draft) -> pd.DataFrame:
        filled = self._of_purpose(completed(table), draft)
        excluded = filled["excluded_by"] != ""
        if excluded.any():
            draft.warn(f"{int(excluded.sum())} of {len(filled)} rows are left out by exclusion rules.")
        for column, what in (
            ("study", "studies"),
            ("run_kind", "kinds of run"),
            ("protocol_hash", "protocol versions"),
        ):
            if column in filled and filled.loc[~excluded, column].nunique() > 1:
                names = ", ".join(sorted(map(str, filled.loc[~excluded, column].dropna().unique())))
                draft.warn(f"Rows of different {what} are analysed together: {names}.")
        return filled[~excluded]

    def _tell_changes(self, rows: pd.DataFrame, table: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """What would change the conclusion of the comparisons that `examine` entered."""
        if draft.muted or not draft.compared:
            return
        tell_margins(draft)
        rows = self.own(rows)
        for column in ("reader", "case") if setting.context.leave_out else ():
            if column in rows and few_enough(rows[column].dropna().unique()):
                tell_left_out(draft, column, self.compared_without(rows, column, setting))
        try:
            excluded = self._excluded(table)
            counted = self.compared(pd.concat([rows, excluded]), setting) if len(excluded) else {}
        except StatisticsError:  # what was taken out need not be readable
            return
        if len(excluded):
            tell_included(draft, len(excluded), counted)

    def _excluded(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of the analysis's task that an exclusion rule took out."""
        filled = self._of_purpose(completed(table), Draft())
        taken = self.own(filled[filled["excluded_by"] != ""])
        return taken.assign(score=numbers(taken, "score")) if "score" in self.needs else taken


def warn_of_few(rows: pd.DataFrame, draft: Draft, *, mute: bool = True) -> None:
    """Say that intervals are too narrow where readers or cases are few; where they are very few, claim nothing."""
    for column, what in (("reader", "reader"), ("case", "case")):
        count = rows[column].nunique()
        enough = "which its methods need" if count >= FEW else f"fewer than the {FEW} that its methods need"
        draft.check(f"enough {what}s", count >= FEW, f"There are {count} {what}{'' if count == 1 else 's'}, {enough}.")
        many = f"Only {count} {what}{'' if count == 1 else 's'}"
        if count < FEWEST:
            draft.warn(f"{many}: the intervals cannot be relied on" + (", so nothing is claimed." if mute else "."))
            draft.muted = draft.muted or mute
        elif count < FEW:
            draft.warn(f"{many}: the intervals are likely too narrow.")
