"""KernelSHAP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline, baseline_images
from explainers.errors import ExplainError
from explainers.methods import registry
from explainers.segments import Cut, segments_of, spread_evenly
from explainers.shapley import draw_coalitions, fit_shapley
from foundation.seeds import derive


@registry.register
@dataclass(frozen=True)
class KernelShap(Explainer):
    """Shapley values of image segments by weighted least squares over coalitions (Lundberg & Lee 2017).

    A segment that is absent shows the baseline. The map adds up to the output less the baseline's exactly; a
    segment's value is spread evenly over its pixels. The record holds the mean standard error of the values.
    """

    name = "kernel-shap"
    title = "KernelSHAP"
    reference = "Lundberg & Lee 2017, A unified approach to interpreting model predictions, arXiv:1705.07874"
    summary = "What each segment adds to the output on average over the orders in which segments could appear."
    caveat = "It sees no finer than its segments, and few samples leave noise that looks like structure."
    signed = True

    segments: Cut = field(default="grid", metadata={"help": "How the image is cut into players."})
    cells: int = field(default=7, metadata={"help": "Cells along a side; squared, the number of segments."})
    samples: int = field(default=200, metadata={"help": "Forward passes an image, besides the two ends."})
    baseline: Baseline = field(default="zero", metadata={"help": "What an absent segment shows."})

    def compute(self, request: Request) -> Explained:
        """One image after the other; for a grid, all of them with the same coalitions."""
        if self.samples < 2:
            raise ExplainError(f"KernelSHAP needs at least 2 samples, not {self.samples}.")
        request.forwards()  # prepared once for all images
        made = [self._one(request.only(i)) for i in range(len(request.images))]
        return Explained(torch.stack([shares for shares, _ in made]), [record for _, record in made])

    def _one(self, request: Request) -> tuple[Tensor, dict[str, Any]]:
        image = request.images[0]
        segments = segments_of(image, self.segments, self.cells)
        baseline = baseline_images(request.images, self.baseline)[0]
        players = int(segments.max()) + 1
        coalitions = draw_coalitions(players, self.samples, derive(request.seed, self.name))
        ends = torch.tensor([[False], [True]]).expand(2, players)
        present = torch.cat([ends, coalitions.present] if players > 1 else [ends]).to(image.device)

        def composed(_: Tensor, item: Tensor) -> Tensor:
            shown = present[item][:, segments.flatten()].view(len(item), 1, *segments.shape)
            return torch.where(shown, image, baseline)

        values = request.stream(len(present), composed)[0].cpu()
        fit = fit_shapley(coalitions, values[2:], float(values[0]), float(values[1]))
        record = {
            "segments": players,
            "forwards": len(present),
            "standard_error": float(fit.errors.mean()),
            "difference": float(values[1].double() - values[0].double()),
        }
        return spread_evenly(fit.values.to(image.device), segments), record
