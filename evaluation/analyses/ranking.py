"""Which map readers put first when they see several at once, by Plackett and Luce's model of rankings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft, Interval, oriented
from evaluation.analyses.table import controls_of, with_cases
from evaluation.statistics import RankedComparison, plackett_luce
from evaluation.statistics.errors import TooFew
from evaluation.statistics.tidy import numbers

TASKS = ("ranking", "best-worst")


@registry.register
@dataclass(frozen=True)
class RankingAnalysis(Analysis):
    """The worth of each method from the order in which readers put several maps of one case.

    Needs one row a map and ranking: `reader case method` and the map's place, 1 for the best, in `place`, or in
    `answer` where there is no such column. Rows of one reader and case are one ranking; `trial` tells several of them
    apart. A map without a place (the middle ones where only the best and the worst were named) is left out of its
    ranking, which then tells of the others alone.
    """

    name: ClassVar[str] = "ranking"
    title: ClassVar[str] = "Ranking of maps"
    question: ClassVar[str] = "In which order do readers put maps that they see together?"
    model: ClassVar[str] = (
        "Plackett and Luce's model: the best is chosen among all, then the best of those left. Errors are robust to "
        "rankings of one reader hanging together, with t of one less than the readers."
    )
    fragile: ClassVar[str] = (
        "Readers who each prefer another method, which widens the errors; a single reader or case (each is left out in "
        "turn); maps that were never ranked together rest on the others alone."
    )
    assumptions: ClassVar[str] = (
        "Each method has one worth for all readers and cases; how two maps compare does not depend on the others "
        "beside them. Adjusted bounds hold for all pairs at once (Bonferroni). Ties are not allowed."
    )
    reference: ClassVar[str] = "Luce 1959; Plackett 1975; Hunter 2004"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method", "answer")
    uses: ClassVar[tuple[str, ...]] = ("place", "trial", "control", "occurrence")
    task: ClassVar[str] = "ranking"

    def own(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rankings, whole or of the best and the worst alone."""
        return rows[rows["task"].isin(TASKS)] if "task" in rows else rows

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Fit, tabulate, compare all pairs."""
        placed = _placed(self.own(rows))
        warn_of_few(placed, draft)
        fit = _fit(placed, draft)
        contrasts, wide = fit.contrasts("holm"), fit.contrasts("holm", simultaneous=True)
        contrasts["low_adjusted"], contrasts["high_adjusted"] = wide["low"], wide["high"]
        draft.add_table("worth", _worth(fit, placed, controls_of(rows)))
        draft.add_table("places", _places(placed))
        draft.add_table("contrasts", contrasts)
        draft.read(f"{fit.n_rankings} rankings by {placed['reader'].nunique()} readers; worths are log odds.")
        _check_connected(placed, draft)
        self._weigh(contrasts, draft, setting)

    def _weigh(self, contrasts: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        for row in contrasts.to_dict("records"):
            first, second = setting.context.title(row["first"]), setting.context.title(row["second"])
            interval = Interval(row["estimate"], row["low_adjusted"], row["high_adjusted"], comparisons=len(contrasts))
            draft.compare(f"{first} against {second}", interval)
            more, less, gap = oriented(first, second, interval)
            draft.weigh(
                f"Readers put {more} before {less}: log odds {gap}, adjusted for all pairs.",
                f"Whether readers put {first} or {second} first is open: log odds {interval}.",
                f"log odds of putting {more} before {less}",
                gap,
                adjusted="Bonferroni over all pairs",
                p=float(row["p"]),
            )


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with a method and a place, the rankings numbered in `ranking`."""
    asked = with_cases(rows[rows["method"].notna()])
    by_answer = "place" not in asked or not asked["place"].notna().any()
    placed = asked.assign(place=numbers(asked, "answer" if by_answer else "place")).dropna(subset=["place"])
    if placed.empty:
        raise TooFew("No map has been given a place in a ranking.")
    keys = ["reader", "case", *(["trial"] if "trial" in placed else []), "occurrence"]
    return placed.assign(ranking=placed.groupby(keys, observed=True, dropna=False).ngroup())


def _fit(placed: pd.DataFrame, draft: Draft) -> RankedComparison:
    wide = placed.pivot_table(index=["ranking", "reader"], columns="method", values="place", aggfunc="min")
    readers = list(wide.index.get_level_values("reader"))
    if len(set(readers)) > 1:
        return plackett_luce(wide, readers=readers)
    draft.warn("Only one reader ranked maps, so rankings are taken to be independent and nothing is claimed.")
    draft.muted = True
    return plackett_luce(wide)


def _worth(fit: RankedComparison, placed: pd.DataFrame, controls: set[str]) -> pd.DataFrame:
    """Worth against the mean of all methods with bounds, best first, and each method's mean place."""
    frame = fit.worths().reset_index(names="method")
    frame.insert(1, "control", frame["method"].isin(controls))
    frame["mean_place"] = frame["method"].map(placed.groupby("method", observed=True)["place"].mean())
    return frame.sort_values("worth", ascending=False, ignore_index=True)


def _places(placed: pd.DataFrame) -> pd.DataFrame:
    """How often each method was given each place."""
    counts = pd.crosstab(placed["method"], placed["place"].map(lambda place: f"place {place:g}"))
    return counts.rename_axis(columns=None).reset_index()


def _check_connected(placed: pd.DataFrame, draft: Draft) -> None:
    """Whether all pairs of methods were ever ranked together."""
    seen = pd.crosstab(placed["ranking"], placed["method"]).to_numpy() > 0
    together = seen.astype(int).T @ seen.astype(int)
    apart = int((np.triu(together == 0, 1)).sum())
    draft.check(
        "pairs ranked together",
        not apart,
        f"{apart} pairs of methods were never ranked together: they are compared by way of others."
        if apart
        else f"Each pair of methods was ranked together at least {int(together.min())} times.",
    )
