"""Relevance mass accuracy: how much of the map's relevance lies in the true region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.localisation import EMPTY_MASK, flat_masks


@registry.register
@dataclass(frozen=True)
class RelevanceMass(Metric):
    """The map's sum inside the mask over its sum everywhere, of its positive part: 0 to 1. Arras et al. (2022)."""

    name: ClassVar[str] = "relevance-mass"
    title: ClassVar[str] = "Relevance mass accuracy"
    reference: ClassVar[str] = "Arras, Osman & Samek (2022), CLEVR-XAI, Information Fusion 81; arXiv:2003.07258"
    family: ClassVar = "localisation"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("coherence",)
    needs: ClassVar[frozenset[str]] = frozenset({"mask"})
    summary: ClassVar[str] = "The share of the map's positive relevance that lies in the true region."
    caveat: ClassVar[str] = "Adding a constant to the map changes it, and a large region gets a large share by chance."
    formula: ClassVar[str] = "sum of the map's positive part inside the mask / sum everywhere"
    span: ClassVar[str] = "0 to 1"
    undefined_when: ClassVar[str] = "For an empty mask, and for a map without a positive value."

    sign: Literal["positive", "absolute"] = field(
        default="positive", metadata={"help": "Count the positive part, or magnitudes"}
    )

    def judge(self, inputs: Inputs) -> Scored:
        """The share of relevance inside the mask."""
        masks = flat_masks(inputs)
        mass = signed_maps(inputs.maps, self.sign).double()
        total = mass.sum(1)
        return Scored.of(
            (mass * masks).sum(1) / total,
            (~masks.any(1), EMPTY_MASK),
            (total == 0, "The map has no relevance of the sign that is counted."),
        )
