"""XGrad-CAM."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam, activation_and_gradient
from explainers.methods import registry

ROUNDING = 1e-6


@registry.register
@dataclass(frozen=True)
class XgradCam(Cam):
    """Feature maps weighted by the activation-weighted mean of their gradient (Fu et al. 2020)."""

    name = "xgrad-cam"
    title = "XGrad-CAM"
    reference = "Fu et al. 2020, Axiom-based Grad-CAM, arXiv:2008.02312"
    summary = "Where feature maps are strong, each weighed by what it adds to the output as a whole, by first order."
    caveat = "A feature map whose positive and negative values nearly cancel gets an arbitrarily large weight."

    def combine(self, request: Request, layer: str) -> Tensor:
        """Sum over channels of activation times (sum of gradient x activation) / (sum of activation).

        A channel whose sum is zero within the rounding of float32 says nothing and gets no weight.
        """
        pair = activation_and_gradient(request, layer)
        total = pair.activation.sum((2, 3), keepdim=True)
        usable = total.abs() > ROUNDING * pair.activation.abs().sum((2, 3), keepdim=True)
        effect = (pair.gradient * pair.activation).sum((2, 3), keepdim=True)
        weights = torch.where(usable, effect / torch.where(usable, total, 1), 0)
        return (weights * pair.activation).sum(1)
