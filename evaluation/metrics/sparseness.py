"""Sparseness: how unevenly the map spreads over the pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.ranks import ascending


@registry.register
@dataclass(frozen=True)
class Sparseness(Metric):
    """The Gini index of the map's magnitudes: 0 for a flat map, 1 - 1/P if one of P pixels has it all.

    Chalasani et al. (2020).
    """

    name: ClassVar[str] = "sparseness"
    title: ClassVar[str] = "Sparseness"
    reference: ClassVar[str] = (
        "Chalasani et al. (2020), Concise Explanations of Neural Networks, ICML; arXiv:1810.06583"
    )
    family: ClassVar = "complexity"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("compactness",)
    needs: ClassVar[frozenset[str]] = frozenset()
    summary: ClassVar[str] = "How unevenly the map's magnitude is spread over the pixels (Gini index)."
    caveat: ClassVar[str] = "It says nothing about truth: a single random pixel is as sparse as can be."
    formula: ClassVar[str] = "Gini index of |map|"
    span: ClassVar[str] = "0 to 1"
    undefined_when: ClassVar[str] = "For a map of zeros."

    sign: Literal["absolute", "positive"] = field(
        default="absolute", metadata={"help": "Magnitudes, or the positive part only"}
    )

    def judge(self, inputs: Inputs) -> Scored:
        """The Gini index of each map."""
        sizes = ascending(signed_maps(inputs.maps, self.sign)).double()
        count, total = sizes.shape[1], sizes.sum(1)
        weights = 2 * torch.arange(1, count + 1, device=sizes.device) - count - 1
        return Scored.of((sizes * weights).sum(1) / (count * total), (total == 0, "The map is zero everywhere."))
