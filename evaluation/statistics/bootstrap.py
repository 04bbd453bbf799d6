"""Bootstrap of crossed clusters: readers and cases drawn with replacement at once, and the bounds that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from evaluation.statistics.errors import TooFew
from evaluation.statistics.tidy import Codes, Numbers, codes, numbers, require_columns, require_count, require_share

_CHUNK = 256


def crossed_weights(clusters: list[Codes], replicates: int, seed: int) -> Iterator[Numbers]:
    """Chunks `(R, n)` of observation weights: the product of how often each of its clusters was drawn.

    The pigeonhole bootstrap (Owen 2007): conservative for means of crossed data.
    """
    random = np.random.default_rng(seed)
    sizes = [int(cluster.max()) + 1 if len(cluster) else 0 for cluster in clusters]
    for start in range(0, replicates, _CHUNK):
        chunk = min(_CHUNK, replicates - start)
        weights = np.ones((chunk, len(clusters[0])))
        for cluster, size in zip(clusters, sizes, strict=True):
            drawn = random.multinomial(size, np.full(size, 1.0 / size), size=chunk)
            weights *= drawn[:, cluster]
        yield weights


def bootstrap_bounds(
    statistic: Callable[[Numbers], Numbers], clusters: list[Codes], *, replicates: int, seed: int, level: float = 0.95
) -> tuple[Numbers, Numbers]:
    """Percentile bounds of a weighted statistic, `(R, n)` weights -> `(R, k)`; NaN where no replicate is defined."""
    require_share("level", level)
    return percentile_bounds(bootstrap_replicates(statistic, clusters, replicates=replicates, seed=seed), level)


def percentile_bounds(replicates: Numbers, level: float) -> tuple[Numbers, Numbers]:
    """Bounds of each column of replicates `(R, k)`, over those in which it is defined; NaN where it never is."""
    low, high = np.full(replicates.shape[1], np.nan), np.full(replicates.shape[1], np.nan)
    for column in range(replicates.shape[1]):
        known = replicates[~np.isnan(replicates[:, column]), column]
        if len(known):
            low[column], high[column] = np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return low, high


def bootstrap_replicates(
    statistic: Callable[[Numbers], Numbers], clusters: list[Codes], *, replicates: int, seed: int
) -> Numbers:
    """A weighted statistic in each replicate: `(replicates, k)`."""
    require_count("bootstrap", replicates)
    parts = [statistic(weights) for weights in crossed_weights(clusters, replicates, seed)]
    if not parts:
        raise TooFew("Bounds by bootstrap need at least one replicate.")
    return np.concatenate(parts)


def usable_clusters(data: pd.DataFrame, *names: str) -> list[Codes]:
    """The cluster columns that have more than one level, as codes; the others are not resampled."""
    parts = [codes(data, name)[0] for name in names]
    return [part for part in parts if len(part) and part.max() > 0]


def group_means(
    data: pd.DataFrame,
    *,
    group: str,
    value: str,
    clusters: tuple[str, ...],
    bootstrap: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """The mean of a value per group with bounds that resample the named cluster columns together.

    Index: the groups, sorted; columns `n mean low high`. Rows without a value are left out. Where every cluster
    column has a single level there are no bounds (NaN).
    """
    require_columns(data, group, value, *clusters)
    kept = data[data[value].notna()]
    if kept.empty:
        raise TooFew(f"Column {value!r} holds no values.")
    group_codes, groups = codes(kept, group)
    values = numbers(kept, value)
    member = (group_codes[:, None] == np.arange(len(groups))).astype(np.float64)
    n = member.sum(axis=0)
    frame = pd.DataFrame({"n": n.astype(int), "mean": values @ member / n}, index=pd.Index(groups, name=group))
    usable = usable_clusters(kept, *clusters)
    frame["low"], frame["high"] = np.nan, np.nan
    if usable and bootstrap:
        frame["low"], frame["high"] = bootstrap_bounds(
            lambda weights: weighted_ratio(weights, values[:, None] * member, member),
            usable,
            replicates=bootstrap,
            seed=seed,
            level=level,
        )
    return frame


def weighted_ratio(weights: Numbers, above: Numbers, below: Numbers) -> Numbers:
    """Sums of two columns under weights, divided: `(R, n)` and `(n, k)` twice -> `(R, k)`, NaN where none is left."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (weights @ above) / (weights @ below)
    ratio[~np.isfinite(ratio)] = np.nan
    return np.asarray(ratio, dtype=np.float64)
