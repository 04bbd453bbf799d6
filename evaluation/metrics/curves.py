"""Removal curves: the explained output as pixels are taken away in the map's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from evaluation.metrics.base import Metric, Sign, ranked
from evaluation.metrics.baselines import Baseline, baseline_images
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.ranks import Ranks

First = Literal["most", "least"]


@dataclass(frozen=True)
class CurveMetric(Metric):
    """A metric read from removal curves; metrics with equal parameters share them.

    Ties: when only k of t tied pixels fall under a step, each of the t is removed to the share k / t (blended with
    the baseline), which is the mean image over all orders of the tied pixels. For a constant map the curve runs from
    the image to the baseline through evenly faded images, whatever the order of the pixels.
    """

    steps: int = field(default=10, metadata={"help": "Points of the curve after the first", "minimum": 1})
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before pixels are ordered"})
    baseline: Baseline = field(default="zero", metadata={"help": "What stands in the place of a removed pixel"})
    scale: Scale = field(default="logit", metadata={"help": "The raw output, or its probability"})

    def curve(self, inputs: Inputs, first: First) -> Tensor:
        """The output `(B, points)` as ever more pixels are removed, from none to all; float64."""
        key = (first, self.steps, self.sign, self.baseline, self.scale)
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

        whole, bare = self._ends(inputs, base)
        return torch.cat([whole, inputs.outputs(len(counts), remove, self.scale), bare], 1)

    def _ends(self, inputs: Inputs, base: Tensor) -> tuple[Tensor, Tensor]:
        """The output `(B, 1)` of the whole image and of the bare baseline, which all maps share."""
        for name, pictures in (("whole", inputs.images), (self.baseline, base)):
            if (name, self.scale) not in inputs.by_image:
                found = inputs.outputs(1, lambda image, item, these=pictures: these[image], self.scale)  # type: ignore[misc]
                inputs.by_image[name, self.scale] = found
        return inputs.by_image["whole", self.scale], inputs.by_image[self.baseline, self.scale]


def removal_counts(pixels: int, steps: int) -> Tensor:
    """How many of `pixels` are gone at each point: whole numbers from 0 to all, evenly spaced, symmetric about half.

    Symmetry makes removing the least influential first and inserting the most influential first the same pictures.
    """
    steps = min(steps, pixels)
    half = [(2 * pixels * point + steps) // (2 * steps) for point in range(steps // 2 + 1)]
    counts = [half[point] if point <= steps // 2 else pixels - half[steps - point] for point in range(steps + 1)]
    return torch.tensor(counts)
