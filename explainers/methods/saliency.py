"""Saliency: the plain gradient."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.base import Explained, Explainer, Request
from explainers.gradients import shared_gradient
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class Saliency(Explainer):
    """The largest absolute gradient over the image's channels (Simonyan et al. 2014, section 3.1)."""

    name = "saliency"
    title = "Saliency"
    reference = "Simonyan et al. 2014, Deep inside convolutional networks, arXiv:1312.6034"
    summary = "Which pixels change the output most when they change a little."
    caveat = "Noisy, and blind to evidence that is already saturated."

    def compute(self, request: Request) -> Explained:
        """The gradient's magnitude, its maximum over channels."""
        return self.without_record(shared_gradient(request).abs().amax(1))
