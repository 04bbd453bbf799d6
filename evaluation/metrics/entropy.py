"""Entropy: how widely the map spreads over the pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, signed_maps
from evaluation.metrics.inputs import Inputs


@registry.register
@dataclass(frozen=True)
class Entropy(Metric):
    """The entropy, in nats, of the map's magnitudes as shares of their sum: 0 for one pixel, ln P for a flat map.

    Bhatt et al. (2020), there called complexity.
    """

    name: ClassVar[str] = "entropy"
    title: ClassVar[str] = "Entropy"
    reference: ClassVar[str] = "Bhatt, Weller & Moura (2020), IJCAI; arXiv:2005.00631"
    family: ClassVar = "complexity"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("compactness",)
    needs: ClassVar[frozenset[str]] = frozenset()
    summary: ClassVar[str] = "The entropy of how the map's magnitude is spread over the pixels."
    caveat: ClassVar[str] = "It grows with the number of pixels: compare maps of one size only."
    formula: ClassVar[str] = "- sum of p ln p with p = |map| / sum of |map|"
    span: ClassVar[str] = "0 to ln(pixels)"
    undefined_when: ClassVar[str] = "For a map of zeros."

    sign: Literal["absolute", "positive"] = field(
        default="absolute", metadata={"help": "Magnitudes, or the positive part only"}
    )

    def judge(self, inputs: Inputs) -> Scored:
        """The entropy of each map."""
        sizes = signed_maps(inputs.maps, self.sign).double()
        total = sizes.sum(1)
        shares = sizes / total[:, None]
        return Scored.of(torch.special.entr(shares).sum(1), (total == 0, "The map is zero everywhere."))
