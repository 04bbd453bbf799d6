"""Mask AUC: how well the map separates the true region's pixels from the others."""

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
class MaskAUC(Metric):
    """The area under the ROC curve of the map's values against the mask; ties count half (Mann and Whitney's U)."""

    name: ClassVar[str] = "mask-auc"
    title: ClassVar[str] = "Mask AUC"
    reference: ClassVar[str] = "Fawcett (2006), An introduction to ROC analysis, Pattern Recognition Letters 27"
    family: ClassVar = "localisation"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("coherence",)
    needs: ClassVar[frozenset[str]] = frozenset({"mask"})
    summary: ClassVar[str] = "The chance that a pixel of the true region has a higher value than one outside it."
    caveat: ClassVar[str] = "With small regions it is high for almost any map that is low at the image's border."
    formula: ClassVar[str] = "P(a pixel inside the mask is higher than one outside), ties as a half"
    span: ClassVar[str] = "0 to 1; 0.5 by chance"
    undefined_when: ClassVar[str] = "For an empty mask, and for one that covers the whole image."

    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before pixels are ordered"})

    def judge(self, inputs: Inputs) -> Scored:
        """The pairs of a pixel inside and one outside in which the former is higher, as a share of all."""
        masks = flat_masks(inputs)
        values = signed_maps(inputs.maps, self.sign)
        pairs = zip(ascending(values), values, masks, strict=True)
        wins = torch.stack([_wins(ordered, row[mask]) for ordered, row, mask in pairs])
        inside = masks.sum(1).double()
        outside = masks.shape[1] - inside
        area = (wins - inside.square() / 2) / (inside * outside)
        return Scored.of(area, (inside == 0, EMPTY_MASK), (outside == 0, "The mask covers the whole image."))


def _wins(ordered: Tensor, inside: Tensor) -> Tensor:
    """How many of all pixels those inside exceed together, ties and themselves as a half."""
    below = torch.searchsorted(ordered, inside).sum()
    return (below + torch.searchsorted(ordered, inside, right=True).sum()).double() / 2
