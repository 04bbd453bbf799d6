"""Faithfulness estimate: does the output fall as the map says when each part of its order is taken away alone?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, ranked, signed_maps
from evaluation.metrics.baselines import Baseline, baseline_images
from evaluation.metrics.curves import removal_counts
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.ranks import Ranks
from evaluation.metrics.subset_correlation import correlated


@registry.register
@dataclass(frozen=True)
class FaithfulnessEstimate(Metric):
    """Pearson's correlation, over groups G of pixels in the map's order, of `sum of the map over G` and
    `f(x) - f(x without G)`.

    `maps (B, H, W) -> (B,)` from -1 to 1; 1 for the exact attribution of a linear network. The groups are the steps
    of a removal curve, but each is taken from the whole image, alone, with all channels. Tied pixels belong to all
    the groups that they fall into, each to its share (blended with the baseline), so that the order of the pixels
    plays no part. Undefined for a constant map and for an output that does not change. Alvarez-Melis & Jaakkola
    (2018), who take one feature at a time.
    """

    name: ClassVar[str] = "faithfulness-estimate"
    title: ClassVar[str] = "Faithfulness estimate"
    reference: ClassVar[str] = (
        "Alvarez-Melis & Jaakkola (2018), Towards Robust Interpretability with Self-Explaining Neural Networks, "
        "NeurIPS; arXiv:1806.07538"
    )
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "How the map's sum over each step of its order goes with the output's fall without it."
    caveat: ClassVar[str] = (
        "A correlation over a few groups: one group that the network minds, most often the first, can decide it."
    )
    formula: ClassVar[str] = (
        "Pearson's r over the steps G of the map's order of: sum of the map over G, and f(x) - f(x without G)"
    )
    span: ClassVar[str] = "-1 to 1"
    undefined_when: ClassVar[str] = "For a constant map, and where the output does not change."

    steps: int = field(default=32, metadata={"help": "Groups of pixels; one forward pass each", "minimum": 3})
    sign: Sign = field(
        default="signed", metadata={"help": "How the map's sign is read before it is ordered and summed"}
    )
    baseline: Baseline = field(default="zero", metadata={"help": "What stands in the place of a removed pixel"})
    scale: Scale = field(default="logit", metadata={"help": "The raw output, or its probability"})

    def judge(self, inputs: Inputs) -> Scored:
        """The correlation over the groups."""
        images, rows = inputs.images, signed_maps(inputs.maps, self.sign)
        groups = Groups(ranked(inputs, self.sign), removal_counts(rows.shape[1], self.steps).to(images.device))
        base = baseline_images(images, self.baseline, inputs.seed)

        def remove(image: Tensor, item: Tensor) -> Tensor:
            share = groups.shares(image, item).to(images.dtype).unflatten(1, images.shape[2:])[:, None]
            return images[image] * (1 - share) + base[image] * share

        whole = inputs.whole(self.scale)
        effects = whole - inputs.outputs(groups.count, remove, self.scale)
        found = correlated(rows, groups.sums(rows), effects, whole)
        return Scored.of(found.values, *found.undefined)


@dataclass(frozen=True)
class Groups:
    """The pixels of `(B, P)` ranked values cut at `counts (G + 1,)`, from 0 to P: the largest values first."""

    ranks: Ranks
    counts: Tensor

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.counts) - 1

    def shares(self, image: Tensor, item: Tensor) -> Tensor:
        """How far each pixel belongs to the groups `item (n,)` of the images `image (n,)`: `(n, P)` float64, 0 to 1."""
        ranks = Ranks(self.ranks.above[image], self.ranks.tied[image])
        return ranks.top(self.counts[item + 1][:, None]) - ranks.top(self.counts[item][:, None])

    def sums(self, rows: Tensor) -> Tensor:
        """The sum of `(B, P)` over each group: `(B, G)` float64."""
        every = torch.arange(len(rows), device=rows.device)
        values = rows.double()
        each = [(self.shares(every, torch.full_like(every, item)) * values).sum(1) for item in range(self.count)]
        return torch.stack(each, 1)
