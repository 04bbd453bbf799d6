"""Insertion: how fast the output rises as the most influential pixels are put in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Scored
from evaluation.metrics.curves import CurveMetric
from evaluation.metrics.inputs import Inputs


@registry.register
@dataclass(frozen=True)
class Insertion(CurveMetric):
    """The mean of the output's curve, from the bare baseline to the whole image, most influential pixels in first.

    Read backwards this is the least-influential-first removal, which is what is computed. Petsiuk et al. (2018).
    """

    name: ClassVar[str] = "insertion"
    title: ClassVar[str] = "Insertion"
    reference: ClassVar[str] = "Petsiuk, Das & Saenko (2018), RISE, BMVC; arXiv:1806.07421"
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "The mean output while pixels are put into a bare baseline, the most influential first."
    caveat: ClassVar[str] = "Smooth maps gain, because connected patches on a bare baseline look more like real images."
    formula: ClassVar[str] = "mean over k of f(baseline with the k most influential pixels of x)"
    span: ClassVar[str] = "that of the output"
    undefined_when: ClassVar[str] = "Where the output is not finite; as Dice, where the network predicts no region."

    def judge(self, inputs: Inputs) -> Scored:
        """The mean of the least-influential-first curve."""
        return self.scored(inputs, self.curve(inputs, "least").mean(1))
