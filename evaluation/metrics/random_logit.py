"""Random logit: does the map change when another class is explained?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, MetricError, Scored, Sign
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.similarity import CONSTANT, map_similarity, no_ranks
from foundation.seeds import derive
from foundation.targets import ClassTarget, RegionTarget, Target


@registry.register
@dataclass(frozen=True)
class RandomLogit(Metric):
    """The rank correlation of the map with the map of another class (or channel), drawn at random.

    The other target lies the same random distance further on for every image, in the circle of classes; a region
    keeps its pixels. A map that is constant for the other class counts as 0. Sixt et al. (2020) compared by SSIM.
    """

    name: ClassVar[str] = "random-logit"
    title: ClassVar[str] = "Random logit"
    reference: ClassVar[str] = "Sixt, Granz & Landgraf (2020), When Explanations Lie, ICML; arXiv:1912.09818"
    family: ClassVar = "randomisation"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("contrastivity",)
    needs: ClassVar[frozenset[str]] = frozenset({"model", "explain"})
    summary: ClassVar[str] = "How similar the map is to the one for another class of the same network."
    caveat: ClassVar[str] = "With two classes whose logits mirror each other, maps that differ only in sign are right."
    formula: ClassVar[str] = "Spearman's r of: the map, and the map for another class"
    span: ClassVar[str] = "-1 to 1"
    undefined_when: ClassVar[str] = "For a constant map, and for a network with one output."
    stochastic: ClassVar[bool] = True
    precision: ClassVar[str] = (
        "None with two classes; with more, the class is drawn: average over seeds until every class has had its turn."
    )

    sign: Sign = field(default="signed", metadata={"help": "How the maps' sign is read before they are compared"})

    def judge(self, inputs: Inputs) -> Scored:
        """The similarity to another target's map."""
        if inputs.model is None or inputs.target is None:
            raise MetricError("This metric needs a model and a target.")
        classes = _classes(inputs.model, inputs.images)
        if classes < 2:
            everywhere = torch.ones(len(inputs.images), dtype=torch.bool)
            return Scored.of(torch.zeros(len(inputs.images)), (everywhere, "The model has no other class to explain."))
        others = inputs.explained(inputs.model, other_target(inputs.target, classes, inputs.seed))
        return Scored.of(map_similarity(inputs, others, self.sign), (no_ranks(inputs, self.sign), CONSTANT))


def other_target(target: Target, classes: int, seed: int) -> Target:
    """The target for another of the network's classes."""
    further = 1 + derive(seed, "random-logit") % (classes - 1)
    if isinstance(target, ClassTarget):
        return ClassTarget((target.index + further) % classes)
    if isinstance(target, RegionTarget):
        return replace(target, channel=(target.channel + further) % classes)
    raise MetricError(f"There is no other class for a target of the kind {type(target).__name__}.")


def _classes(model: nn.Module, images: Tensor) -> int:
    with torch.no_grad():
        return int(model(images[:1]).shape[1])
