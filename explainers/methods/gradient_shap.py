"""GradientSHAP."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline, baseline_images
from explainers.errors import ExplainError
from explainers.gradients import gradient_chunk
from explainers.methods import registry
from foundation.seeds import derive


@registry.register
@dataclass(frozen=True)
class GradientShap(Explainer):
    """Expected gradients at random points between baseline and image, times their difference; by captum.

    captum holds all its samples at once, so they are asked for in chunks that fit the memory budget.
    """

    name = "gradient-shap"
    title = "GradientSHAP"
    reference = "Lundberg & Lee 2017, arXiv:1705.07874; Erion et al. 2021, Nature Machine Intelligence 3:620; captum"
    summary = "What each pixel adds on the way from the baseline to the image, from random points on that way."
    caveat = "Few samples make a noisy map, whose sum misses the difference of the outputs by the gap in its record."
    signed = True

    samples: int = field(default=64, metadata={"help": "Random points an image."})
    noise: float = field(default=0.0, metadata={"help": "Standard deviation of noise added to the image."})
    baseline: Baseline = field(default="zero", metadata={"help": "Where the way begins."})

    def compute(self, request: Request) -> Explained:
        """One image after the other, each with the same draws."""
        if self.samples < 1 or self.noise < 0:
            raise ExplainError(f"GradientSHAP needs a sample and no negative noise, not {self.samples}, {self.noise}.")
        baselines = baseline_images(request.images, self.baseline)
        wanted = (request.values() - request.values_of(baselines)).tolist()
        maps = torch.stack([self._one(request.only(i), baselines[i : i + 1]) for i in range(len(wanted))])
        missed = [float(made.sum()) - value for made, value in zip(maps, wanted, strict=True)]
        gaps = [abs(miss / value) if value else abs(miss) for miss, value in zip(missed, wanted, strict=True)]
        return Explained(maps, [{"completeness_gap": gap} for gap in gaps])

    def _one(self, request: Request, baseline: Tensor) -> Tensor:
        method = importlib.import_module("captum.attr").GradientShap(self._outputs(request))
        image = request.images.clone().requires_grad_(True)
        chunk = max(1, min(self.samples, gradient_chunk(request)))
        total = torch.zeros_like(request.images)
        with drawing_from(derive(request.seed, self.name)):
            for start in range(0, self.samples, chunk):
                count = min(chunk, self.samples - start)
                made = method.attribute(image, baselines=baseline, n_samples=count, stdevs=self.noise)
                total += made.detach() * count
        return (total / self.samples)[0].sum(0)

    def _outputs(self, request: Request) -> Callable[[Tensor], Tensor]:
        return lambda inputs: request.target.take(torch.zeros(len(inputs), dtype=torch.long))(request.model(inputs))


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Seed the libraries' global generators, from which captum draws, and put them back as they were."""
    kept = np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            np.random.set_state(kept)
