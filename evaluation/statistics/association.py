"""Does what people rate go along with what a metric measures? One answer per level, never one number for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.statistics.association_bounds import centred, correlations, drawn
from evaluation.statistics.errors import OneCategory, RepeatedRating, TooFew
from evaluation.statistics.tidy import Numbers, codes, numbers, require_columns, require_count, require_share

LEVELS = ("pooled", "between-method", "between-case", "within-case", "double-centred")


@dataclass(frozen=True)
class Grid:
    """Cells of cases and methods: sums and counts of ratings per rater, and the metric's value of each cell."""

    sums: Numbers
    counts: Numbers
    values: Numbers
    shape: tuple[int, int]

    def means(self, weights: Numbers) -> Numbers:
        """Mean rating per cell under weights of the raters `(raters, R)`: `(R, cases, methods)`, NaN where empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            means = (self.sums @ weights) / (self.counts @ weights)
        return np.asarray(means.T.reshape(-1, *self.shape), dtype=np.float64)


def association(
    ratings: pd.DataFrame,
    values: pd.DataFrame,
    *,
    case: str,
    method: str,
    rater: str,
    rating: str,
    value: str,
    bootstrap: int = 0,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Correlation of human ratings with a metric of the same maps, by level.

    `ratings` has one row a rating (case, method, rater, rating), `values` one row a map (case, method, value). Rows of
    the result: `pooled` over case x method means; `between-method` and `between-case` over their means;
    `within-case` the mean over cases of the correlation across methods (`n` cases in which neither side is constant);
    `double-centred` over what is left of the cells after case and method main effects (least squares where cells are
    missing). Columns `n pearson spearman kendall low high`; `low` and `high` are percentile bounds of Spearman's,
    raters and cases resampled together (Owen 2007: conservative). There are none for `between-method`: methods are few
    and chosen, not drawn. Fewer than about 15 raters or cases make the bounds too narrow to rely on.
    """
    require_columns(ratings, case, method, rater, rating)
    require_columns(values, case, method, value)
    require_count("bootstrap", bootstrap)
    require_share("level", level)
    grid = grid_of(ratings, values, case, method, rater, rating, value)
    n_raters = grid.sums.shape[1]
    human = grid.means(np.ones((n_raters, 1)))
    metric = np.where(np.isnan(human), np.nan, grid.values.reshape(1, *grid.shape))
    if np.nanmax(human) == np.nanmin(human):
        raise OneCategory("All mean ratings are equal, so they go along with nothing.")
    if np.nanmax(metric) == np.nanmin(metric):
        raise OneCategory("All values of the metric are equal, so they go along with nothing.")
    table = pd.DataFrame([_row(name, human, metric) for name in LEVELS], index=pd.Index(LEVELS, name="level"))
    table["low"], table["high"] = np.nan, np.nan
    if bootstrap:
        replicates = _replicates(grid, bootstrap, seed)
        for name, found in replicates.items():
            known = found[~np.isnan(found)]
            if len(known):
                table.loc[name, ["low", "high"]] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return table


def grid_of(
    ratings: pd.DataFrame, values: pd.DataFrame, case: str, method: str, rater: str, rating: str, value: str
) -> Grid:
    """The crossed table of ratings and values; cells without a value are left out."""
    cells = values[[case, method, value]].dropna()
    if cells.duplicated([case, method]).any():
        raise RepeatedRating("The values hold the same case and method more than once.")
    kept = ratings[[case, method, rater, rating]].dropna()
    kept = kept.merge(cells[[case, method]], on=[case, method])
    if kept.empty:
        raise TooFew("No rating has a metric value of the same case and method.")
    case_codes, cases = codes(kept, case)
    method_codes, methods = codes(kept, method)
    rater_codes, raters = codes(kept, rater)
    cell = case_codes * len(methods) + method_codes
    shape = (len(cases) * len(methods), len(raters))
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (cell, rater_codes), numbers(kept, rating))
    np.add.at(counts, (cell, rater_codes), 1.0)
    if int((counts.sum(axis=1) > 0).sum()) < 3:
        raise TooFew("Fewer than three cells of case and method have both ratings and a metric value.")
    cells = cells.assign(**{value: numbers(cells, value)})
    square = cells.pivot(index=case, columns=method, values=value).reindex(index=cases, columns=methods)
    return Grid(sums, counts, square.to_numpy(dtype=np.float64).ravel(), (len(cases), len(methods)))


def _row(name: str, human: Numbers, metric: Numbers) -> dict[str, float]:
    first, second = _pairs(name, human, metric)
    if name == "within-case":
        first, second = first[0], second[0]
    valid = ~np.isnan(first) & ~np.isnan(second)
    rows = [(a[v], b[v]) for a, b, v in zip(first, second, valid, strict=True) if _varies(a[v]) and _varies(b[v])]
    found = {
        "pearson": [float(stats.pearsonr(a, b).statistic) for a, b in rows],
        "spearman": [float(stats.spearmanr(a, b).statistic) for a, b in rows],
        "kendall": [float(stats.kendalltau(a, b).statistic) for a, b in rows],
    }
    n = len(rows) if name == "within-case" else int(valid.sum())
    return {"n": n, **{key: float(np.mean(each)) if each else np.nan for key, each in found.items()}}


def _varies(sample: Numbers) -> bool:
    return len(sample) >= 2 and bool(np.ptp(sample) > 1e-12 * max(1.0, float(np.abs(sample).max())))


def _pairs(name: str, human: Numbers, metric: Numbers) -> tuple[Numbers, Numbers]:
    """What is correlated at a level: `(R, cases, methods)` twice -> `(R, n)` twice, or `(R, cases, methods)` within."""
    flat = (len(human), -1)
    if name == "pooled":
        return human.reshape(flat), metric.reshape(flat)
    if name == "between-method":
        return _means(human, 1), _means(metric, 1)
    if name == "between-case":
        return _means(human, 2), _means(metric, 2)
    if name == "within-case":
        return human, metric
    first, second = (centred(each, (~np.isnan(each)).astype(np.float64)).reshape(flat) for each in (human, metric))
    return first, second


def _means(cells: Numbers, axis: int) -> Numbers:
    known = ~np.isnan(cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, cells, 0.0).sum(axis=axis) / known.sum(axis=axis), dtype=np.float64)


def _replicates(grid: Grid, bootstrap: int, seed: int) -> dict[str, Numbers]:
    """Spearman's correlation in each replicate, raters and cases drawn with replacement at once."""
    metric = grid.values.reshape(1, *grid.shape)
    chunks = drawn(grid.sums, grid.counts, grid.shape, bootstrap, seed)
    parts = [correlations(chunk.human, metric, chunk.weights) for chunk in chunks]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
