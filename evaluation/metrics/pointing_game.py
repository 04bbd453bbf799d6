"""Pointing game: does the map's maximum lie in the true region?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.localisation import EMPTY_MASK, flat_masks


@registry.register
@dataclass(frozen=True)
class PointingGame(Metric):
    """The expected hit of the map's maximum: 1 inside the mask, 0 outside, the share inside where maxima tie.

    With a tolerance, a maximum counts within that distance (Euclidean, in pixels) of the mask. Zhang et al. (2016).
    """

    name: ClassVar[str] = "pointing-game"
    title: ClassVar[str] = "Pointing game"
    reference: ClassVar[str] = "Zhang et al. (2016), Top-down Neural Attention by Excitation Backprop; arXiv:1608.00507"
    family: ClassVar = "localisation"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("coherence",)
    needs: ClassVar[frozenset[str]] = frozenset({"mask"})
    summary: ClassVar[str] = "Whether the map's highest pixel lies in the true region."
    caveat: ClassVar[str] = "It reads one pixel only, and large or central regions are easy to hit by chance."
    formula: ClassVar[str] = "share of the map's highest pixels that lie in the mask"
    span: ClassVar[str] = "0 to 1"
    undefined_when: ClassVar[str] = "For an empty mask."

    tolerance: int = field(
        default=0, metadata={"help": "Distance in pixels at which a miss still counts as a hit", "minimum": 0}
    )
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read"})

    def judge(self, inputs: Inputs) -> Scored:
        """The share of the pixels with the highest value that hit."""
        masks = flat_masks(inputs)
        values = signed_maps(inputs.maps, self.sign)
        highest = values == values.amax(1, keepdim=True)
        hit = dilated(masks.unflatten(1, inputs.maps.shape[1:]), self.tolerance).flatten(1)
        return Scored.of((highest & hit).sum(1).double() / highest.sum(1), (~masks.any(1), EMPTY_MASK))


def dilated(masks: Tensor, radius: int) -> Tensor:
    """Masks `(B, H, W)` widened by a disc of `radius` pixels."""
    if radius == 0:
        return masks
    offsets = torch.arange(-radius, radius + 1, device=masks.device)
    disc = (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).float()
    return functional.conv2d(masks.float()[:, None], disc[None, None], padding=radius)[:, 0] > 0.5
