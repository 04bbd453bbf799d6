"""Reliability of a metric: how much of what it says is the image, and how much is chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from evaluation.metrics.base import Metric, MetricError
from evaluation.metrics.inputs import MEMORY_MB, Explain, as_found, prepare
from evaluation.metrics.ranks import Ranks
from foundation.seeds import derive
from foundation.targets import Target


@dataclass(frozen=True)
class Reliability:
    """Where the variance of a metric's scores comes from, over images and seeds.

    The components are those of a two-way random model, score = mean + image + seed + rest, estimated from the mean
    squares; an estimate of nothing may fall a little below 0. `dropped` images had an undefined score.
    """

    images: int
    seeds: int
    dropped: int
    between_images: float
    between_seeds: float
    rest: float

    @property
    def icc(self) -> float:
        """The share of the variance of single scores that lies between images, ICC(A,1) of McGraw and Wong (1996)."""
        return self.icc_of_mean(1)

    @property
    def standard_error(self) -> float:
        """The s.d. of a score over seeds, in the score's unit."""
        return math.sqrt(max(0.0, self.between_seeds + self.rest))

    def icc_of_mean(self, seeds: int) -> float:
        """The share of variance between images when each score is a mean over so many seeds; NaN where none varies."""
        chance = (self.between_seeds + self.rest) / seeds
        total = self.between_images + chance
        return self.between_images / total if total > 0 else math.nan

    def seeds_needed(self, icc: float = 0.9) -> int | None:
        """Over how many seeds to average for this share of variance between images; None where no number helps."""
        if self.between_images <= 0 or not 0 < icc < 1:
            return None
        chance = max(0.0, self.between_seeds + self.rest)
        return max(1, math.ceil(chance / self.between_images * icc / (1 - icc) - 1e-9))


def reliability(
    metric: Metric,
    model: nn.Module | None,
    images: Tensor,
    maps: Tensor,
    target: Target | None,
    *,
    masks: Tensor | None = None,
    explain: Explain | None = None,
    seeds: int = 10,
    seed: int = 0,
    memory_mb: int = MEMORY_MB,
) -> Reliability:
    """The reliability of a metric on these maps: it scores them with `seeds` seeds derived from `seed`.

    Arguments are those of `Metric.score`. A low value means that images, and so methods, cannot be told apart by
    single scores. Raises ValueError for fewer than 2 seeds or fewer than 2 images that can be scored.
    """
    with as_found(model):
        inputs = prepare(
            model,
            images,
            maps,
            target,
            needs=metric.needs,
            masks=masks,
            explain=explain,
            seed=seed,
            memory_mb=memory_mb,
        )
        runs = [metric.judge(inputs.with_seed(derive(seed, "reliability", run))).values for run in range(seeds)]
    return variance_components(torch.stack(runs, 1) if runs else torch.empty(len(images), 0))


def variance_components(scores: Tensor) -> Reliability:
    """The components of scores `(images, seeds)`; images with a NaN are left out and counted."""
    kept = scores.double()[~torch.isnan(scores).any(1)]
    count, seeds = kept.shape
    if count < 2 or seeds < 2:
        raise MetricError(f"Reliability needs at least 2 scored images and 2 seeds, not {count} and {seeds}.")
    by_image, by_seed, mean = kept.mean(1), kept.mean(0), kept.mean()
    rest = (kept - by_image[:, None] - by_seed + mean).square().sum() / ((count - 1) * (seeds - 1))
    images = seeds * (by_image - mean).square().sum() / (count - 1)
    chance = count * (by_seed - mean).square().sum() / (seeds - 1)
    return Reliability(
        images=count,
        seeds=seeds,
        dropped=len(scores) - count,
        between_images=float((images - rest) / seeds),
        between_seeds=float((chance - rest) / count),
        rest=float(rest),
    )


def ranking_agreement(scores: Tensor) -> float:
    """Whether images agree on how a metric ranks methods: Kendall's W of `(images, methods)`, 0 to 1, ties corrected.

    Images are the raters here, as in Tomsett et al. (2020, arXiv:1912.01451), who found little agreement for common
    metrics. Images with a NaN are left out; NaN where each ties all methods, or too few images or methods are left.
    """
    kept = scores[~torch.isnan(scores).any(1)]
    images, methods = kept.shape
    if images < 2 or methods < 2:
        return math.nan
    ranks = Ranks.of(kept.double())
    sums = ranks.expected.sum(0)
    ties = (ranks.tied.double().square() - 1).sum()
    most = images**2 * (methods**3 - methods) - images * ties
    return float(12 * (sums - sums.mean()).square().sum() / most) if most > 0 else math.nan
