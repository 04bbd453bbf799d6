"""Scores of published questionnaires and the internal consistency of their items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import OneCategory, TooFew, WrongChoice
from evaluation.statistics.questionnaires import Instrument, instrument
from evaluation.statistics.tidy import Numbers, numbers, require_share


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
    rule = instrument(scale)
    values = _answers(rule, answers)
    if weights is not None and not rule.scoring.weighted:
        raise WrongChoice(f"The scale {scale} has no weights.")
    tallies = _tallies(weights, values.shape)
    return pd.Series(_score(rule, values, tallies), index=answers.index, dtype=float)


def subscale_scores(scale: str, answers: pd.DataFrame) -> pd.DataFrame:
    """The mean answer to each part of a scale, as it was given (nothing reversed): one row a person.

    A scale without parts gives a frame without columns. Arguments as those of `scale_score`.
    """
    rule = instrument(scale)
    values = _answers(rule, answers)
    part_of = [item.subscale for item in rule.items]
    means = {
        part: values[:, [place for place, name in enumerate(part_of) if name == part]].mean(axis=1)
        for part in rule.subscales
    }
    return pd.DataFrame(means, index=answers.index)


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


def _answers(rule: Instrument, answers: pd.DataFrame) -> Numbers:
    if answers.shape[1] not in rule.lengths:
        wanted = " or ".join(map(str, rule.lengths))
        raise TooFew(f"The scale {rule.slug} has {wanted} items, not {answers.shape[1]}.")
    values = np.column_stack([numbers(answers, name) for name in answers.columns])
    if np.nanmin(values, initial=rule.low) < rule.low or np.nanmax(values, initial=rule.high) > rule.high:
        raise WrongChoice(f"Answers to the scale {rule.slug} lie between {rule.low:g} and {rule.high:g}.")
    return values


def _tallies(weights: pd.DataFrame | None, shape: tuple[int, ...]) -> Numbers | None:
    if weights is None:
        return None
    tallies = np.column_stack([numbers(weights, name) for name in weights.columns])
    if tallies.shape != shape or not np.allclose(tallies.sum(axis=1), 15.0) or tallies.min() < 0:
        raise WrongChoice("Weights of nasa-tlx are six tallies a person that add up to 15.")
    return tallies


def _score(rule: Instrument, values: Numbers, tallies: Numbers | None) -> Numbers:
    turned = values.copy()
    for place in range(values.shape[1]):
        if rule.items[place].reversed:
            turned[:, place] = rule.low + rule.high - values[:, place]
    if tallies is not None:
        return np.asarray((turned * tallies).sum(axis=1) / tallies.sum(axis=1))
    scoring = rule.scoring
    raw = turned.sum(axis=1) if scoring.source == "sum" else turned.mean(axis=1)
    return np.asarray((raw + scoring.shift) * scoring.factor)
