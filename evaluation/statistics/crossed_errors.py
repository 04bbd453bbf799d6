"""Standard errors of differences of shares when readers and cases are both drawn: a two-way clustered jackknife.

Resampling readers and cases together counts the noise of a single decision about three times (Owen 2007), because both
draws repeat it. Here what leaving out each reader, and each case, says of the variance is added, and what leaving out
each pair of them says is taken off again: it stands in both. So nothing is counted twice.
Source: Miglioretti & Heagerty 2007; Cameron, Gelbach & Miller 2011; the jackknife for few clusters, Bell & McCaffrey
2002 and MacKinnon, Nielsen & Webb 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats
from scipy.sparse.csgraph import connected_components

from evaluation.statistics.tidy import Codes, Numbers, sums_by

_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class CrossedErrors:
    """Of each contrast its standard error and the degrees of freedom of t; NaN where leaving one out undoes it."""

    se: Numbers
    df: Numbers

    def reach(self, level: float, comparisons: int = 1) -> Numbers:
        """How far bounds reach to either side, all of so many comparisons at once (Bonferroni)."""
        return np.asarray(stats.t.isf((1.0 - level) / (2.0 * max(comparisons, 1)), self.df) * self.se, dtype=np.float64)

    def p_values(self, estimate: Numbers) -> Numbers:
        """Two-sided, of each contrast alone."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(2.0 * stats.t.sf(np.abs(estimate / self.se), self.df), dtype=np.float64)


def crossed_errors(above: Numbers, below: Numbers, contrasts: Numbers, clusters: list[Codes]) -> CrossedErrors:
    """Errors of contrasts of ratios: numerators and denominators per decision `(n, k)`, contrasts `(k, c)`.

    `clusters` are codes of one or two kinds of cluster, each with two levels or more. The degrees of freedom are those
    of the rarer kind: one less than the clusters that a contrast's denominators rest on, or one for each part of the
    contrast that has clusters of its own. Where the sum of the three parts is
    not positive, which chance can bring about, the larger of the first two stands for it. An error of 0 is unknown.
    """
    if not clusters:
        nothing = np.full(contrasts.shape[1], np.nan)
        return CrossedErrors(nothing, nothing)
    parts = np.array([_jackknife(above, below, contrasts, cluster) for cluster in clusters])
    variance = parts.sum(axis=0)
    if len(clusters) == 2:
        both = np.unique(clusters[0] * (int(clusters[1].max()) + 1) + clusters[1], return_inverse=True)[1]
        variance = variance - _jackknife(above, below, contrasts, both.astype(np.intp))
        variance = np.where(variance > 0, variance, parts.max(axis=0))
    df = np.min([_degrees(below, contrasts, cluster) for cluster in clusters], axis=0)
    known = (variance > _NO_SPREAD) & (df > 0)
    return CrossedErrors(np.where(known, np.sqrt(np.where(known, variance, 0.0)), np.nan), np.where(known, df, np.nan))


def _jackknife(above: Numbers, below: Numbers, contrasts: Numbers, cluster: Codes) -> Numbers:
    """The variance that leaving out each cluster in turn says."""
    size = int(cluster.max()) + 1
    top, bottom = (
        values.sum(axis=0) - np.column_stack([sums_by(cluster, column, size) for column in values.T])
        for values in (above, below)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = top / bottom
    # A ratio that a contrast does not use may be undefined without harm to it.
    left = np.stack([ratios[:, use != 0] @ use[use != 0] for use in contrasts.T], axis=1)
    return np.asarray((size - 1) / size * ((left - left.mean(axis=0)) ** 2).sum(axis=0), dtype=np.float64)


def _degrees(below: Numbers, contrasts: Numbers, cluster: Codes) -> Numbers:
    """Clusters with a decision in the denominators of each contrast, less one for each set of them that stands alone.

    Arms that share readers make one set; arms with readers of their own make two, as in a test of two groups.
    """
    size = int(cluster.max()) + 1
    held = (np.column_stack([sums_by(cluster, column, size) for column in below.T]) > 0).astype(np.float64)
    found = []
    for use in contrasts.T:
        used = held[:, use != 0]
        sets = connected_components(sparse.csr_array(used.T @ used), directed=False, return_labels=False)
        found.append(used.any(axis=1).sum() - sets)
    return np.array(found, dtype=np.float64)
