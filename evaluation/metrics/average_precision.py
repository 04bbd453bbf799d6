"""Average precision of the map against the true region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.localisation import EMPTY_MASK, flat_masks
from evaluation.metrics.ranks import ascending


@registry.register
@dataclass(frozen=True)
class AveragePrecision(Metric):
    """The mean precision over the region's pixels, each taken as threshold; tied pixels pass a threshold together.

    The step-wise area under the precision-recall curve, as Arun et al. (2021) report for medical saliency maps.
    """

    name: ClassVar[str] = "average-precision"
    title: ClassVar[str] = "Average precision"
    reference: ClassVar[str] = (
        "Arun et al. (2021), Radiology: Artificial Intelligence 3(6); doi:10.1148/ryai.2021200267"
    )
    family: ClassVar = "localisation"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("coherence",)
    needs: ClassVar[frozenset[str]] = frozenset({"mask"})
    summary: ClassVar[str] = "The area under the precision-recall curve of the map against the true region."
    caveat: ClassVar[str] = "Its chance level is the region's share of the image: compare methods on the same images."
    formula: ClassVar[str] = "mean over the mask's pixels of the share of mask among the pixels at least as high"
    span: ClassVar[str] = "0 to 1; the mask's share of the image by chance"
    undefined_when: ClassVar[str] = "For an empty mask."

    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before pixels are ordered"})

    def judge(self, inputs: Inputs) -> Scored:
        """At each pixel of the region: the share of region among the pixels at least as high."""
        masks = flat_masks(inputs)
        values = signed_maps(inputs.maps, self.sign)
        pairs = zip(ascending(values), values, masks, strict=True)
        precision = torch.stack([_mean_precision(ordered, row[mask]) for ordered, row, mask in pairs])
        return Scored.of(precision, (~masks.any(1), EMPTY_MASK))


def _mean_precision(ordered: Tensor, inside: Tensor) -> Tensor:
    """Over the pixels inside: of all pixels at least as high, the share that is inside; NaN where none is."""
    all_as_high = len(ordered) - torch.searchsorted(ordered, inside)
    inside_as_high = len(inside) - torch.searchsorted(inside.sort().values, inside)
    return (inside_as_high.double() / all_as_high).mean()
