"""Relevance rank accuracy: how many of the map's top pixels lie in the true region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.localisation import EMPTY_MASK, flat_masks
from evaluation.metrics.ranks import expected_inside


@registry.register
@dataclass(frozen=True)
class RelevanceRank(Metric):
    """The share of the map's top K pixels inside the mask, K its size; the expected share where pixels tie.

    By default negative relevance ties with none, as in the paper's non-negative maps. Arras et al. (2022).
    """

    name: ClassVar[str] = "relevance-rank"
    title: ClassVar[str] = "Relevance rank accuracy"
    reference: ClassVar[str] = "Arras, Osman & Samek (2022), CLEVR-XAI, Information Fusion 81; arXiv:2003.07258"
    family: ClassVar = "localisation"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("coherence",)
    needs: ClassVar[frozenset[str]] = frozenset({"mask"})
    summary: ClassVar[str] = "The share of the map's highest pixels, as many as the true region has, that lie in it."
    caveat: ClassVar[str] = "Its chance level is the region's share of the image, so small regions score low."
    formula: ClassVar[str] = "share of the map's top |mask| pixels that lie in the mask"
    span: ClassVar[str] = "0 to 1"
    undefined_when: ClassVar[str] = "For an empty mask."

    sign: Sign = field(default="positive", metadata={"help": "How the map's sign is read before pixels are ordered"})

    def judge(self, inputs: Inputs) -> Scored:
        """The expected share of the top pixels inside the mask."""
        masks = flat_masks(inputs)
        size = masks.sum(1)
        inside = expected_inside(signed_maps(inputs.maps, self.sign), masks, size)
        return Scored.of(inside / size, (size == 0, EMPTY_MASK))
