"""Symmetric relevance gain: least-influential-first less most-influential-first removal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Scored
from evaluation.metrics.curves import CurveMetric
from evaluation.metrics.inputs import Inputs


@registry.register
@dataclass(frozen=True)
class SymmetricRelevanceGain(CurveMetric):
    """The mean output when the least influential pixels go first, less the mean when the most influential do.

    Both curves meet the same unusual images, which cancels much of the removal's own effect; a map without
    information scores 0. Blücher et al. (2024).
    """

    name: ClassVar[str] = "srg"
    title: ClassVar[str] = "Symmetric relevance gain"
    reference: ClassVar[str] = "Blücher, Vielhaben & Strodthoff (2024), arXiv:2401.06654"
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = (
        "How much longer the output lasts when the least rather than the most influential go first."
    )
    caveat: ClassVar[str] = "Its size follows the network's logits: compare methods within a network, not across."
    formula: ClassVar[str] = (
        "mean over k of f(x without the k least influential pixels) - f(x without the k most influential)"
    )
    span: ClassVar[str] = "any; 0 for a map without information"
    undefined_when: ClassVar[str] = "Where the output is not finite; as Dice, where the network predicts no region."

    def judge(self, inputs: Inputs) -> Scored:
        """The difference of the two curves' means."""
        return self.scored(inputs, self.curve(inputs, "least").mean(1) - self.curve(inputs, "most").mean(1))
