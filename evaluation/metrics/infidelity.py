"""Infidelity: how far the map's sums over squares are from what the network loses without them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, Scored, Sign, signed_maps
from evaluation.metrics.baselines import Baseline
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.regions import Squares, removal_effects


@registry.register
@dataclass(frozen=True)
class Infidelity(Metric):
    """The mean over squares Q of `(sum of the map over Q - (f(x) - f(x without Q)))^2`.

    `maps (B, H, W) -> (B,)`, from 0, in squared units of the output. Yeh et al. (2019) with the removal of a square as
    the perturbation: each square is taken from the whole image, alone, with all channels. The squares tile the image;
    where their side does not divide it, the last ones are cut off at the edge and count as much. Nothing is drawn at
    random. The exact attribution of a linear network scores 0 with a zero baseline. Defined also for constant maps
    and networks: a map of zeros is right about a network that never changes.

    `scaled=True` first multiplies each map by the factor that fits the changes best (least squares), which makes maps
    comparable whose values have no unit; the score is then no larger than that of a map of zeros.
    """

    name: ClassVar[str] = "infidelity"
    title: ClassVar[str] = "Infidelity"
    reference: ClassVar[str] = (
        "Yeh, Hsieh, Suggala, Inouye & Ravikumar (2019), On the (In)fidelity and Sensitivity of Explanations, "
        "NeurIPS; arXiv:1901.09392"
    )
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = "The mean squared gap between the map's sum over a square and what its removal changes."
    caveat: ClassVar[str] = (
        "It punishes maps whose values are not in the output's unit, such as CAMs, whatever they show; "
        "scale them to compare."
    )
    formula: ClassVar[str] = "mean over squares Q of (sum of the map over Q - (f(x) - f(x without Q)))^2"
    span: ClassVar[str] = "from 0, in squared units of the output"
    undefined_when: ClassVar[str] = "Where the output is not finite."

    side: int = field(default=16, metadata={"help": "Side of the squares, in pixels", "minimum": 1})
    scaled: bool = field(default=False, metadata={"help": "Multiply each map by the factor that fits best first"})
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before it is summed"})
    baseline: Baseline = field(default="zero", metadata={"help": "What stands in the place of a removed pixel"})
    scale: Scale = field(default="logit", metadata={"help": "The raw output, or its probability"})

    def judge(self, inputs: Inputs) -> Scored:
        """The mean squared gap over the squares."""
        height, width = inputs.images.shape[2:]
        squares = Squares(height, width, self.side)
        effects = removal_effects(inputs, squares, self.baseline, self.scale)
        sums = squares.sums(inputs, signed_maps(inputs.maps, self.sign))
        if self.scaled:
            sums = sums * best_factor(sums, effects)
        return Scored.of((sums - effects).square().mean(1))


def best_factor(sums: Tensor, effects: Tensor) -> Tensor:
    """The factors `(B, 1)` that bring rows of sums `(B, S)` closest to rows of effects; 0 for a row of zeros."""
    size = sums.square().sum(1, keepdim=True)
    return ((sums * effects).sum(1, keepdim=True) / size).masked_fill(size == 0, 0.0)
