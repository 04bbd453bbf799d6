"""Removal curves: the explained output as pixels are taken away in the map's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from evaluation.metrics.base import Metric, Scored, Sign, ranked
from evaluation.metrics.baselines import Baseline, baseline_images
from evaluation.metrics.inputs import Inputs, Reading, Scale
from evaluation.metrics.ranks import Ranks

First = Literal["most", "least"]
Measure = Literal["output", "dice"]

NO_REGION = "The network predicts no region of this channel on the whole image, so there is no Dice to lose."


@dataclass(frozen=True)
class CurveMetric(Metric):
    """A metric read from removal curves; metrics with equal parameters share them.

    Ties: when only k of t tied pixels fall under a step, each of the t is removed to the share k / t (blended with
    the baseline), which is the mean image over all orders of the tied pixels. For a constant map the curve runs from
    the image to the baseline through evenly faded images, whatever the order of the pixels.

    `measure="dice"` draws the curve of a segmenter's decision instead of its output: the Dice coefficient of the
    region that it predicts on the altered image with the one that it predicts on the whole image. The reference is
    the network's own prediction, not the true mask, because faithfulness is to the network, right or wrong; the curve
    starts at 1. It is undefined where nothing is predicted on the whole image, and an error for a class target.
    """

    steps: int = field(default=10, metadata={"help": "Points of the curve after the first", "minimum": 1})
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before pixels are ordered"})
    baseline: Baseline = field(default="zero", metadata={"help": "What stands in the place of a removed pixel"})
    scale: Scale = field(default="logit", metadata={"help": "The raw output, or its probability"})
    measure: Measure = field(
        default="output",
        metadata={"help": "The explained output, or the Dice of a segmenter's decision with that on the whole image"},
    )

    @property
    def reading(self) -> Reading:
        """What is read from the network's output; a decision has no scale."""
        return "dice" if self.measure == "dice" else self.scale

    def scored(self, inputs: Inputs, values: Tensor) -> Scored:
        """Scores from their values `(B,)`, undefined where the measure is."""
        if self.measure == "output":
            return Scored.of(values)
        return Scored.of(values, (~inputs.decision().flatten(1).any(1), NO_REGION))

    def curve(self, inputs: Inputs, first: First) -> Tensor:
        """The output `(B, points)` as ever more pixels are removed, from none to all; float64."""
        key = (first, self.steps, self.sign, self.baseline, self.reading)
        if key not in inputs.by_map:
            inputs.by_map[key] = self._removed(inputs, first)
        return inputs.by_map[key]

    def _removed(self, inputs: Inputs, first: First) -> Tensor:
        images = inputs.images
        ranks = ranked(inputs, self.sign)
        if first == "least":
            ranks = ranks.reversed()
        counts = removal_counts(ranks.above.shape[1], self.steps)[1:-1]
        base = baseline_images(images, self.baseline, inputs.seed)

        shape = images.shape[2:]
        counts = counts.to(images.device)

        def remove(image: Tensor, item: Tensor) -> Tensor:
            share = Ranks(ranks.above[image], ranks.tied[image]).top(counts[item][:, None])
            share = share.to(images.dtype).unflatten(1, shape)[:, None]
            return images[image] * (1 - share) + base[image] * share

        inner = inputs.outputs(len(counts), remove, self.reading)
        return torch.cat([inputs.whole(self.reading), inner, inputs.bare(self.baseline, base, self.reading)], 1)


def removal_counts(pixels: int, steps: int) -> Tensor:
    """How many of `pixels` are gone at each point: whole numbers from 0 to all, evenly spaced, symmetric about half.

    Symmetry makes removing the least influential first and inserting the most influential first the same pictures.
    """
    steps = min(steps, pixels)
    half = [(2 * pixels * point + steps) // (2 * steps) for point in range(steps // 2 + 1)]
    counts = [half[point] if point <= steps // 2 else pixels - half[steps - point] for point in range(steps + 1)]
    return torch.tensor(counts)
