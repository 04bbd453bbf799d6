"""Replicates of rank correlations between ratings and a metric, raters and cases drawn together, fast.

A replicate is a weight for each rater and each case (how often it was drawn), not a copy of the data: what keeps its
order over all replicates, such as the metric, is sorted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from evaluation.statistics.tidy import Mask, Numbers

_CHUNK = 128
_SWEEPS = 200


class Replicates(NamedTuple):
    """A chunk of replicates: mean ratings `(R, cases, methods)`, NaN where empty, and cases' weights `(R, cases)`."""

    human: Numbers
    weights: Numbers


def drawn(sums: Numbers, counts: Numbers, shape: tuple[int, int], bootstrap: int, seed: int) -> Iterator[Replicates]:
    """Chunks of replicates from sums and counts of ratings per cell and rater `(cells, raters)`."""
    random = np.random.default_rng(seed)
    n_raters, n_cases = sums.shape[1], shape[0]
    for start in range(0, bootstrap, _CHUNK):
        size = min(_CHUNK, bootstrap - start)
        raters = random.multinomial(n_raters, np.full(n_raters, 1.0 / n_raters), size=size).T.astype(np.float64)
        cases = random.multinomial(n_cases, np.full(n_cases, 1.0 / n_cases), size=size).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            human = ((sums @ raters) / (counts @ raters)).T.reshape(size, *shape)
        yield Replicates(np.ascontiguousarray(human), cases)


def correlations(human: Numbers, metric: Numbers, cases: Numbers) -> dict[str, Numbers]:
    """Spearman's correlation `(R,)` of each level between two sets of cells under weights of the cases `(R, cases)`.

    `human` is `(R, cases, methods)`, `metric` likewise or `(1, cases, methods)`; NaN where a side is constant.
    """
    known = ~np.isnan(human) & ~np.isnan(metric)
    weights = np.where(known, cases[:, :, None], 0.0)
    first, other = np.where(known, human, np.nan), np.where(known, metric, np.nan)
    flat = (len(human), -1)
    heavy = weights.reshape(flat)
    return {
        "pooled": _spearman(_ranks(first.reshape(flat), heavy), _ranks(metric.reshape(len(metric), -1), heavy), heavy),
        "between-case": _between(first, other, cases, known),
        "within-case": _within(first, other, cases, known),
        "double-centred": _spearman(
            _ranks(centred(first, weights).reshape(flat), heavy),
            _ranks(centred(other, weights).reshape(flat), heavy),
            heavy,
        ),
    }


def centred(cells: Numbers, weights: Numbers) -> Numbers:
    """Residuals `(R, cases, methods)` of the additive model of cases and methods under weights, NaN where unknown.

    Both margins are swept in turn until they are 0; one sweep does where no cell is missing.
    """
    known = ~np.isnan(cells)
    left = np.where(known, cells, 0.0)
    share = np.where(known, 1.0, 0.0)
    per_case = np.maximum(share.sum(axis=2, keepdims=True), 1)
    per_method = np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    scale = 1e-10 * max(float(np.abs(left).max()), 1e-300)
    for _ in range(_SWEEPS):
        left = left - share * (left.sum(axis=2, keepdims=True) / per_case)
        left = left - share * ((left * weights).sum(axis=1, keepdims=True) / per_method)
        if known.all() or np.abs((left * (weights > 0)).sum(axis=2)).max() < scale:
            break
    left = np.round(left / scale) * scale  # rounding errors must not break ties
    return np.where(known, left, np.nan)


def _between(human: Numbers, other: Numbers, cases: Numbers, known: Mask) -> Numbers:
    weights = np.where(known.any(axis=2), cases, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        count = known.sum(axis=2)
        means = [np.where(known, cells, 0.0).sum(axis=2) / count for cells in (human, other)]
    return _spearman(_ranks(means[0], weights), _ranks(means[1], weights), weights)


def _within(human: Numbers, other: Numbers, cases: Numbers, known: Mask) -> Numbers:
    """The mean over cases of the correlation across their methods."""
    every = known.astype(np.float64)
    found = _spearman(_few_ranks(human, every), _few_ranks(other, every), every)
    defined = np.where(np.isnan(found), 0.0, cases)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((np.nan_to_num(found) * defined).sum(axis=1) / defined.sum(axis=1), dtype=np.float64)


def _few_ranks(sample: Numbers, weights: Numbers) -> Numbers:
    """Midranks along a short last axis by comparing all pairs: faster than sorting."""
    ranks = np.zeros(sample.shape)
    for place in range(sample.shape[-1]):
        one, weight = sample[..., place, None], weights[..., place, None]
        with np.errstate(invalid="ignore"):
            ranks += np.where(one < sample, weight, 0.0) + np.where(one == sample, 0.5 * weight, 0.0)
    return ranks


def _ranks(sample: Numbers, weights: Numbers) -> Numbers:
    """Midranks along the last axis where each entry counts `weights (R, n)` times; NaN comes last, to weigh 0.

    `sample` is `(R, n)`, or `(1, n)` and sorted once for all.
    """
    order = np.argsort(sample, axis=-1)
    ordered = np.take_along_axis(sample, order, axis=-1)
    along = np.broadcast_to(order, weights.shape)
    upto = np.take_along_axis(weights, along, axis=-1).cumsum(axis=-1)
    before = np.concatenate([np.zeros((len(weights), 1)), upto[:, :-1]], axis=1)
    tied = ordered[:, 1:] == ordered[:, :-1]
    if tied.any():
        before[:, 1:] = np.where(tied, 0.0, before[:, 1:])
        before = np.maximum.accumulate(before, axis=1)
        upto[:, :-1] = np.where(tied, np.inf, upto[:, :-1])
        upto = np.minimum.accumulate(upto[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty_like(weights)
    np.put_along_axis(ranks, along, (before + upto) / 2.0, axis=-1)
    return ranks


def _spearman(first: Numbers, second: Numbers, weights: Numbers) -> Numbers:
    """Pearson's correlation of ranks along the last axis under weights; NaN where a side is constant."""
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weights.sum(axis=-1, keepdims=True)
        first = first - np.einsum("...i,...i->...", first, weights)[..., None] / total
        second = second - np.einsum("...i,...i->...", second, weights)[..., None] / total
        left, right = (np.einsum("...i,...i,...i->...", side, side, weights) for side in (first, second))
        size = np.sqrt(left * right)
        shared = np.einsum("...i,...i,...i->...", first, second, weights)
        return np.asarray(np.where(size > 1e-9, shared / size, np.nan), dtype=np.float64)
