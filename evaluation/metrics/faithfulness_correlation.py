"""Faithfulness correlation: does the map's sum over random sets of pixels go with the fall of the output?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, MetricError, Scored, Sign
from evaluation.metrics.baselines import Baseline
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.subset_correlation import subset_correlation


@registry.register
@dataclass(frozen=True)
class FaithfulnessCorrelation(Metric):
    """Pearson's correlation, over random sets S of pixels, of `sum of the map over S` and `f(x) - f(x without S)`.

    `maps (B, H, W) -> (B,)` from -1 to 1; 1 where the map's sums are the output's falls up to scale and offset, as
    for the exact attribution of a linear network. All sets hold the same number of pixels, each pixel goes with all
    its channels, and the same sets serve all maps. Undefined for a constant map and for an output that does not
    change. Bhatt, Weller & Moura (2020).
    """

    name: ClassVar[str] = "faithfulness-correlation"
    title: ClassVar[str] = "Faithfulness correlation"
    reference: ClassVar[str] = (
        "Bhatt, Weller & Moura (2020), Evaluating and Aggregating Feature-based Model Explanations, IJCAI; "
        "arXiv:2005.00631"
    )
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "How the map's sum over random sets of pixels goes with the output's fall without them."
    caveat: ClassVar[str] = (
        "A hundred random sets often say less than their own noise: look at the standard error before comparing maps."
    )
    formula: ClassVar[str] = "Pearson's r over random sets S of: sum of the map over S, and f(x) - f(x without S)"
    span: ClassVar[str] = "-1 to 1"
    undefined_when: ClassVar[str] = "For a constant map, and where the output does not change."
    stochastic: ClassVar[bool] = True
    precision: ClassVar[str] = (
        "About ((1 - r^2) / 0.02)^2 sets for a standard error of 0.02: 2500 at r = 0, 480 at r = 0.75; the "
        "default 100 give 0.1."
    )

    subsets: int = field(default=100, metadata={"help": "Random sets of pixels; one forward pass each", "minimum": 3})
    share: float = field(default=0.1, metadata={"help": "Share of the image that a set takes away, between 0 and 1"})
    side: int = field(
        default=1, metadata={"help": "Side of the squares that are taken together; 1 for pixels", "minimum": 1}
    )
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before it is summed"})
    baseline: Baseline = field(default="zero", metadata={"help": "What stands in the place of a removed pixel"})
    scale: Scale = field(default="logit", metadata={"help": "The raw output, or its probability"})

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        super().__post_init__()
        if not 0 < self.share < 1:
            raise MetricError(f"{self.name}: share must lie between 0 and 1, not {self.share!r}.")

    def judge(self, inputs: Inputs) -> Scored:
        """The correlation over the sets."""
        found = subset_correlation(
            inputs,
            share=self.share,
            side=self.side,
            draws=self.subsets,
            sign=self.sign,
            baseline=self.baseline,
            scale=self.scale,
        )
        return Scored.of(found.values, *found.undefined, errors=found.errors)
