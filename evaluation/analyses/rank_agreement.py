"""How far two scores put the methods of a case into the same order: Kendall's tau-b within each case."""

from __future__ import annotations

import numpy as np

from evaluation.statistics.tidy import Numbers


def within_case_tau(first: Numbers, second: Numbers) -> Numbers:
    """Kendall's tau-b over the methods of each case: `(cases, methods)` twice -> `(cases,)`.

    Methods that lack one of the scores are left out of their case. NaN where fewer than two are left or one score ties
    them all. Source: Kendall 1945.
    """
    missing = np.isnan(first) | np.isnan(second)
    one, other = (pair_signs(np.where(missing, np.nan, values)) for values in (first, second))
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = (one * other).sum(1) / np.sqrt((one**2).sum(1) * (other**2).sum(1))
    return np.asarray(tau, dtype=np.float64)


def pair_signs(values: Numbers) -> Numbers:
    """The sign of each difference between two methods, `(cases, methods)` -> `(cases, pairs)`; 0 where one lacks."""
    left, right = np.triu_indices(values.shape[1], 1)
    return np.nan_to_num(np.sign(values[:, left] - values[:, right]))
