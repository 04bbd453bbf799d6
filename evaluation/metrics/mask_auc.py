"""Mask AUC: how well the map separates the true region's pixels from the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, ranked
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.localisation import EMPTY_MASK, flat_masks


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

    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before pixels are ordered"})

    def judge(self, inputs: Inputs) -> Scored:
        """The rank sum of the region's pixels, scaled to 0 to 1."""
        masks = flat_masks(inputs)
        inside = masks.sum(1).double()
        outside = masks.shape[1] - inside
        from_below = masks.shape[1] + 1 - ranked(inputs, self.sign).expected
        area = ((from_below * masks).sum(1) - inside * (inside + 1) / 2) / (inside * outside)
        return Scored.of(area, (inside == 0, EMPTY_MASK), (outside == 0, "The mask covers the whole image."))
