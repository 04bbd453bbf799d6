"""HiRes-CAM."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam, activation_and_gradient
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class HiresCam(Cam):
    """Activations weighted place by place with their gradient (Draelos & Carin 2020)."""

    name = "hires-cam"
    title = "HiRes-CAM"
    reference = "Draelos & Carin 2020, Use HiResCAM instead of Grad-CAM for faithful explanations, arXiv:2011.08891"
    summary = "What each place of the feature maps adds to the output, by first order."
    caveat = (
        "Where the network goes on with more than one linear layer, a first-order effect is not the effect of removal."
    )

    def combine(self, request: Request, layer: str) -> Tensor:
        """Sum over channels of activation times gradient."""
        pair = activation_and_gradient(request, layer)
        return (pair.gradient * pair.activation).sum(1)
