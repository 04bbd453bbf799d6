"""McDonald's omega: the share of a sum score's variance that one common factor explains."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, stats

from evaluation.statistics.errors import NotIdentified, OneCategory, TooFew
from evaluation.statistics.scales import Consistency, complete_answers
from evaluation.statistics.tidy import Numbers, require_share

# The least share of an item's variance that is its own: at less, one item alone is the factor (a Heywood case).
_OWN = 0.005


def mcdonald_omega(items: pd.DataFrame, *, level: float = 0.95) -> Consistency:
    """Omega total of items (columns) over persons (rows): one factor by maximum likelihood, the items as they are.

    Reversed items are turned beforehand. Unlike alpha it lets items load differently; it assumes that one factor is
    all that they share. The bounds are normal on the logit scale, from the likelihood's curvature (delta method), and
    NaN where the fit lies on its border (a Heywood case). Source: McDonald 1999; Raykov 2002 (error).
    """
    require_share("level", level)
    table = complete_answers(items)
    n, k = table.shape
    if k < 3 or n <= k:
        raise TooFew("Omega needs three items and more persons than items.")
    if (table.std(axis=0) == 0).any():
        raise OneCategory("An item has the same answer from all, so a factor cannot be fitted.")
    correlation: Numbers = np.asarray(np.corrcoef(table.T), dtype=np.float64)
    if np.linalg.eigvalsh(correlation)[0] < 1e-10:
        raise NotIdentified("Some items follow from the others exactly, so a factor cannot be fitted.")
    loadings, own = _one_factor(correlation)
    spread = table.std(axis=0, ddof=1)
    common = (loadings @ spread) ** 2
    estimate = float(common / (common + own @ spread**2))
    inside = (own > _OWN * 1.01).all()
    low, high = _bounds(loadings, own, spread, n, level) if inside else (np.nan, np.nan)
    return Consistency(estimate, low, high, n, k, len(items) - n)


def _one_factor(correlation: Numbers) -> tuple[Numbers, Numbers]:
    """Loadings and own variances of the one-factor model, by Joereskog's concentrated likelihood."""
    k = len(correlation)
    start = 0.5 / np.diagonal(np.linalg.inv(correlation))
    found = optimize.minimize(
        _concentrated, start, args=(correlation,), jac=True, method="L-BFGS-B", bounds=[(_OWN, 1.0)] * k,
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000},
    )  # fmt: skip
    own = np.asarray(found.x, dtype=np.float64)
    return _loadings(own, correlation), own


def _loadings(own: Numbers, correlation: Numbers) -> Numbers:
    root = np.sqrt(own)
    sizes, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    loadings = root * vectors[:, -1] * np.sqrt(max(sizes[-1] - 1.0, 0.0))
    return np.asarray(loadings * np.sign(loadings.sum() or 1.0), dtype=np.float64)


def _concentrated(own: Numbers, correlation: Numbers) -> tuple[float, Numbers]:
    """The discrepancy with the best loadings for these own variances, and its gradient (Lawley & Maxwell 1971)."""
    root = np.sqrt(own)
    sizes = np.linalg.eigvalsh(correlation / np.outer(root, root))[:-1]
    loadings = _loadings(own, correlation)
    implied = np.outer(loadings, loadings) + np.diag(own)
    gradient = np.diagonal(implied - correlation) / own**2
    return float((sizes - np.log(sizes) - 1.0).sum()), np.asarray(gradient, dtype=np.float64)


def _bounds(loadings: Numbers, own: Numbers, spread: Numbers, n: int, level: float) -> tuple[float, float]:
    """Delta method on the logit: omega / (1 - omega) is (sum of loadings)^2 over the sum of own variances.

    The items' standard deviations are taken as known: the likelihood does not depend on the scale.
    """
    k = len(own)
    implied = np.linalg.inv(np.outer(loadings, loadings) + np.diag(own))
    slopes = np.zeros((2 * k, k, k))
    for item in range(k):
        slopes[item, item, :] += loadings
        slopes[item, :, item] += loadings
        slopes[k + item, item, item] = 1.0
    scaled = implied @ slopes
    information = (n - 1) / 2.0 * np.einsum("aij,bji->ab", scaled, scaled)
    slope = np.concatenate([2.0 * spread / (loadings @ spread), -(spread**2) / (own @ spread**2)])
    error = float(np.sqrt(slope @ np.linalg.solve(information, slope)))
    middle = float(np.log((loadings @ spread) ** 2 / (own @ spread**2)))
    reach = float(stats.norm.isf((1.0 - level) / 2.0)) * error
    low, high = 1.0 / (1.0 + np.exp(-(middle - reach))), 1.0 / (1.0 + np.exp(-(middle + reach)))
    return float(low), float(high)
