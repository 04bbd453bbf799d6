"""Pixel flipping: the mean fall of the output as the most relevant pixels are taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Scored
from evaluation.metrics.curves import CurveMetric
from evaluation.metrics.inputs import Inputs


@registry.register
@dataclass(frozen=True)
class PixelFlipping(CurveMetric):
    """The area over the perturbation curve (AOPC): the mean over its points of the whole image's output less theirs.

    The point at which nothing is removed yet counts, as published. Bach et al. (2015), Samek et al. (2017).
    """

    name: ClassVar[str] = "pixel-flipping"
    title: ClassVar[str] = "Pixel flipping (AOPC)"
    reference: ClassVar[str] = "Bach et al. (2015), PLoS ONE 10(7): e0130140; Samek et al. (2017), arXiv:1509.06321"
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "The mean fall of the output while pixels are removed, the map's most relevant first."
    caveat: ClassVar[str] = "Falls of a logit are not comparable between networks, and removal leaves unusual images."
    formula: ClassVar[str] = "mean over k of f(x) - f(x without the k most influential pixels)"
    span: ClassVar[str] = "any; 0 where the output never falls"
    undefined_when: ClassVar[str] = "Where the output is not finite; as Dice, where the network predicts no region."

    def judge(self, inputs: Inputs) -> Scored:
        """The mean fall along the most-relevant-first curve."""
        curve = self.curve(inputs, "most")
        return self.scored(inputs, (curve[:, :1] - curve).mean(1))
