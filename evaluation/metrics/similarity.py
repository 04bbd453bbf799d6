"""How alike two maps are: the correlation of their ranks."""

from __future__ import annotations

from torch import Tensor

from evaluation.metrics.base import Sign, ranked, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.ranks import Ranks

CONSTANT = "The map is constant, so it has no ranks to compare."


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Spearman's correlation of the rows of two `(B, P)`: `(B,)` float64; 0 where a row is constant."""
    return _correlation(Ranks.of(first), Ranks.of(second))


def _correlation(first: Ranks, second: Ranks) -> Tensor:
    a, b = first.expected, second.expected
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    scale = (a.square().sum(1) * b.square().sum(1)).sqrt()
    return ((a * b).sum(1) / scale).masked_fill(scale == 0, 0.0)


def map_similarity(inputs: Inputs, others: Tensor, sign: Sign) -> Tensor:
    """The rank correlation `(B,)` of the maps with others `(B, H, W)` under one sign policy."""
    return _correlation(ranked(inputs, sign), Ranks.of(signed_maps(others, sign)))


def no_ranks(inputs: Inputs, sign: Sign) -> Tensor:
    """Which maps `(B,)` are constant under the sign policy."""
    rows = signed_maps(inputs.maps, sign)
    return rows.amin(1) == rows.amax(1)
