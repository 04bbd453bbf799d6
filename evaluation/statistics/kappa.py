"""Chance-corrected agreement on categories: Cohen's and Fleiss's kappa, Gwet's AC1 and AC2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from evaluation.statistics.errors import NotNumeric, OneCategory, RepeatedRating, TooFew
from evaluation.statistics.tidy import Numbers, codes, require_choice, require_columns

Values = Sequence[Any] | npt.NDArray[Any]

WEIGHTS = (None, "linear", "quadratic")


@dataclass(frozen=True)
class Agreement:
    """A chance-corrected coefficient: 1 is perfect agreement, 0 that of chance; normal bounds."""

    estimate: float
    se: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class FleissKappa:
    """Fleiss's kappa, its error where there is no agreement beyond chance, and the kappa of each category."""

    estimate: float
    se: float
    categories: pd.Series[float]
    n_units: int
    n_raters: int


def cohen_kappa(first: Values, second: Values, *, weights: str | None = None) -> Agreement:
    """Kappa of two raters over the same units; pairs with a gap are left out.

    The error is asymptotic and holds at any agreement (Fleiss, Cohen & Everitt 1969). Kappa is low where marginals
    are skewed although raters agree: show Gwet's coefficient beside it. Weighted kappa needs numbers.
    """
    require_choice("weights", weights, WEIGHTS)
    if len(first) != len(second):
        raise TooFew("Both raters must have rated the same units.")
    pair = pd.DataFrame({"first": list(first), "second": list(second)}).dropna()
    if len(pair) < 2:
        raise TooFew("Kappa needs two units that both raters have rated.")
    found, levels = pd.factorize(np.concatenate([pair["first"], pair["second"]]), sort=True)
    if len(levels) < 2:
        raise OneCategory("Both raters gave the same answer throughout, so kappa has no scale.")
    k, n = len(levels), len(pair)
    table = np.zeros((k, k))
    np.add.at(table, (found[:n], found[n:]), 1.0 / n)
    weight = _weights(levels, weights)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    observed, expected = float((weight * table).sum()), float(rows @ weight @ columns)
    kappa = (observed - expected) / (1.0 - expected)
    means = (weight @ columns)[:, None] + (rows @ weight)[None, :]
    spread = (table * (weight * (1.0 - expected) - means * (1.0 - observed)) ** 2).sum()
    centre = (observed * expected - 2.0 * expected + observed) ** 2
    se = float(np.sqrt(max(spread - centre, 0.0) / n) / (1.0 - expected) ** 2)
    return _with_bounds(kappa, se, float(stats.norm.ppf(0.975)), n)


def fleiss_kappa(counts: pd.DataFrame | npt.ArrayLike) -> FleissKappa:
    """Kappa of many raters from how many chose each category, `(units, categories)`; every unit needs as many raters.

    The error is that under chance agreement (Fleiss, Nee & Landis 1979): for a test, not for bounds.
    """
    frame = counts if isinstance(counts, pd.DataFrame) else pd.DataFrame(np.asarray(counts))
    table = frame.to_numpy(dtype=np.float64)
    raters = table.sum(axis=1)
    if len(table) < 2 or raters.min() < 2:
        raise TooFew("Fleiss's kappa needs two units and two raters.")
    if not np.allclose(raters, raters[0]):
        raise TooFew("Every unit must have the same number of ratings; use Gwet's coefficient or alpha otherwise.")
    m, n = float(raters[0]), len(table)
    share = table.sum(axis=0) / (n * m)
    if (share > 0).sum() < 2:
        raise OneCategory("All ratings are equal, so kappa has no scale.")
    product = share * (1.0 - share)
    apart = (table * (m - table)).sum(axis=0) / (n * m * (m - 1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        categories = 1.0 - apart / product
    total = float(product.sum())
    spread = total**2 - float((product * (1.0 - 2.0 * share)).sum())
    se = float(np.sqrt(2.0 / (n * m * (m - 1.0)) * spread) / total)
    names = pd.Series(categories, index=frame.columns, dtype=float)
    return FleissKappa(float(1.0 - apart.sum() / total), se, names, n, int(m))


def gwet_ac(data: pd.DataFrame, *, unit: str, rater: str, score: str, weights: str | None = None) -> Agreement:
    """Gwet's AC1, or AC2 with weights, of a tidy frame with any gaps, one row a rating.

    Holds up where nearly all ratings are equal. The error is for units drawn from many, raters fixed; bounds by
    Student's t. Weights need numbers. Source: Gwet 2008, 2014.
    """
    require_columns(data, unit, rater, score)
    require_choice("weights", weights, WEIGHTS)
    kept = data.dropna(subset=[unit, rater, score])
    if kept.duplicated([unit, rater]).any():
        raise RepeatedRating("A rater rated the same unit more than once.")
    unit_codes, units = codes(kept, unit)
    value_codes, levels = codes(kept, score)
    if len(levels) < 2:
        raise OneCategory("All ratings are equal, so the coefficient has no scale.")
    counts = np.zeros((len(units), len(levels)))
    np.add.at(counts, (unit_codes, value_codes), 1.0)
    raters = counts.sum(axis=1)
    paired = raters >= 2
    if paired.sum() < 2:
        raise TooFew("The coefficient needs two units with two ratings each.")
    weight = _weights(levels, weights)
    n, k = len(units), len(levels)
    observed = np.zeros(n)
    alike = (counts * (counts @ weight - 1.0)).sum(axis=1)
    observed[paired] = alike[paired] / (raters * (raters - 1.0))[paired]
    shares = counts / raters[:, None]
    share = shares.mean(axis=0)
    scale = weight.sum() / (k * (k - 1.0))
    expected = float(scale * (share * (1.0 - share)).sum())
    estimate = (float(observed[paired].mean()) - expected) / (1.0 - expected)
    single = np.where(paired, (n / paired.sum()) * (observed - expected) / (1.0 - expected), 0.0)
    by_chance = scale * (shares * (1.0 - share)).sum(axis=1)
    single = single - 2.0 * (1.0 - estimate) * (by_chance - expected) / (1.0 - expected)
    se = float(np.sqrt(((single - estimate) ** 2).sum() / (n * (n - 1.0))))
    return _with_bounds(estimate, se, float(stats.t.ppf(0.975, n - 1)), int(paired.sum()))


def _weights(levels: Sequence[Any] | npt.NDArray[Any] | pd.Index[Any], weights: str | None) -> Numbers:
    """Agreement weights: 1 for equal answers, less the further they are apart."""
    if weights is None:
        return np.eye(len(levels))
    try:
        places = np.asarray(levels, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NotNumeric("Weighted agreement needs ratings that are numbers.") from error
    apart = np.abs(places[:, None] - places[None, :]) / (places.max() - places.min())
    return np.asarray(1.0 - (apart if weights == "linear" else apart**2), dtype=np.float64)


def _with_bounds(estimate: float, se: float, critical: float, n: int) -> Agreement:
    return Agreement(estimate, se, max(-1.0, estimate - critical * se), min(1.0, estimate + critical * se), n)
