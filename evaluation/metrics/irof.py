"""IROF: how fast the output falls as whole segments are taken away, the most relevant first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, signed_maps
from evaluation.metrics.baselines import Baseline, baseline_images
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.ranks import Ranks
from foundation.segments import Cut, segments_of

NOT_POSITIVE = "The output on the whole image is not positive, so the curve cannot be divided by it."


@registry.register
@dataclass(frozen=True)
class Irof(Metric):
    """The area over the curve of `f(x without the l most relevant segments) / f(x)`, l from 0 to all segments.

    `maps (B, H, W) -> (B,)`, at most 1; 0 where the output never falls (also for a constant network), below 0 where
    it rises. Iterative removal of features, Rieger & Hansen (2020): segments are ordered by the map's mean over
    them, stay removed, and are filled with the image's own mean; the area is the trapezoid rule's, over the share of
    segments removed. As in the paper the output is the class's probability by default. Segments whose means are tied
    go to equal shares (blended with the fill), so that their numbering plays no part. Undefined where the output on
    the whole image is not positive, which a probability always is.
    """

    name: ClassVar[str] = "irof"
    title: ClassVar[str] = "Iterative removal of features"
    reference: ClassVar[str] = (
        "Rieger & Hansen (2020), IROF: a low resource evaluation metric for explanation methods, ICLR workshop; "
        "arXiv:2003.08747"
    )
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "The share of the output that is lost while segments are removed, most relevant first."
    caveat: ClassVar[str] = (
        "It depends on the segments, and a saturated probability stays high until most of the image is gone."
    )
    formula: ClassVar[str] = "area over the curve of f(x without the l most relevant segments) / f(x)"
    span: ClassVar[str] = "up to 1; 0 where the output never falls"
    undefined_when: ClassVar[str] = "Where the output on the whole image is not positive."

    segments: Cut = field(default="superpixels", metadata={"help": "How each image is cut: SLIC's superpixels, a grid"})
    cells: int = field(default=8, metadata={"help": "Segments along a side; about its square in all", "minimum": 1})
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before segments are ordered"})
    baseline: Baseline = field(default="mean", metadata={"help": "What stands in the place of a removed segment"})
    scale: Scale = field(default="probability", metadata={"help": "The raw output, or its probability"})

    def judge(self, inputs: Inputs) -> Scored:
        """The area over each image's own curve."""
        whole = inputs.whole(self.scale)
        bare = inputs.bare(self.baseline, baseline_images(inputs.images, self.baseline, inputs.seed), self.scale)
        areas = [self._area(inputs, index, whole[index], bare[index]) for index in range(len(inputs.images))]
        return Scored.of(torch.stack(areas), (whole[:, 0] <= 0, NOT_POSITIVE))

    def _area(self, inputs: Inputs, index: int, whole: Tensor, bare: Tensor) -> Tensor:
        """The area over the curve of one image, whose number of segments is its own."""
        image = inputs.images[index]
        labels = self._labels(inputs, index)
        ranks = Ranks.of(segment_means(signed_maps(inputs.maps[index][None], self.sign)[0], labels)[None])
        base = baseline_images(image[None], self.baseline, inputs.seed)[0]

        def remove(item: Tensor) -> Tensor:
            share = ranks.top(item[:, None] + 1)[:, labels].to(image.dtype).unflatten(1, image.shape[1:])[:, None]
            return image * (1 - share) + base * share

        inner = inputs.outputs_of(index, ranks.above.shape[1] - 1, remove, self.scale)
        ratios = torch.cat([whole, inner, bare]) / whole
        return 1 - torch.trapezoid(ratios) / (len(ratios) - 1)

    def _labels(self, inputs: Inputs, index: int) -> Tensor:
        """The segment of each pixel of an image, `(H * W,)`, found once for all maps."""
        key = ("segments", self.segments, self.cells, index)
        if key not in inputs.by_image:
            inputs.by_image[key] = segments_of(inputs.images[index], self.segments, self.cells).flatten()
        labels: Tensor = inputs.by_image[key]
        return labels


def segment_means(row: Tensor, labels: Tensor) -> Tensor:
    """The mean of `(P,)` values over each segment: `(M,)` float64, equal where the segments' values are all equal."""
    count = int(labels.max()) + 1
    first = row.double().min()
    total = torch.zeros(count, dtype=torch.float64, device=row.device).index_add_(0, labels, row.double() - first)
    return first + total / torch.bincount(labels, minlength=count)
