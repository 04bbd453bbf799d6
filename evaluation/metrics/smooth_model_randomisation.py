"""Smooth model randomisation: the randomisation test with the maps' own noise averaged away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, MetricError, Scored, Sign, signed_maps
from evaluation.metrics.inputs import Inputs
from evaluation.metrics.noise import noisy_maps
from evaluation.metrics.randomised import randomised_in_steps
from evaluation.metrics.similarity import CONSTANT, no_ranks, rank_correlation


@registry.register
@dataclass(frozen=True)
class SmoothModelRandomisation(Metric):
    """The mean rank correlation between smoothed maps of the network and of ever more randomised copies of it.

    As model randomisation, but each map is the mean over `draws` copies of the image, the first as it is (for the
    network itself this is the given map), the others with normal noise; all networks meet the same noise. Hedström et
    al. (2024). A map that is constant for a randomised copy counts as 0; the network as it is takes no part in the
    mean. The cost is `draws` times `steps + 1` explanations.
    """

    name: ClassVar[str] = "smooth-model-randomisation"
    title: ClassVar[str] = "Smooth model parameter randomisation"
    reference: ClassVar[str] = (
        "Hedström et al. (2024), A Fresh Look at Sanity Checks for Saliency Maps; arXiv:2405.02383"
    )
    family: ClassVar = "randomisation"
    higher_is_better: ClassVar[bool] = False
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model", "explain"})
    summary: ClassVar[str] = (
        "How similar the map stays, its noise averaged away, when the network's parameters are replaced by random ones."
    )
    caveat: ClassVar[str] = (
        "It judges the smoothed method, which is not the one shown, and still cannot rank methods (Binder et al. 2023)."
    )
    formula: ClassVar[str] = (
        "mean over stages of Spearman's r of: the mean map over noisy images, and the same for the randomised network"
    )
    span: ClassVar[str] = "-1 to 1"
    undefined_when: ClassVar[str] = "For a constant map."
    stochastic: ClassVar[bool] = True
    precision: ClassVar[str] = (
        "One random network says little: a standard error of 0.09 on the demo's networks, so about 20 seeds "
        "for 0.02; more draws do not help."
    )

    steps: int = field(default=2, metadata={"help": "Stages of the cascade", "minimum": 1})
    draws: int = field(
        default=10, metadata={"help": "Copies of the image that a map is averaged over, the first clean", "minimum": 1}
    )
    noise: float = field(
        default=0.1, metadata={"help": "S.d. of the noise, as a share of the image's range", "minimum": 0.0}
    )
    sign: Sign = field(default="signed", metadata={"help": "How the maps' sign is read before they are compared"})

    def judge(self, inputs: Inputs) -> Scored:
        """The mean similarity over the stages."""
        if inputs.model is None or inputs.target is None:
            raise MetricError("This metric needs a model and a target.")
        own = self._smoothed(inputs, inputs.model, inputs.maps)
        found = []
        for copied in randomised_in_steps(inputs.model, self.steps, inputs.seed):
            other = self._smoothed(inputs, copied, inputs.explained(copied, inputs.target))
            found.append(rank_correlation(signed_maps(own, self.sign), signed_maps(other, self.sign)))
        constant = no_ranks(inputs, self.sign) | no_ranks(inputs.with_maps(own, None), self.sign)
        return Scored.of(torch.stack(found).mean(0), (constant, CONSTANT))

    def _smoothed(self, inputs: Inputs, model: nn.Module, clean: Tensor) -> Tensor:
        """The mean of the clean map and those of noisy copies: `(B, H, W)`."""
        total = clean.double()
        for maps in noisy_maps(inputs, model, self.draws - 1, "normal", self.noise):
            total = total + maps
        return (total / self.draws).float()
