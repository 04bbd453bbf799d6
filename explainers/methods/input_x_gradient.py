"""Input times gradient."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.base import Explained, Explainer, Request
from explainers.gradients import shared_gradient
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class InputXGradient(Explainer):
    """Each pixel times the output's gradient by it, summed over channels (Shrikumar et al. 2016)."""

    name = "input-x-gradient"
    title = "Input x gradient"
    reference = "Shrikumar et al. 2016, Not just a black box, arXiv:1605.01713"
    summary = "What each pixel adds to the output if the network is taken as linear around the image."
    caveat = "Dark pixels get nothing, however much the network reads from their darkness."
    signed = True

    def compute(self, request: Request) -> Explained:
        """Image times gradient."""
        return self.without_record((request.images * shared_gradient(request)).sum(1))
