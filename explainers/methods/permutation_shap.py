"""Shapley values by sampled orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from explainers.base import Explained, Explainer, Request
from explainers.baselines import Baseline
from explainers.coalitions import Outputs, joined, outputs_of
from explainers.errors import ExplainError
from explainers.methods import registry
from explainers.orders import average_orders, draw_orders
from explainers.segments import Cut, segments_of, spread_evenly
from explainers.shapley import all_fit, draw_coalitions, fit_shapley
from foundation.seeds import derive


@registry.register
@dataclass(frozen=True)
class PermutationShap(Explainer):
    """Shapley values of image segments: the mean of what a segment adds when segments appear in random orders.

    Orders come in pairs, each with its reverse, which cancels much of the sampling error: with interactions of at most
    two segments, one pair is exact. The map adds up to the output less the baseline's exactly; a segment's value is
    spread evenly over its pixels. The record holds the mean standard error of the values, from the pairs' spread. Where
    the orders would take no fewer forward passes than all coalitions, all are taken: the values are exact, the error 0.
    """

    name = "permutation-shap"
    title = "Permutation SHAP"
    reference = (
        "Castro, Gómez & Tejada 2009, Polynomial calculation of the Shapley value based on sampling, "
        "doi:10.1016/j.cor.2008.04.004; pairs: Mitchell et al. 2022, arXiv:2104.12199"
    )
    summary = "What each segment adds to the output on average over the orders in which segments could appear."
    caveat = "It sees no finer than its segments, and few orders leave noise that looks like structure."
    signed = True

    segments: Cut = field(default="grid", metadata={"help": "How the image is cut into players."})
    cells: int = field(default=7, metadata={"help": "Cells along a side; squared, the number of segments."})
    pairs: int = field(
        default=4, metadata={"help": "Pairs of an order and its reverse; each takes two forward passes a segment."}
    )
    baseline: Baseline = field(default="zero", metadata={"help": "What an absent segment shows."})

    def compute(self, request: Request) -> Explained:
        """One image after the other; for a grid, all of them with the same orders."""
        if self.pairs < 2:
            raise ExplainError(f"Permutation SHAP needs at least 2 pairs to know its error, not {self.pairs}.")
        return joined(self._one(request.only(i)) for i in range(len(request.images)))

    def _one(self, request: Request) -> tuple[Tensor, dict[str, Any]]:
        segments = segments_of(request.images[0], self.segments, self.cells)
        players = int(segments.max()) + 1
        seed, passes = derive(request.seed, self.name), 2 * self.pairs * (players - 1)

        def asked(present: Tensor) -> Outputs:
            return outputs_of(request, segments, self.baseline, present)

        if all_fit(players, passes):
            coalitions = draw_coalitions(players, passes, seed)
            outputs = asked(coalitions.present)
            fit = fit_shapley(coalitions, *outputs)
        else:
            orders = draw_orders(players, self.pairs, seed)
            outputs = asked(orders.present)
            fit = average_orders(orders, *outputs)
        record = {
            "segments": players,
            "forwards": len(outputs.values) + 2,
            "standard_error": float(fit.errors.mean()),
            "difference": outputs.full - outputs.empty,
        }
        return spread_evenly(fit.values.to(request.images.device), segments), record
