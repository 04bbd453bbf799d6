"""SmoothGrad."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.errors import ExplainError
from explainers.gradients import gradient_chunk, gradients_at
from explainers.methods import registry
from foundation.seeds import derive


@registry.register
@dataclass(frozen=True)
class SmoothGrad(Explainer):
    """The gradient averaged over noisy copies of the image, then its magnitude (Smilkov et al. 2017, section 2.2).

    Gaussian noise; its standard deviation is a share of the image's range (highest less lowest value).
    """

    name = "smooth-grad"
    title = "SmoothGrad"
    reference = "Smilkov et al. 2017, SmoothGrad: removing noise by adding noise, arXiv:1706.03825"
    summary = "Which pixels change the output most when they change a little, whatever noise the image carries."
    caveat = "Says nothing of the direction, and much noise explains images that the network never saw."

    samples: int = field(default=50, metadata={"help": "Noisy copies of an image."})
    noise: float = field(default=0.15, metadata={"help": "Standard deviation of the noise, as a share of the range."})

    def compute(self, request: Request) -> Explained:
        """One image after the other, all with the same draws."""
        if self.samples < 1 or not self.noise >= 0:
            raise ExplainError(f"SmoothGrad needs a sample and no negative noise, not {self.samples}, {self.noise}.")
        means = torch.stack([self._mean_gradient(request, i) for i in range(len(request.images))])
        return self.without_record(means.abs().amax(1))

    def _mean_gradient(self, request: Request, i: int) -> Tensor:
        image = request.images[i]
        deviation = self.noise * (image.max() - image.min())
        size, total = gradient_chunk(request), torch.zeros_like(image)
        for start in range(0, self.samples, size):
            draws = range(start, min(start + size, self.samples))
            noisy = image + deviation * torch.stack([_noise(request, draw) for draw in draws])
            index = torch.full((len(draws),), i, dtype=torch.long, device=image.device)
            total += gradients_at(request, noisy, index)[1].sum(0)
        return total / self.samples


def _noise(request: Request, draw: int) -> Tensor:
    """Standard normal noise `(C, H, W)`; each draw has its own seed, so that chunks do not matter."""
    generator = torch.Generator().manual_seed(derive(request.seed, SmoothGrad.name, draw))
    shape = request.images.shape[1:]
    return torch.randn(shape, generator=generator).to(request.images)
