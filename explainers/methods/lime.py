"""LIME."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline
from explainers.coalitions import joined, values_of_coalitions
from explainers.errors import ExplainError
from explainers.methods import registry
from explainers.segments import Cut, segments_of, spread_evenly
from foundation.seeds import derive


@registry.register
@dataclass(frozen=True)
class Lime(Explainer):
    """A weighted ridge regression of the output on which segments are shown (Ribeiro et al. 2016, section 3).

    Choices, as in the authors' package: each segment is shown with a chance of one half, and the whole image is one
    of the samples; weights are exp(-d² / (2 width²)) of the cosine distance d between a sample and the whole image,
    both as vectors of segments; the intercept is not penalised. Ours: segments are SLIC's, hidden ones show the
    baseline, and a segment's coefficient is spread evenly over its pixels, so that a region's sum is the fitted effect
    of hiding it. The record holds the weighted share of the outputs' variance that the fit explains.
    """

    name = "lime"
    title = "LIME"
    reference = "Ribeiro, Singh & Guestrin 2016, “Why should I trust you?”, arXiv:1602.04938"
    summary = "The weight of each segment in a linear model fitted to the output near the image."
    caveat = "Where the fit explains little of the output, the weights say little; the cut decides what can be found."
    signed = True

    segments: Cut = field(default="superpixels", metadata={"help": "How the image is cut into segments."})
    cells: int = field(default=7, metadata={"help": "Cells along a side; squared, the number of segments, about."})
    samples: int = field(default=500, metadata={"help": "Forward passes an image."})
    width: float = field(default=0.25, metadata={"help": "Width of the kernel, in cosine distance."})
    penalty: float = field(default=1.0, metadata={"help": "Penalty on the squared coefficients."})
    baseline: Baseline = field(default="zero", metadata={"help": "What a hidden segment shows."})

    def compute(self, request: Request) -> Explained:
        """One image after the other."""
        if self.samples < 2 or not self.width > 0 or not self.penalty >= 0:
            raise ExplainError(
                "LIME needs at least 2 samples, a width above 0 and a penalty of at least 0, "
                f"not {self.samples}, {self.width} and {self.penalty}."
            )
        return joined(self._one(request.only(i)) for i in range(len(request.images)))

    def _one(self, request: Request) -> tuple[Tensor, dict[str, Any]]:
        segments = segments_of(request.images[0], self.segments, self.cells)
        shown = self.draw(int(segments.max()) + 1, request.seed)
        values = values_of_coalitions(request, segments, self.baseline, shown)
        coefficients, explained = local_fit(shown, values, self.width, self.penalty)
        record = {"segments": shown.shape[1], "forwards": self.samples, "explained_variance": explained}
        return spread_evenly(coefficients.to(request.images.device), segments), record

    def draw(self, segments: int, seed: int) -> Tensor:
        """Which segments each sample shows, `(samples, segments)` bool; the first shows all."""
        generator = torch.Generator().manual_seed(derive(seed, self.name))
        shown = torch.rand((self.samples, segments), generator=generator) < 0.5
        shown[0] = True
        return shown


def local_fit(shown: Tensor, values: Tensor, width: float, penalty: float) -> tuple[Tensor, float]:
    """Coefficients `(M,)` of the ridge regression of `values (N,)` on `shown (N, M)`, and the variance explained.

    Both are weighted by nearness to the vector of ones; the share is 1 where the values do not vary.
    """
    present, outputs = shown.double(), values.double()
    distance = 1 - present.mean(1).sqrt()
    weights = torch.exp(-distance.square() / (2 * width**2))[:, None]
    design = present - (weights * present).sum(0) / weights.sum()
    wanted = outputs[:, None] - (weights * outputs[:, None]).sum() / weights.sum()
    normal = design.T @ (weights * design) + penalty * torch.eye(design.shape[1], dtype=torch.float64)
    coefficients = torch.linalg.pinv(normal, hermitian=True) @ (design.T @ (weights * wanted))
    rest = float((weights * (wanted - design @ coefficients).square()).sum())
    spread = float((weights * wanted.square()).sum())
    return coefficients[:, 0], 1 - rest / spread if spread > 0 else 1.0
