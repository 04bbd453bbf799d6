"""Sensitivity-n: does the map add up, whatever the number n of pixels that are taken away?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, MetricError, Scored, Sign
from evaluation.metrics.baselines import Baseline
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.subset_correlation import subset_correlation


@registry.register
@dataclass(frozen=True)
class SensitivityN(Metric):
    """The mean over several n of Pearson's correlation, over random sets S of n pixels, of the map's sum over S and
    `f(x) - f(x without S)`.

    `maps (B, H, W) -> (B,)` from -1 to 1. The correlation is within each image, over its sets; a method that satisfies
    sensitivity-n for all n, as the exact attribution of a linear network does, scores 1. n is given as shares of the
    image, few pixels to half of them; what is removed goes with all its channels, each set from the whole image, and
    the same sets serve all maps. Undefined for a constant map and for an output that does not change for one of the
    n. Ancona et al. (2018), who draw a curve over n from one pixel to 80 % of them.
    """

    name: ClassVar[str] = "sensitivity-n"
    title: ClassVar[str] = "Sensitivity-n"
    reference: ClassVar[str] = (
        "Ancona, Ceolini, Öztireli & Gross (2018), Towards Better Understanding of Gradient-based Attribution Methods "
        "for Deep Neural Networks, ICLR; arXiv:1711.06104"
    )
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "How the map's sums go with the output's falls for random sets of few to many pixels."
    caveat: ClassVar[str] = (
        "Scattered pixels make images unlike any the network saw, and few pixels hardly move it: mind the noise."
    )
    formula: ClassVar[str] = (
        "mean over n of Pearson's r over random sets S of n pixels of: sum of the map over S, and f(x) - f(x without S)"
    )
    span: ClassVar[str] = "-1 to 1"
    undefined_when: ClassVar[str] = "For a constant map, and where the output does not change for one of the n."
    stochastic: ClassVar[bool] = True
    precision: ClassVar[str] = (
        "About a third of ((1 - r^2) / 0.02)^2 sets for each n for a standard error of 0.02: 830 at r = 0; "
        "the default 100 give 0.06."
    )

    subsets: int = field(
        default=100, metadata={"help": "Random sets of pixels for each n; one forward pass each", "minimum": 3}
    )
    shares: tuple[float, ...] = field(
        default=(0.02, 0.1, 0.5), metadata={"help": "The numbers n, as shares of the image between 0 and 1"}
    )
    side: int = field(
        default=1, metadata={"help": "Side of the squares that are taken together; 1 for pixels", "minimum": 1}
    )
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before it is summed"})
    baseline: Baseline = field(default="zero", metadata={"help": "What stands in the place of a removed pixel"})
    scale: Scale = field(default="logit", metadata={"help": "The raw output, or its probability"})

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        super().__post_init__()
        if not self.shares or not all(0 < share < 1 for share in self.shares):
            raise MetricError(f"{self.name}: shares must lie between 0 and 1, not {self.shares!r}.")
        object.__setattr__(self, "shares", tuple(self.shares))

    def judge(self, inputs: Inputs) -> Scored:
        """The mean correlation over the numbers n; the draws of one n are independent of those of another."""
        each = [
            subset_correlation(
                inputs,
                share=share,
                side=self.side,
                draws=self.subsets,
                sign=self.sign,
                baseline=self.baseline,
                scale=self.scale,
            )
            for share in self.shares
        ]
        values = torch.stack([found.values for found in each]).mean(0)
        errors = torch.stack([found.errors for found in each]).square().sum(0).sqrt() / len(each)
        return Scored.of(values, *(reason for found in each for reason in found.undefined), errors=errors)
