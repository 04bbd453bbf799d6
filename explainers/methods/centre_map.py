"""Control: the image's centre."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from explainers.base import Explained, Explainer, Request
from explainers.errors import ExplainError
from explainers.methods import registry


@registry.register
@dataclass(frozen=True)
class CentreMap(Explainer):
    """A Gaussian at the image's centre: what a method is worth that only knows where findings tend to be."""

    name = "centre-map"
    title = "Centre map"
    reference = "Tatler 2007, The central fixation bias in scene viewing, doi:10.1167/7.14.4 (the bias it stands for)"
    summary = "The image's centre, whatever it holds and whatever the network computes."
    caveat = "It scores well where findings lie near the centre, which is a property of the cases, not of a method."
    control = True
    asks_network = False

    width: float = field(default=0.25, metadata={"help": "Standard deviation of the Gaussian, in image sides."})

    def compute(self, request: Request) -> Explained:
        """exp(-d^2 / 2), with d the distance from the centre in standard deviations."""
        if not self.width > 0:
            raise ExplainError(f"The width of a centre map must be positive, not {self.width}.")
        count, _, height, width = request.images.shape
        rows, columns = (((torch.arange(n) + 0.5) / n - 0.5) / self.width for n in (height, width))
        one = torch.exp(-0.5 * (rows[:, None].square() + columns[None, :].square()))
        return self.without_record(one.to(request.images.device).expand(count, height, width))
