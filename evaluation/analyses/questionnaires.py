"""What readers say of the whole system in published questionnaires, and how consistently."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.analyses import registry
from evaluation.analyses.base import FEWEST, Analysis, Setting
from evaluation.analyses.result import Draft, figure
from evaluation.statistics import cronbach_alpha, instrument, mcdonald_omega, scale_score, subscale_scores
from evaluation.statistics.errors import RepeatedRating, TooFew
from evaluation.statistics.questionnaires import Instrument
from evaluation.statistics.tidy import Numbers, numbers, require_columns


@registry.register
@dataclass(frozen=True)
class Questionnaires(Analysis):
    """Scores of each instrument with their mean, its parts, and the consistency of its items."""

    name: ClassVar[str] = "questionnaires"
    title: ClassVar[str] = "Questionnaires"
    question: ClassVar[str] = "How do readers rate the whole system, and do the items of a scale hang together?"
    model: ClassVar[str] = (
        "The instrument's published score a reader, its mean with Student's bounds; Cronbach's alpha and "
        "McDonald's omega of the items."
    )
    fragile: ClassVar[str] = (
        "Few readers, an order of items that primes, and politeness: a scale is worth little without what readers did."
    )
    assumptions: ClassVar[str] = (
        "Readers are independent. A reader who left an item out has no score. Alpha takes the items to load alike on "
        "one dimension, omega lets them differ. Liking a system is not trust well placed: read this beside reliance."
    )
    reference: ClassVar[str] = "Each instrument's own; Cronbach 1951; McDonald 1999"
    needs: ClassVar[tuple[str, ...]] = ("reader", "instrument", "item", "score")
    uses: ClassVar[tuple[str, ...]] = ("arm", "excluded_by")
    task: ClassVar[str] = "questionnaire"

    by: str = field(default="", metadata={"help": "A column by which readers are parted, for example arm."})

    def examine(self, rows: pd.DataFrame, draft: Draft, setting: Setting) -> None:
        """One instrument after the other."""
        scored: list[_Row] = []
        consistency: list[dict[str, object]] = []
        require_columns(rows, *([self.by] if self.by else []))
        for slug, part in rows.dropna(subset=["instrument"]).groupby("instrument", observed=True):
            rule = instrument(str(slug))
            groups = part.groupby(self.by, observed=True) if self.by else [("", part)]
            for group, members in groups:
                answers = _wide(members, rule)
                scored += _rows(rule, str(group), answers)
            if len(rule.items) > 1:
                with draft.allow_thin(f"{rule.title}, consistency"):
                    consistency.append(_consistency(rule, _wide(part, rule), draft))
            draft.read(f"{rule.title} ({rule.citation}): {rule.reading}")
        if not scored:
            raise TooFew("No row names an instrument.")
        draft.add_table("scores", pd.DataFrame(scored))
        if consistency:
            draft.add_table("consistency", pd.DataFrame(consistency))
        fewest = min(row.n for row in scored)
        if fewest < FEWEST:
            draft.warn(f"Only {fewest} readers have a score: its interval cannot be relied on.")


class _Row(NamedTuple):
    """A score or a part of it: how many readers have it, its mean with bounds."""

    instrument: str
    group: str
    part: str
    n: int
    mean: float
    sd: float
    low: float
    high: float


def _wide(rows: pd.DataFrame, rule: Instrument) -> pd.DataFrame:
    """One row a reader, one column an item, in the published order."""
    if rows.duplicated(["reader", "item"]).any():
        raise RepeatedRating(f"A reader answered an item of {rule.title} twice.")
    asked = rows.assign(item=numbers(rows, "item").astype(int), score=numbers(rows, "score"))
    length = max(int(asked["item"].max()), rule.shortest)
    return asked.pivot(index="reader", columns="item", values="score").reindex(columns=range(1, length + 1))


def _rows(rule: Instrument, group: str, answers: pd.DataFrame) -> list[_Row]:
    parts = {"score": scale_score(rule.slug, answers)}
    if answers.shape[1] == len(rule.items):
        parts |= {str(name): column for name, column in subscale_scores(rule.slug, answers).items()}
    return [
        _Row(rule.slug, group, name, *_mean(numbers(values.to_frame(name), name))) for name, values in parts.items()
    ]


def _mean(values: Numbers) -> tuple[int, float, float, float, float]:
    """How many, mean, standard deviation, and Student's bounds of the mean."""
    values = values[~np.isnan(values)]
    n = len(values)
    if n == 0:
        return 0, np.nan, np.nan, np.nan, np.nan
    middle, spread = float(values.mean()), float(values.std(ddof=1)) if n > 1 else np.nan
    reach = float(stats.t.isf(0.025, n - 1)) * spread / np.sqrt(n) if n > 1 else np.nan
    return n, middle, spread, middle - reach, middle + reach


def _consistency(rule: Instrument, answers: pd.DataFrame, draft: Draft) -> dict[str, object]:
    turned = answers.copy()
    for place, name in enumerate(turned.columns):
        if rule.items[place].reversed:
            turned[name] = rule.low + rule.high - turned[name]
    alpha = cronbach_alpha(turned)
    found: dict[str, object] = {"instrument": rule.slug, "readers": alpha.n_persons, "alpha": alpha.estimate}
    found |= {"low": alpha.low, "high": alpha.high, "omega": np.nan}
    with draft.allow_thin(f"{rule.title}, omega"):
        found["omega"] = mcdonald_omega(turned).estimate
    draft.read(f"{rule.title}: alpha {figure(alpha.estimate)} over {alpha.n_persons} readers.")
    return found
