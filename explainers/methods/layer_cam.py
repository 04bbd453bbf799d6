"""Layer-CAM."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from explainers.base import Request
from explainers.cam import Cam, activation_and_gradient
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class LayerCam(Cam):
    """Activations weighted place by place with their positive gradient (Jiang et al. 2021)."""

    name = "layer-cam"
    title = "Layer-CAM"
    reference = (
        "Jiang et al. 2021, LayerCAM: Exploring hierarchical class activation maps, doi:10.1109/TIP.2021.3089943"
    )
    summary = "Where feature maps are strong and more of them would raise the output, place by place."
    caveat = "Evidence against the output is left out, and in shallow layers the map follows edges."

    def combine(self, request: Request, layer: str) -> Tensor:
        """Sum over channels of activation times positive gradient."""
        pair = activation_and_gradient(request, layer)
        return (pair.gradient.clamp(min=0) * pair.activation).sum(1)
