"""Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam, activation_and_gradient
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class GradCam(Cam):
    """Feature maps weighted by the mean of their gradient (Selvaraju et al. 2017, eq. 1 and 2)."""

    name = "grad-cam"
    title = "Grad-CAM"
    reference = "Selvaraju et al. 2017, Grad-CAM: Visual explanations from deep networks, doi:10.1109/ICCV.2017.74"
    summary = "Where the last feature maps that speak for the output, weighed by their mean gradient, are strong."
    caveat = "Coarse and smooth, and averaging the gradient may colour places that the output does not depend on."

    def combine(self, request: Request, layer: str) -> Tensor:
        """Sum over channels of activation times mean gradient."""
        pair = activation_and_gradient(request, layer)
        weights = pair.gradient.mean((2, 3), keepdim=True)
        return (weights * pair.activation).sum(1)
