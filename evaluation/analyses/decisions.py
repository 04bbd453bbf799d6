"""Decisions of the diagnosis task: what readers answered first and finally, with truth and advice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.analyses.table import of_task, with_cases
from evaluation.statistics.errors import TooFew
from evaluation.statistics.tidy import Numbers, numbers


def answers_of(rows: pd.DataFrame, *, advised: bool = True) -> pd.DataFrame:
    """One row a decision with numbers in `truth`, `initial` and `final`, and a label in `arm`; raises TooFew if none.

    First and final answers may stand on one row or on rows of their own. `advised` keeps those with `advice` alone.
    """
    asked = with_cases(of_task(rows, "diagnosis"))
    needed = ["truth", "initial", "final", *(["advice"] if advised else [])]
    if {"initial", "final"} <= set(asked.columns) and asked[["initial", "final"]].notna().all(axis=1).any():
        asked = asked[asked["question"] == "decision"] if (asked["question"] == "decision").any() else asked
        found = asked.dropna(subset=needed)
    else:
        found = _joined(asked).dropna(subset=needed)
    if found.empty:
        raise TooFew("No decision has a reference standard, an advice, a first and a final answer.")
    arm = "arm" if "arm" in found else "method"
    labels = found[arm].fillna("no arm").astype(str) if arm in found else "no arm"
    figures = {name: numbers(found.astype({name: float}), name) for name in needed}
    return found.assign(arm=labels, **figures)


def decided(answers: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The same decisions with answers cut into 0 and 1: probabilities count as 1 from the threshold on."""
    both = answers[["initial", "final"]].to_numpy(dtype=np.float64)
    if np.isin(both, (0.0, 1.0)).all():
        return answers
    return answers.assign(**{name: _cut(answers, name, threshold) for name in ("initial", "final")})


def _cut(answers: pd.DataFrame, name: str, threshold: float) -> Numbers:
    return (answers[name].to_numpy(dtype=np.float64) >= threshold).astype(np.float64)


def _joined(asked: pd.DataFrame) -> pd.DataFrame:
    """First and final answers that stand on rows of their own, put side by side."""
    keys = [name for name in ("reader", "case", "arm", "method", "occurrence") if name in asked]
    keys = [name for name in keys if asked[name].notna().any()]
    first, last = (asked[asked["question"] == name] for name in ("initial", "final"))
    if first.empty or last.empty:
        raise TooFew("No decision has both a first and a final answer.")
    column = "answer" if "answer" in asked else "score"
    left = first.drop(columns=["initial", "final"], errors="ignore").drop_duplicates(keys)
    right = last[[*keys, column]].drop_duplicates(keys).rename(columns={column: "final"})
    return left.rename(columns={column: "initial"}).merge(right, on=keys)
