"""Whether readers follow right advice and withstand wrong advice, arm by arm."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.decisions import answers_of, decided
from evaluation.analyses.result import Draft, Interval, oriented
from evaluation.statistics import ThinData, reliance, reliance_contrasts, reliance_intervals

_NAMES: dict[str, Any] = {"truth": "truth", "advice": "advice", "initial": "initial", "final": "final"}
_SENTENCES = {
    "rair": "relative reliance on right advice (switched to it after a wrong first answer)",
    "rsr": "relative self-reliance (stayed right against wrong advice)",
    "accuracy_gain": "gain in accuracy from first to final answer",
}

#: A share of fewer decisions than this is hardly known.
FEWEST_DECISIONS = 20
_SHORT = {"rair": "reliance on right advice", "rsr": "self-reliance", "accuracy_gain": "gain in accuracy"}


@registry.register
@dataclass(frozen=True)
class RelianceAnalysis(Analysis):
    """RAIR, RSR, over- and under-reliance and switches per arm, and the arms against each other."""

    name: ClassVar[str] = "reliance"
    title: ClassVar[str] = "Reliance on advice"
    question: ClassVar[str] = "Do readers follow right advice and withstand wrong advice?"
    model: ClassVar[str] = (
        "Shares of decisions by whether the advice was right and what was answered first, bounds by bootstrap of "
        "readers and cases; arms compared by the differences of shares with two-way clustered jackknife errors and t."
    )
    fragile: ClassVar[str] = (
        "Another threshold for a yes; cases in which the AI is seldom wrong, which leave few decisions to "
        "withstand it; readers whom their own first answer anchors."
    )
    assumptions: ClassVar[str] = (
        "A first answer was given before the advice was seen, which itself anchors. Probabilities count as positive "
        "from the threshold on. Bounds of shares resample readers and cases together, which is conservative; those of "
        "differences between arms allow decisions of a reader, and of a case, to hang together (t "
        "with the degrees of freedom of the rarer of both) and hold for all pairs and measures at once (Bonferroni)."
    )
    reference: ClassVar[str] = "Schemmer et al. 2023; Cameron, Gelbach & Miller 2011"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "question", "truth", "advice")
    uses: ClassVar[tuple[str, ...]] = ("arm", "method", "initial", "final", "answer", "occurrence")
    task: ClassVar[str] = "diagnosis"

    threshold: float = field(default=50.0, metadata={"help": "The probability (0 to 100) from which an answer is yes."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Per arm and overall; arms against each other."""
        decisions = decided(answers_of(rows), self.threshold)
        warn_of_few(decisions, draft)
        shared = {"reader": "reader", "case": "case", "bootstrap": setting.context.bootstrap, "seed": setting.seed}
        parts: list[tuple[str, pd.DataFrame]] = [("all arms", decisions)]
        if decisions["arm"].nunique() > 1:
            parts += [(str(name), part) for name, part in decisions.groupby("arm", observed=True)]
        tables = []
        for arm, part in parts:
            table = reliance_intervals(part, **_NAMES, **shared).reset_index()  # type: ignore[arg-type]
            table.insert(0, "arm", arm)
            tables.append(table)
            self._read(arm, part, table, len(parts), draft, setting)
        draft.add_table("reliance", pd.concat(tables, ignore_index=True))
        if len(parts) > 1:
            contrasts = reliance_contrasts(decisions, group="arm", **_NAMES, reader="reader", case="case")
            draft.add_table("contrasts", contrasts)
            self._weigh(contrasts, draft, setting)

    def compared(self, rows: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
        """The contrasts of arms alone."""
        try:
            decisions = decided(answers_of(rows), self.threshold)
            contrasts = reliance_contrasts(decisions, group="arm", **_NAMES, reader="reader", case="case")
        except ThinData:
            return {}
        return _intervals(contrasts, setting)

    def _read(
        self, arm: str, part: pd.DataFrame, table: pd.DataFrame, n_arms: int, draft: Draft, setting: Setting
    ) -> None:
        point = reliance(part, **_NAMES)
        title = setting.context.title(arm)
        _check_counts(title, point.counts, draft)
        draft.read(
            f"{title}: followed right advice in {point.counts['switched_to_right_advice']} of "
            f"{point.counts['right_advice_wrong_initial']} decisions that began wrong, withstood wrong advice in "
            f"{point.counts['stayed_right']} of {point.counts['wrong_advice_right_initial']} that began right; "
            f"{point.helpful_switches} helpful and {point.harmful_switches} harmful switches."
        )
        row = table[table["measure"] == "accuracy_gain"].iloc[0]
        interval = Interval(float(row["estimate"]), float(row["low"]), float(row["high"]))
        way = "raised" if interval.estimate > 0 else "lowered"
        draft.weigh(
            f"In {title} the advice {way} accuracy: gain {interval}.",
            f"Whether the advice changed accuracy in {title} is open: gain {interval}.",
            f"gain in accuracy, {title}",
            interval,
        )

    def _weigh(self, contrasts: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        intervals = _intervals(contrasts, setting)
        for (name, interval), row in zip(intervals.items(), contrasts.to_dict("records"), strict=True):
            draft.compare(name, interval)
            first, second = setting.context.title(row["first"]), setting.context.title(row["second"])
            more, less, gap = oriented(first, second, interval)
            what = _SENTENCES[row["measure"]]
            draft.weigh(
                f"{more} has a larger {what} than {less}: difference {gap}, adjusted for all comparisons.",
                f"Whether {first} and {second} differ in {what} is open: difference {interval}.",
                f"difference in {row['measure']}, {more} against {less}",
                gap,
                adjusted="Bonferroni over all pairs of arms and measures",
                p=float(row["p"]),
            )


def _check_counts(title: str, counts: dict[str, int], draft: Draft) -> None:
    """Whether the shares rest on enough decisions."""
    right, wrong = counts["right_advice_wrong_initial"], counts["wrong_advice_right_initial"]
    enough = min(right, wrong) >= FEWEST_DECISIONS
    draft.check(
        "enough decisions",
        enough,
        f"{title}: {right} decisions could show reliance on right advice and {wrong} self-reliance"
        + ("." if enough else f"; with fewer than {FEWEST_DECISIONS} a share is hardly known."),
    )


def _intervals(contrasts: pd.DataFrame, setting: Setting) -> dict[str, Interval]:
    """The contrasts by what they compare."""
    title = setting.context.title
    return {
        f"{_SHORT[row['measure']]}, {title(row['first'])} less {title(row['second'])}": Interval(
            row["estimate"], row["low"], row["high"], comparisons=len(contrasts)
        )
        for row in contrasts.to_dict("records")
    }
