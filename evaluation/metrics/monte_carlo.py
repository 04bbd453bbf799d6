"""What chance adds to a score: standard errors over random draws, and how many draws make them small."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

# Spreads below this share of the largest value are the rounding of float32, not an effect.
ROUNDING = 1e-6


class Correlation(NamedTuple):
    """Pearson's correlation of each of `(B,)` pairs of rows, with the standard error that comes from the draws."""

    values: Tensor
    errors: Tensor


def pearson(first: Tensor, second: Tensor) -> Correlation:
    """Correlate the rows of two `(B, S)`, whose S pairs are independent draws: float64; NaN where a row is constant.

    The standard error is the jackknife's: from the spread of the S correlations that leave one pair out. It is 0 where
    all pairs lie on one line, and NaN where the correlation hangs on a single pair.
    """
    a, b = _centred(first), _centred(second)
    values = (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1)).sqrt()
    count = a.shape[1]
    # Without pair i the mean moves by -a_i / (S - 1), which takes S / (S - 1) a_i b_i from the sum of products.
    without = [(x * y).sum(1, keepdim=True) - count / (count - 1) * x * y for x, y in ((a, b), (a, a), (b, b))]
    each = without[0] / (without[1] * without[2]).sqrt()
    errors = ((count - 1) / count * _centred(each).square().sum(1)).sqrt()
    return Correlation(values, errors)


def error_of_mean(draws: Tensor) -> Tensor:
    """The standard error `(B,)` of the rows' means of independent draws `(B, S)`; NaN for a single draw."""
    count = draws.shape[1]
    if count < 2:
        return torch.full((len(draws),), torch.nan, dtype=draws.dtype, device=draws.device)
    return draws.std(1) / math.sqrt(count)


def draws_needed(error: float, draws: int, wanted: float = 0.02) -> int:
    """How many draws bring a standard error down to `wanted` when `draws` of them gave `error`.

    A standard error falls with the square root of the number of draws. Of a correlation near r expect about
    `((1 - r^2) / wanted)^2` draws. Raises ValueError for numbers that are not positive.
    """
    if not (error >= 0 and draws >= 1 and wanted > 0):
        raise ValueError("The error must not be negative, the draws and the wanted error must be positive.")
    return max(1, math.ceil(draws * (error / wanted) ** 2))


def flat(rows: Tensor, size: Tensor | None = None) -> Tensor:
    """Which rows `(B, S)` do not vary beyond rounding, relative to their `size (B,)` (by default their largest)."""
    size = rows.abs().amax(1) if size is None else size
    return rows.amax(1) - rows.amin(1) <= ROUNDING * size


def _centred(rows: Tensor) -> Tensor:
    rows = rows.double()
    return rows - rows.mean(1, keepdim=True)
