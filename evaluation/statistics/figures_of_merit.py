"""Figures of merit of all readers and modalities of a crossed reader study, with the covariance of their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from evaluation.statistics.errors import NotNumeric, RepeatedRating, TooFew, WrongChoice
from evaluation.statistics.tidy import Numbers, numbers, require_choice, require_columns

Covariance = Literal["jackknife", "delong", "unbiased"]


@dataclass(frozen=True)
class Merit:
    """Values `(modalities, readers)` and the covariance `(m r, m r)` of their errors over samples of cases."""

    values: Numbers
    covariance: Numbers
    modalities: list[Any]
    readers: list[Any]
    n_positives: int
    n_negatives: int
    dropped: int

    @property
    def n_cases(self) -> int:
        """Cases that all estimates rest on."""
        return self.n_positives + self.n_negatives


class _Won(NamedTuple):
    """Sums over the other side of how often a case's comparisons are won: `(A, positives)`, `(A, negatives)`.

    `weights (positives,)` is what a diseased case counts; `pairs` the comparisons themselves, empty if not needed.
    """

    positives: Numbers
    negatives: Numbers
    weights: Numbers
    pairs: Numbers


def areas(
    data: pd.DataFrame, *, reader: str, case: str, modality: str, truth: str, rating: str, covariance: Covariance
) -> Merit:
    """Areas under the empirical ROC curve; see `evaluation.statistics.mrmc`."""
    require_choice("covariance", covariance, ("jackknife", "delong", "unbiased"))
    require_columns(data, reader, case, modality, truth, rating)
    rows = data.assign(**{truth: numbers(data, truth), rating: numbers(data, rating)})
    rows = rows.dropna(subset=[reader, case, modality, truth])
    if not rows[truth].isin((0.0, 1.0)).all():
        raise NotNumeric(f"Column {truth!r} must hold 0 and 1.")
    if rows.duplicated([reader, case, modality]).any():
        raise RepeatedRating("A reader read the same case twice in one modality.")
    if (rows.groupby(case)[truth].nunique() > 1).any():
        raise WrongChoice("A case is both diseased and not.")
    wide = rows.pivot(index=case, columns=[modality, reader], values=rating)
    modalities, readers = _levels(rows, modality, reader)
    wide = wide.reindex(columns=pd.MultiIndex.from_product([modalities, readers]))
    full = wide.dropna()
    state = rows.drop_duplicates(case).set_index(case)[truth].reindex(full.index)
    table = full.to_numpy(dtype=np.float64).T
    positives, negatives = table[:, state == 1.0], table[:, state == 0.0]
    _require_cases(positives.shape[1], negatives.shape[1], len(wide) - len(full))
    won = _compare(positives, negatives, keep=covariance == "unbiased")
    values, errors = _estimated(won, covariance)
    shape = (len(modalities), len(readers))
    return Merit(
        values.reshape(shape),
        errors,
        modalities,
        readers,
        positives.shape[1],
        negatives.shape[1],
        len(wide) - len(full),
    )


def located_areas(
    data: pd.DataFrame,
    *,
    reader: str,
    case: str,
    modality: str,
    lesion: str,
    rating: str,
    weights: Literal["lesion", "case"],
) -> Merit:
    """The chance that a lesion is rated above every mark on a normal case; see `evaluation.statistics.jafroc`."""
    require_columns(data, reader, case, modality, lesion, rating)
    rows = data.assign(**{rating: numbers(data, rating)}).dropna(subset=[reader, case, modality])
    hit = rows[rows[lesion].notna()]
    if hit.duplicated([reader, case, modality, lesion]).any():
        raise RepeatedRating("A reader rated the same lesion twice in one modality.")
    modalities, readers = _levels(rows, modality, reader)
    columns = pd.MultiIndex.from_product([modalities, readers])
    diseased = set(hit[case])
    normal = rows[~rows[case].isin(diseased)].assign(**{rating: lambda part: part[rating].fillna(-np.inf)})
    highest = normal.groupby([case, modality, reader])[rating].max().unstack([1, 2]).reindex(columns=columns)
    lesions = hit.assign(**{rating: hit[rating].fillna(-np.inf)})
    lesions = lesions.pivot(index=[case, lesion], columns=[modality, reader], values=rating).reindex(columns=columns)
    complete = lesions.notna().all(axis=1).groupby(level=0).all()
    lesions = lesions[complete.reindex(lesions.index.get_level_values(0)).to_numpy()]
    read = highest.dropna()
    dropped = int((~complete).sum()) + len(highest) - len(read)
    owners, cases = pd.factorize(lesions.index.get_level_values(0))
    _require_cases(len(cases), len(read), dropped)
    won = _of_lesions(lesions.to_numpy(dtype=np.float64).T, read.to_numpy(dtype=np.float64).T, owners, weights)
    values, errors = _estimated(won, "jackknife")
    return Merit(
        values.reshape(len(modalities), len(readers)), errors, modalities, readers, len(cases), len(read), dropped
    )


def _levels(rows: pd.DataFrame, modality: str, reader: str) -> tuple[list[Any], list[Any]]:
    modalities, readers = sorted(rows[modality].unique()), sorted(rows[reader].unique())
    if len(modalities) < 2 or len(readers) < 2:
        raise TooFew(
            f"A reader study compares two or more modalities by two or more readers; there are {len(modalities)} "
            f"and {len(readers)}."
        )
    return modalities, readers


def _require_cases(positives: int, negatives: int, dropped: int) -> None:
    if min(positives, negatives) < 2:
        lost = f" ({dropped} were not read by all readers in all modalities)" if dropped else ""
        raise TooFew(f"Areas need two diseased and two normal cases; there are {positives} and {negatives}{lost}.")


def _compare(positives: Numbers, negatives: Numbers, *, keep: bool) -> _Won:
    """Every positive with every negative, for each row: a win is 1, a tie 1/2."""
    above, below, pairs = [], [], []
    for high, low in zip(positives, negatives, strict=True):
        kernel = (high[:, None] > low[None, :]) + 0.5 * (high[:, None] == low[None, :])
        above.append(kernel.sum(axis=1))
        below.append(kernel.sum(axis=0))
        if keep:
            pairs.append(kernel.ravel())
    weights = np.ones(positives.shape[1])
    return _Won(np.array(above), np.array(below), weights, np.array(pairs))


def _of_lesions(lesions: Numbers, normal: Numbers, owners: np.ndarray, weights: str) -> _Won:
    """As `_compare`, the comparisons of a case's lesions added up or averaged within the case."""
    counts = np.bincount(owners).astype(np.float64)
    each = 1.0 / counts[owners] if weights == "case" else np.ones(len(owners))
    above, below = [], []
    for high, low in zip(lesions, normal, strict=True):
        kernel = (high[:, None] > low[None, :]) + 0.5 * (high[:, None] == low[None, :])
        kernel *= each[:, None]
        above.append(np.bincount(owners, kernel.sum(axis=1)))
        below.append(kernel.sum(axis=0))
    return _Won(np.array(above), np.array(below), np.bincount(owners, each).astype(np.float64), np.zeros((0, 0)))


def _estimated(won: _Won, covariance: Covariance) -> tuple[Numbers, Numbers]:
    """Figures of merit `(A,)` and the covariance `(A, A)` of their errors."""
    total, n = won.positives.sum(axis=1), won.negatives.shape[1]
    values = total / (won.weights.sum() * n)
    if covariance == "jackknife":
        return values, _jackknife(won, total)
    if covariance == "delong":
        m = won.positives.shape[1]
        return values, np.cov(won.positives / n) / m + np.cov(won.negatives / m) / n
    return values, _unbiased(won, values)


def _jackknife(won: _Won, total: Numbers) -> Numbers:
    """Over cases, each left out in turn together with all its comparisons."""
    n, weight = won.negatives.shape[1], won.weights.sum()
    without_positive = (total[:, None] - won.positives) / ((weight - won.weights) * n)[None, :]
    without_negative = (total[:, None] - won.negatives) / (weight * (n - 1))
    left = np.concatenate([without_positive, without_negative], axis=1)
    count = left.shape[1]
    return np.asarray(np.cov(left) * (count - 1) ** 2 / count, dtype=np.float64)


def _unbiased(won: _Won, values: Numbers) -> Numbers:
    """The product of two areas less the mean of products of comparisons that share no case."""
    m, n = won.positives.shape[1], won.negatives.shape[1]
    total = values * m * n
    apart = (
        np.outer(total, total)
        - won.positives @ won.positives.T
        - won.negatives @ won.negatives.T
        + won.pairs @ won.pairs.T
    )
    return np.asarray(np.outer(values, values) - apart / (m * (m - 1) * n * (n - 1)), dtype=np.float64)
