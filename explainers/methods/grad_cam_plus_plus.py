"""Grad-CAM++."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam, activation_and_gradient
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class GradCamPlusPlus(Cam):
    """Feature maps weighted by their positive gradients, place by place (Chattopadhay et al. 2018, eq. 5 and 19)."""

    name = "grad-cam++"
    title = "Grad-CAM++"
    reference = "Chattopadhay et al. 2018, Grad-CAM++: Improved visual explanations, doi:10.1109/WACV.2018.00097"
    summary = "Where feature maps with positive gradients are strong, each place weighed so that small objects count."
    caveat = "Evidence against the output is left out of the weights, so that maps of different classes look alike."

    def combine(self, request: Request, layer: str) -> Tensor:
        """Sum over channels of activation times the alpha-weighted positive gradient.

        alpha = g^2 / (2 g^2 + (sum A) g^3) is computed as 1 / (2 + (sum A) g), which does not underflow.
        """
        activation, gradient, _ = activation_and_gradient(request, layer)
        below = 2 + activation.sum((2, 3), keepdim=True) * gradient
        usable = (gradient != 0) & (below != 0)
        alpha = torch.where(usable, 1 / torch.where(usable, below, 1), 0)
        weights = (alpha * gradient.clamp(min=0)).sum((2, 3), keepdim=True)
        return (weights * activation).sum(1)
