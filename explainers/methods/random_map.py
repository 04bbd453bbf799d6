"""Control: smooth noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from explainers.base import Explained, Explainer, Request
from explainers.methods import registry
from explainers.smoothing import blurred
from foundation.seeds import derive


@registry.register
@dataclass(frozen=True)
class RandomMap(Explainer):
    """Gaussian noise, blurred so that it looks like a saliency map; it knows neither image nor network."""

    name = "random-map"
    title = "Random map"
    reference = "Adebayo et al. 2018, Sanity checks for saliency maps, arXiv:1810.03292 (the idea of a null map)"
    summary = "Nothing: smooth noise drawn from the seed, the same for every image of a size."
    caveat = "It may hit a finding by chance; judge methods by how far they are above it, not by its single maps."
    control = True
    asks_network = False

    smoothness: float = field(default=0.06, metadata={"help": "Standard deviation of the blur, in image sides."})

    def compute(self, request: Request) -> Explained:
        """Blurred noise, shifted to be non-negative."""
        count, _, height, width = request.images.shape
        generator = torch.Generator().manual_seed(derive(request.seed, self.name))
        noise = torch.randn((1, 1, height, width), generator=generator)
        noise = blurred(noise, self.smoothness * max(height, width))[0, 0]
        noise = (noise - noise.min()).to(request.images.device)
        return self.without_record(noise.expand(count, height, width))
