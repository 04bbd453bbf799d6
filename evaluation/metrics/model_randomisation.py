"""Model randomisation: how much of the map survives when the network forgets what it learned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, MetricError, Scored, Sign
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.randomised import randomised_in_steps
from evaluation.metrics.similarity import CONSTANT, map_similarity, no_ranks


@registry.register
@dataclass(frozen=True)
class ModelRandomisation(Metric):
    """The mean rank correlation of the map with those of ever more randomised copies of the network.

    The cascade of Adebayo et al. (2018): from the output towards the input, at last every parameter tensor. The
    similarity is Spearman's correlation; a map that randomisation flattens to a constant has lost all it said and
    counts as 0. The network as it is takes no part in the mean. `steps` sets the cost: one explanation each.
    """

    name: ClassVar[str] = "model-randomisation"
    title: ClassVar[str] = "Model parameter randomisation"
    reference: ClassVar[str] = "Adebayo et al. (2018), Sanity Checks for Saliency Maps, NeurIPS; arXiv:1810.03292"
    family: ClassVar = "randomisation"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model", "explain"})
    summary: ClassVar[str] = "How similar the map stays when the network's parameters are replaced by random ones."
    caveat: ClassVar[str] = (
        "Noisy maps look good, because noise never resembles itself; it cannot rank methods (Binder et al. 2023)."
    )
    formula: ClassVar[str] = "mean over stages of Spearman's r of: the map, and the map for the randomised network"
    span: ClassVar[str] = "-1 to 1"
    undefined_when: ClassVar[str] = "For a constant map."
    stochastic: ClassVar[bool] = True
    precision: ClassVar[str] = (
        "One random network says little: a standard error of 0.09 on the demo's networks, so about 20 seeds for 0.02."
    )

    steps: int = field(default=2, metadata={"help": "Stages of the cascade; each costs one explanation", "minimum": 1})
    sign: Sign = field(default="signed", metadata={"help": "How the maps' sign is read before they are compared"})

    def judge(self, inputs: Inputs) -> Scored:
        """The mean similarity over the stages."""
        if inputs.model is None or inputs.target is None:
            raise MetricError("This metric needs a model and a target.")
        found = [
            map_similarity(inputs, inputs.explained(copied, inputs.target), self.sign)
            for copied in randomised_in_steps(inputs.model, self.steps, inputs.seed)
        ]
        return Scored.of(torch.stack(found).mean(0), (no_ranks(inputs, self.sign), CONSTANT))
