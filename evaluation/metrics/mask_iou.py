"""Mask IoU: overlap of the map's top pixels with the true region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.localisation import EMPTY_MASK, flat_masks
from evaluation.metrics.ranks import expected_inside


@registry.register
@dataclass(frozen=True)
class MaskIoU(Metric):
    """Intersection over union of the mask and the map's top K pixels, K the mask's size.

    Tied pixels at the border belong to the top in equal shares. Saporta et al. (2022) took Otsu's threshold instead;
    the mask's size gives every method the same area.
    """

    name: ClassVar[str] = "mask-iou"
    title: ClassVar[str] = "Mask IoU"
    reference: ClassVar[str] = "Saporta et al. (2022), Nature Machine Intelligence 4; doi:10.1038/s42256-022-00536-x"
    family: ClassVar = "localisation"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("coherence",)
    needs: ClassVar[frozenset[str]] = frozenset({"mask"})
    summary: ClassVar[str] = "The overlap of the true region with as many of the map's highest pixels."
    caveat: ClassVar[str] = (
        "It knows the region's size, which no reader does, and favours maps as smooth as the region."
    )
    formula: ClassVar[str] = "|top and mask| / |top or mask|, the top being the map's |mask| highest pixels"
    span: ClassVar[str] = "0 to 1"
    undefined_when: ClassVar[str] = "For an empty mask."

    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before pixels are ordered"})

    def judge(self, inputs: Inputs) -> Scored:
        """The expected intersection over what is left of the two areas."""
        masks = flat_masks(inputs)
        size = masks.sum(1)
        shared = expected_inside(signed_maps(inputs.maps, self.sign), masks, size)
        return Scored.of(shared / (2 * size - shared), (size == 0, EMPTY_MASK))
