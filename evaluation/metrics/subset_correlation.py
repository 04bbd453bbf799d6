"""Correlating what a map predicts for random sets of pixels with what the network does without them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from evaluation.metrics.base import Sign, signed_maps
from evaluation.metrics.baselines import Baseline
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.monte_carlo import flat, pearson
from evaluation.metrics.regions import RandomSubsets, Squares, removal_effects

CONSTANT_MAP = "The map is constant, so it predicts nothing that could be correlated."
EQUAL_SUMS = "The map gives every set of pixels the same sum, so there is nothing to correlate."
NO_EFFECT = "The output does not change with the pixels that are removed, so there is nothing to correlate."


class Correlated(NamedTuple):
    """Correlations `(B,)` float64 with standard errors, and where `(B,)` they are undefined and why."""

    values: Tensor
    errors: Tensor
    undefined: tuple[tuple[Tensor, str], ...]


def correlated(rows: Tensor, sums: Tensor, effects: Tensor, outputs: Tensor) -> Correlated:
    """Pearson's correlation of predicted `sums (B, S)` and measured `effects (B, S)`.

    `rows (B, P)` are the maps that predict, `outputs (B, 1)` the size by which rounding of the effects is judged.
    """
    found = pearson(sums, effects)
    largest = torch.maximum(outputs.abs()[:, 0], effects.abs().amax(1))
    undefined = (
        (rows.amax(1) == rows.amin(1), CONSTANT_MAP),
        (flat(sums, rows.double().abs().sum(1)), EQUAL_SUMS),
        (flat(effects, largest), NO_EFFECT),
    )
    return Correlated(found.values, found.errors, undefined)


def subset_correlation(
    inputs: Inputs, *, share: float, side: int, draws: int, sign: Sign, baseline: Baseline, scale: Scale
) -> Correlated:
    """The correlation over `draws` random sets that hold a `share` of the image's squares of `side` pixels."""
    subsets = subsets_of(inputs, share=share, side=side, draws=draws)
    rows = signed_maps(inputs.maps, sign)
    effects = removal_effects(inputs, subsets, baseline, scale)
    return correlated(rows, subsets.sums(inputs, rows), effects, inputs.whole(scale))


def subsets_of(inputs: Inputs, *, share: float, side: int, draws: int) -> RandomSubsets:
    """The random sets: at least one square each, and at least one less than all where there are more."""
    height, width = inputs.images.shape[2:]
    squares = Squares(height, width, side).count
    size = max(1, min(round(share * squares), squares - 1))
    return RandomSubsets(height, width, side, size, draws, inputs.seed)
