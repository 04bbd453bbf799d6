"""Intraclass correlations: how much of the spread of ratings is that between the rated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import OneCategory, RepeatedRating, TooFew
from evaluation.statistics.tidy import Numbers, numbers, require_columns, require_share

FORMS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")


@dataclass(frozen=True)
class Intraclass:
    """The six forms (index) with `estimate low high f df1 df2 p`; `dropped` subjects lacked a rating."""

    table: pd.DataFrame
    n_subjects: int
    n_raters: int
    dropped: int


@dataclass(frozen=True)
class _Squares:
    """Mean squares of a complete table of subjects and raters."""

    subjects: float
    within: float
    raters: float
    error: float
    n: int
    k: int


def icc(data: pd.DataFrame, *, subject: str, rater: str, score: str, level: float = 0.95) -> Intraclass:
    """The six intraclass correlations of Shrout & Fleiss, one row a rating.

    (1,.) raters differ from subject to subject; (2,.) raters are drawn and their level counts (agreement); (3,.)
    raters are fixed and their level does not (consistency); (.,k) the mean of all raters. Subjects that lack a rating
    are dropped and counted. Assumes normal, homogeneous errors. Source: Shrout & Fleiss 1979; McGraw & Wong 1996.
    """
    require_columns(data, subject, rater, score)
    require_share("level", level)
    kept = data.assign(**{score: numbers(data, score)}).dropna(subset=[subject, rater, score])
    if kept.duplicated([subject, rater]).any():
        raise RepeatedRating("A rater rated the same subject more than once.")
    wide = kept.pivot(index=subject, columns=rater, values=score)
    full = wide.dropna()
    if full.shape[0] < 2 or full.shape[1] < 2:
        raise TooFew("Intraclass correlations need two raters and two subjects that all of them rated.")
    values = full.to_numpy(dtype=np.float64)
    if np.ptp(values) == 0:
        raise OneCategory("All ratings are equal, so there is no spread to share out.")
    squares = _squares(values)
    rows = [*_single(squares, level), *_mean(squares, level)]
    table = pd.DataFrame(rows, index=pd.Index(FORMS, name="form"))
    return Intraclass(table, len(full), full.shape[1], int(data[subject].nunique()) - len(full))


def _squares(values: Numbers) -> _Squares:
    n, k = values.shape
    grand = values.mean()
    subjects = k * float(((values.mean(axis=1) - grand) ** 2).sum())
    raters = n * float(((values.mean(axis=0) - grand) ** 2).sum())
    within = float(((values - values.mean(axis=1, keepdims=True)) ** 2).sum())
    error = max(within - raters, 0.0)
    return _Squares(subjects / (n - 1), within / (n * (k - 1)), raters / (k - 1), error / ((n - 1) * (k - 1)), n, k)


def _row(estimate: float, low: float, high: float, f: float, df1: float, df2: float) -> dict[str, float]:
    p = float(stats.f.sf(f, df1, df2))
    return {"estimate": estimate, "low": low, "high": high, "f": f, "df1": df1, "df2": df2, "p": p}


def _tests(s: _Squares) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """F of the one-way and of the two-way table with their degrees of freedom."""
    one = (s.subjects / s.within, s.n - 1.0, s.n * (s.k - 1.0))
    two = (s.subjects / s.error if s.error > 0 else np.inf, s.n - 1.0, (s.n - 1.0) * (s.k - 1.0))
    return one, two


def _f_bounds(test: tuple[float, float, float], level: float) -> tuple[float, float]:
    """F divided and multiplied by its quantiles."""
    f, df1, df2 = test
    tail = (1.0 + level) / 2.0
    return f / float(stats.f.ppf(tail, df1, df2)), f * float(stats.f.ppf(tail, df2, df1))


def _agreement(s: _Squares, level: float) -> tuple[float, float, float]:
    """ICC(2,1) with McGraw & Wong's bounds (Satterthwaite's degrees of freedom)."""
    n, k = s.n, s.k
    estimate = (s.subjects - s.error) / (s.subjects + (k - 1) * s.error + k * (s.raters - s.error) / n)
    if s.error == 0 and s.raters == 0:
        return estimate, np.nan, np.nan
    a = k * estimate / (n * (1 - estimate))
    b = 1 + k * estimate * (n - 1) / (n * (1 - estimate))
    v = (a * s.raters + b * s.error) ** 2 / ((a * s.raters) ** 2 / (k - 1) + (b * s.error) ** 2 / ((n - 1) * (k - 1)))
    tail = (1.0 + level) / 2.0
    lower, upper = float(stats.f.ppf(tail, n - 1, v)), float(stats.f.ppf(tail, v, n - 1))
    rest = k * s.raters + (k * n - k - n) * s.error
    low = n * (s.subjects - lower * s.error) / (lower * rest + n * s.subjects)
    high = n * (upper * s.subjects - s.error) / (rest + n * upper * s.subjects)
    return estimate, low, high


def _single(s: _Squares, level: float) -> list[dict[str, float]]:
    one, two = _tests(s)
    k = s.k
    rows = []
    low, high = _f_bounds(one, level)
    estimate = (s.subjects - s.within) / (s.subjects + (k - 1) * s.within)
    rows.append(_row(estimate, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1), *one))
    rows.append(_row(*_agreement(s, level), *two))
    low, high = _f_bounds(two, level)
    estimate = (s.subjects - s.error) / (s.subjects + (k - 1) * s.error)
    rows.append(_row(estimate, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1), *two))
    return rows


def _mean(s: _Squares, level: float) -> list[dict[str, float]]:
    one, two = _tests(s)
    k = s.k
    low, high = _f_bounds(one, level)
    first = _row((s.subjects - s.within) / s.subjects, 1 - 1 / low, 1 - 1 / high, *one)
    _, low_single, high_single = _agreement(s, level)
    mean = (s.subjects - s.error) / (s.subjects + (s.raters - s.error) / s.n)
    second = _row(mean, _step_up(low_single, k), _step_up(high_single, k), *two)
    low, high = _f_bounds(two, level)
    third = _row((s.subjects - s.error) / s.subjects, 1 - 1 / low, 1 - 1 / high, *two)
    return [first, second, third]


def _step_up(single: float, k: int) -> float:
    """Spearman and Brown: the reliability of the mean of k ratings."""
    return k * single / (1 + (k - 1) * single)
