"""Deletion: how fast the output falls as the most influential pixels are taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Scored
from evaluation.metrics.curves import CurveMetric
from evaluation.metrics.inputs import Inputs


@registry.register
@dataclass(frozen=True)
class Deletion(CurveMetric):
    """The mean of the output's curve, from the whole image to the bare baseline, most influential pixels gone first.

    A step takes pixels, with all their channels. The curve is not divided by its first value. Petsiuk et al. (2018).
    """

    name: ClassVar[str] = "deletion"
    title: ClassVar[str] = "Deletion"
    reference: ClassVar[str] = "Petsiuk, Das & Saenko (2018), RISE, BMVC; arXiv:1806.07421"
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "The mean output while pixels are removed, the map's most influential first."
    caveat: ClassVar[str] = (
        "Removed pixels leave images unlike any the network saw, so it also measures how the network takes the gaps."
    )
    formula: ClassVar[str] = "mean over k of f(x without the k most influential pixels)"
    span: ClassVar[str] = "that of the output"
    undefined_when: ClassVar[str] = "Where the output is not finite; as Dice, where the network predicts no region."

    def judge(self, inputs: Inputs) -> Scored:
        """The mean of the most-influential-first curve."""
        return self.scored(inputs, self.curve(inputs, "most").mean(1))
