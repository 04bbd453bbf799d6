"""Why maps are wrong, in readers' words: how often each reason is named, by method, and which go together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import pandas as pd

from evaluation.analyses import registry
from evaluation.analyses.base import Analysis, Setting, warn_of_few
from evaluation.analyses.result import Draft
from evaluation.analyses.table import of_task, with_cases
from evaluation.statistics import group_means
from evaluation.statistics.errors import TooFew


@registry.register
@dataclass(frozen=True)
class ReasonCodes(Analysis):
    """The share of a method's maps for which each reason is named, and how often two are named together."""

    name: ClassVar[str] = "reason-codes"
    title: ClassVar[str] = "What readers find wrong"
    question: ClassVar[str] = "Which faults do readers name, by method, and which go together?"
    model: ClassVar[str] = "The share of the judged maps that a reason is named for, bounds resample readers and cases."
    fragile: ClassVar[str] = "Readers name what they look for first: a fault that is not named may still be there."
    assumptions: ClassVar[str] = (
        "Readers and cases are samples of those that matter. Shares are of all maps that were judged, also of those "
        "with which nothing was found wrong; several reasons may be named for a map."
    )
    reference: ClassVar[str] = "Jin et al. 2023 (arXiv:2202.10553); Efron & Tibshirani 1993"
    needs: ClassVar[tuple[str, ...]] = ("reader", "case", "method", "question", "answer")
    uses: ClassVar[tuple[str, ...]] = ("control", "trial")
    task: ClassVar[str] = "reason-codes"

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """Shares by method, then pairs of reasons."""
        asked = with_cases(of_task(rows, self.task))
        asked = asked[asked["answer"].notna() & asked["method"].notna()]
        judged = _named(asked)
        if judged.empty:
            raise TooFew("No map has been judged.")
        warn_of_few(judged, draft)
        reasons = sorted({reason for named in judged["named"] for reason in named})
        if not reasons:
            raise TooFew("No reader found anything wrong.")
        shares = [_shares(judged, reason, setting) for reason in reasons]
        draft.add_table("reasons", pd.concat(shares, ignore_index=True))
        if len(together := _together(judged, reasons)):
            draft.add_table("together", together)
        faulty = sum(bool(named) for named in judged["named"])
        draft.read(f"Something was wrong with {faulty} of {len(judged)} maps that were judged.")


def _named(asked: pd.DataFrame) -> pd.DataFrame:
    """One row a judged map with the reasons that were named, none where nothing was wrong."""
    keys = [name for name in ("reader", "case", "method", "occurrence", "trial") if name in asked]
    judged = asked[asked["question"] == "verdict"].drop_duplicates(keys)
    given = asked[asked["question"] == "reasons"].drop_duplicates(keys)
    joined = judged[keys].merge(given[[*keys, "answer"]], on=keys, how="left")
    return joined.assign(named=joined["answer"].map(_listed))


def _listed(answer: Any) -> tuple[str, ...]:
    return tuple(json.loads(answer)) if isinstance(answer, str) and answer.startswith("[") else ()


def _shares(judged: pd.DataFrame, reason: str, setting: Setting) -> pd.DataFrame:
    given = judged.assign(share=[float(reason in named) for named in judged["named"]])
    means = group_means(
        given, group="method", value="share", clusters=("reader", "case"),
        bootstrap=setting.context.bootstrap, seed=setting.seed,
    )  # fmt: skip
    means = means.reset_index().rename(
        columns={"n": "judged", "mean": "share", "low": "share_low", "high": "share_high"}
    )
    means.insert(0, "reason", reason)
    return means


def _together(judged: pd.DataFrame, reasons: list[str]) -> pd.DataFrame:
    """How often two reasons were named for the same map, by method, beside what chance alone would make of it."""
    rows = []
    for method, own in judged.groupby("method", observed=True):
        counts = {reason: sum(reason in named for named in own["named"]) for reason in reasons}
        for one, two in combinations(reasons, 2):
            both = sum(one in named and two in named for named in own["named"])
            if both:
                rows.append((method, one, two, both, counts[one] * counts[two] / len(own)))
    return pd.DataFrame(rows, columns=["method", "reason", "with", "together", "by_chance"])
