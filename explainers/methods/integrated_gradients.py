"""Integrated gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline, baseline_images
from explainers.errors import ExplainError
from explainers.gradients import gradient_chunk
from explainers.methods import registry
from explainers.norms import normalises_images
from foundation.forwards import input_gradient

# Baselines without structure.
CONSTANT = frozenset({"zero", "mean"})


@registry.register
@dataclass(frozen=True)
class IntegratedGradients(Explainer):
    """The gradient averaged on the way from a baseline to the image, times their difference.

    Gauss-Legendre nodes; an image whose map misses the difference of the outputs by more than `tolerance` (relative)
    gets twice as many, up to `most_steps`. The gap that is left is in the record, with a warning where it is larger.

    A network that normalises each image by its own statistics does not see how faint an image is: from a constant
    baseline nearly all happens at the first step, and nothing is promised. The record says so; `blur` is better there.
    """

    name = "integrated-gradients"
    title = "Integrated gradients"
    reference = "Sundararajan et al. 2017, Axiomatic attribution for deep networks, arXiv:1703.01365"
    summary = "What each pixel adds on the way from the baseline to the image; the map adds up to the difference."
    caveat = "Another baseline gives another map, and a black baseline hides what black pixels mean."
    signed = True

    baseline: Baseline = field(default="zero", metadata={"help": "Where the way begins."})
    steps: int = field(default=50, metadata={"help": "Gradients a map, at first."})
    most_steps: int = field(default=400, metadata={"help": "Gradients a map, at most."})
    tolerance: float = field(default=0.01, metadata={"help": "Relative gap in completeness that is good enough."})

    def compute(self, request: Request) -> Explained:
        """One image after the other, so that no image's steps depend on another's."""
        if not 1 <= self.steps <= self.most_steps:
            raise ExplainError(f"Steps must lie between 1 and {self.most_steps}, not {self.steps}.")
        baselines = baseline_images(request.images, self.baseline)
        wanted = (request.values() - request.values_of(baselines)).tolist()
        made = [self._one(request, i, baselines[i], wanted[i]) for i in range(len(wanted))]
        note = self._note(request)
        return Explained(torch.stack([image_map for image_map, _ in made]), [record | note for _, record in made])

    def _note(self, request: Request) -> dict[str, str]:
        if self.baseline not in CONSTANT or not normalises_images(request):
            return {}
        return {
            "note": "The network normalises each image by its own statistics, so that its way from a constant baseline "
            "is nearly a single step: compare with the baseline 'blur'."
        }

    def _one(self, request: Request, i: int, baseline: Tensor, wanted: float) -> tuple[Tensor, dict[str, Any]]:
        steps = self.steps
        while True:
            image_map = self._integrated(request, i, baseline, steps)
            gap = abs(float(image_map.sum(dtype=torch.float64)) - wanted)
            if gap <= self.tolerance * abs(wanted) or 2 * steps > self.most_steps:
                break
            steps *= 2
        relative = gap / abs(wanted) if wanted else float(gap > 0)
        record: dict[str, Any] = {"difference": wanted, "completeness_gap": relative, "steps": steps}
        if relative > self.tolerance:
            record["warning"] = f"With {steps} steps the map misses the difference of the outputs by {relative:.1%}."
        return image_map, record

    def _integrated(self, request: Request, i: int, baseline: Tensor, steps: int) -> Tensor:
        difference = request.images[i] - baseline
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        place = torch.from_numpy((nodes + 1) / 2).to(difference)[:, None, None, None]
        weight = torch.from_numpy(weights / 2).to(difference)[:, None, None, None]
        size, total = gradient_chunk(request), torch.zeros_like(difference)
        for start in range(0, steps, size):
            points = baseline + place[start : start + size] * difference
            index = torch.full((len(points),), i, dtype=torch.long, device=points.device)
            _, gradient = input_gradient(request.model, points, request.target.take(index))
            total += (weight[start : start + size] * gradient).sum(0)
        return (difference * total).sum(0)
