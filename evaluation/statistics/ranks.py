"""Friedman's test of treatments within complete blocks, with its pairwise comparisons."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import OneCategory, RepeatedRating, TooFew
from evaluation.statistics.tidy import Numbers, numbers, require_choice, require_columns


@dataclass(frozen=True)
class Friedman:
    """Friedman's chi-square, corrected for ties; `kendall_w` runs from 0 (no concordance) to 1."""

    statistic: float
    df: int
    p: float
    kendall_w: float
    n_blocks: int
    dropped: int
    treatments: tuple[Any, ...]
    _ranks: Numbers = field(repr=False)

    def posthoc(self, method: str = "conover") -> pd.DataFrame:
        """Each pair once: `first second p`, not adjusted for Conover's t, by the studentized range for Nemenyi's."""
        require_choice("method", method, ("conover", "nemenyi"))
        pairs = list(combinations(range(len(self.treatments)), 2))
        p = self._conover(pairs) if method == "conover" else self._nemenyi(pairs)
        return pd.DataFrame(
            {
                "first": [self.treatments[first] for first, _ in pairs],
                "second": [self.treatments[second] for _, second in pairs],
                "p": p,
            }
        )

    def _conover(self, pairs: list[tuple[int, int]]) -> list[float]:
        blocks, k = self._ranks.shape
        sums = self._ranks.sum(axis=0)
        df = (blocks - 1) * (k - 1)
        error = 2.0 * (blocks * (self._ranks**2).sum() - (sums**2).sum()) / df
        if error <= 0:
            return [0.0 if sums[first] != sums[second] else 1.0 for first, second in pairs]
        return [float(2.0 * stats.t.sf(abs(sums[i] - sums[j]) / np.sqrt(error), df)) for i, j in pairs]

    def _nemenyi(self, pairs: list[tuple[int, int]]) -> list[float]:
        blocks, k = self._ranks.shape
        means = self._ranks.mean(axis=0)
        error = np.sqrt(k * (k + 1) / (12.0 * blocks))
        return [float(stats.studentized_range.sf(abs(means[i] - means[j]) / error, k, np.inf)) for i, j in pairs]


def friedman(data: pd.DataFrame, *, block: str, treatment: str, score: str) -> Friedman:
    """Do treatments rank alike in all blocks? One row a score; blocks that lack a treatment are dropped and counted.

    Assumes that blocks are independent: average over readers first if the blocks are cases, and conversely.
    Source: Friedman 1937; Conover 1999; Nemenyi 1963.
    """
    require_columns(data, block, treatment, score)
    kept = data.assign(**{score: numbers(data, score)}).dropna(subset=[block, treatment, score])
    if kept.duplicated([block, treatment]).any():
        raise RepeatedRating("A block has more than one score of the same treatment.")
    wide = kept.pivot(index=block, columns=treatment, values=score)
    full = wide.dropna()
    if full.shape[0] < 2 or full.shape[1] < 2:
        raise TooFew("Friedman's test needs two complete blocks and two treatments.")
    values = full.to_numpy(dtype=np.float64)
    if (values == values[:, :1]).all():
        raise OneCategory("All scores within each block are equal.")
    ranks = np.asarray(stats.rankdata(values, axis=1), dtype=np.float64)
    statistic = _statistic(ranks)
    blocks, k = ranks.shape
    p = float(stats.chi2.sf(statistic, k - 1))
    w = statistic / (blocks * (k - 1))
    return Friedman(statistic, k - 1, p, w, blocks, len(wide) - blocks, tuple(full.columns), ranks)


def _statistic(ranks: Numbers) -> float:
    blocks, k = ranks.shape
    sums = ranks.sum(axis=0)
    expected = blocks * k * (k + 1) ** 2 / 4.0
    return float((k - 1) * ((sums**2).sum() - blocks * expected) / ((ranks**2).sum() - expected))
