"""Scores of published questionnaires and the internal consistency of their items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import OneCategory, TooFew, WrongChoice
from evaluation.statistics.tidy import Numbers, numbers, require_choice, require_share


@dataclass(frozen=True)
class _Scale:
    """How many items a scale has, the range of an answer, which items (from 1) are reversed, and what is reported."""

    items: tuple[int, ...]
    low: float
    high: float
    reversed: tuple[int, ...] = ()


_SCALES = {
    "sus": _Scale((10,), 1, 5, (2, 4, 6, 8, 10)),
    "nasa-tlx": _Scale((6,), 0, 100),
    "jian": _Scale((12,), 1, 7, (1, 2, 3, 4, 5)),
    "toast": _Scale((9,), 1, 7),
    "explanation-satisfaction": _Scale((8, 9), 1, 5),
    "system-causability": _Scale((10,), 1, 5),
}


@dataclass(frozen=True)
class Consistency:
    """A reliability coefficient with its bounds; `dropped` persons left an item out."""

    estimate: float
    low: float
    high: float
    n_persons: int
    n_items: int
    dropped: int


def scale_score(scale: str, answers: pd.DataFrame, *, weights: pd.DataFrame | None = None) -> pd.Series[float]:
    """One score a person: a row of answers each, the scale's items as columns in their published order.

    `sus` 0 to 100 (Brooke 1996); `nasa-tlx` 0 to 100, the plain mean, or with `weights` (tallies of the 15 pairwise
    choices, one row a person) the weighted one (Hart & Staveland 1988); `jian` 1 to 7, the five distrust items
    reversed (Jian et al. 2000); `toast` 1 to 7 (Wojton et al. 2020); `explanation-satisfaction` 1 to 5 (Hoffman et al.
    2018); `system-causability` 0.2 to 1 (Holzinger et al. 2020). A person who left an item out has no score (NaN).
    """
    require_choice("scale", scale, tuple(_SCALES))
    rule = _SCALES[scale]
    values = _answers(scale, rule, answers)
    if weights is not None and scale != "nasa-tlx":
        raise WrongChoice(f"The scale {scale} has no weights.")
    turned = values.copy()
    for item in rule.reversed:
        turned[:, item - 1] = rule.low + rule.high - values[:, item - 1]
    return pd.Series(_score(scale, turned, _tallies(weights, values.shape)), index=answers.index, dtype=float)


def cronbach_alpha(items: pd.DataFrame, *, level: float = 0.95) -> Consistency:
    """Cronbach's alpha of items (columns) over persons (rows), reversed items turned beforehand; Feldt's bounds.

    Assumes items of one dimension with equal loadings; it then is the reliability of their sum.
    Source: Cronbach 1951; Feldt, Woodruff & Salih 1987.
    """
    require_share("level", level)
    kept = complete_answers(items)
    n, k = kept.shape
    if n < 2 or k < 2:
        raise TooFew("Internal consistency needs two items and two persons who answered both.")
    total = float(kept.sum(axis=1).var(ddof=1))
    if total == 0:
        raise OneCategory("All persons have the same sum, so consistency is not defined.")
    alpha = k / (k - 1) * (1.0 - float(kept.var(axis=0, ddof=1).sum()) / total)
    df1, df2 = n - 1, (n - 1) * (k - 1)
    low = 1.0 - (1.0 - alpha) * float(stats.f.ppf((1.0 + level) / 2.0, df1, df2))
    high = 1.0 - (1.0 - alpha) * float(stats.f.ppf((1.0 - level) / 2.0, df1, df2))
    return Consistency(alpha, low, high, n, k, len(items) - n)


def complete_answers(items: pd.DataFrame) -> Numbers:
    """The rows of persons who answered every item, as numbers `(persons, items)`."""
    table = np.column_stack([numbers(items, name) for name in items.columns]) if items.shape[1] else np.zeros((0, 0))
    return table[~np.isnan(table).any(axis=1)] if table.size else table


def _answers(scale: str, rule: _Scale, answers: pd.DataFrame) -> Numbers:
    if answers.shape[1] not in rule.items:
        wanted = " or ".join(map(str, rule.items))
        raise TooFew(f"The scale {scale} has {wanted} items, not {answers.shape[1]}.")
    values = np.column_stack([numbers(answers, name) for name in answers.columns])
    if np.nanmin(values, initial=rule.low) < rule.low or np.nanmax(values, initial=rule.high) > rule.high:
        raise WrongChoice(f"Answers to the scale {scale} lie between {rule.low:g} and {rule.high:g}.")
    return values


def _tallies(weights: pd.DataFrame | None, shape: tuple[int, ...]) -> Numbers | None:
    if weights is None:
        return None
    tallies = np.column_stack([numbers(weights, name) for name in weights.columns])
    if tallies.shape != shape or not np.allclose(tallies.sum(axis=1), 15.0) or tallies.min() < 0:
        raise WrongChoice("Weights of nasa-tlx are six tallies a person that add up to 15.")
    return tallies


def _score(scale: str, values: Numbers, tallies: Numbers | None) -> Numbers:
    if scale == "sus":
        return np.asarray((values - 1.0).sum(axis=1) * 2.5)
    if scale == "system-causability":
        return np.asarray(values.sum(axis=1) / 50.0)
    if tallies is not None:
        return np.asarray((values * tallies).sum(axis=1) / 15.0)
    return np.asarray(values.mean(axis=1))
