"""KernelSHAP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline
from explainers.coalitions import joined, outputs_of
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
        return joined(self._one(request.only(i)) for i in range(len(request.images)))

    def _one(self, request: Request) -> tuple[Tensor, dict[str, Any]]:
        segments = segments_of(request.images[0], self.segments, self.cells)
        players = int(segments.max()) + 1
        coalitions = draw_coalitions(players, self.samples, derive(request.seed, self.name))
        outputs = outputs_of(request, segments, self.baseline, coalitions.present)
        fit = fit_shapley(coalitions, *outputs)
        record = {
            "segments": players,
            "forwards": len(outputs.values) + 2,
            "standard_error": float(fit.errors.mean()),
            "difference": outputs.full - outputs.empty,
        }
        return spread_evenly(fit.values.to(request.images.device), segments), record
