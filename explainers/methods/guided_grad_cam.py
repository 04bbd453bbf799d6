"""Guided Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass, field

from explainers.base import Explained, Explainer, Request
from explainers.guided import guided_gradient
from explainers.methods import registry
from explainers.methods.grad_cam import GradCam


@registry.register
@dataclass(frozen=True)
class GuidedGradCam(Explainer):
    """Guided backpropagation times the Grad-CAM map, summed over channels (Selvaraju et al. 2017, section 3.2).

    A rectifier that leaks (leaky ReLU, PReLU, ELU) hands back its own gradient times the positive part of what it got.
    """

    name = "guided-grad-cam"
    title = "Guided Grad-CAM"
    reference = "Selvaraju et al. 2017, Grad-CAM, doi:10.1109/ICCV.2017.74; Springenberg et al. 2015, arXiv:1412.6806"
    summary = "Fine structures that raise the output, within the region that Grad-CAM shows."
    caveat = (
        "The fine structures come from the image's edges more than from the network's weights (Adebayo et al. 2018)."
    )
    signed = True

    layer: str | None = field(
        default=None,
        metadata={"help": "Module for Grad-CAM; empty for the last one before pooling, or the bottleneck."},
    )

    def compute(self, request: Request) -> Explained:
        """The two, place by place."""
        coarse = GradCam(layer=self.layer).run(request)
        return Explained((guided_gradient(request) * coarse.maps[:, None]).sum(1), coarse.record)
