"""ROAD: remove pixels and fill them in from their neighbours, so that the mask's shape gives nothing away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from evaluation.metrics import registry
from evaluation.metrics.base import Metric, MetricError, Scored, Sign, ranked
from evaluation.metrics.imputation import imputed
from evaluation.metrics.inputs import Inputs, Scale
from evaluation.metrics.ranks import Ranks
from foundation.seeds import derive


@registry.register
@dataclass(frozen=True)
class Road(Metric):
    """The mean, over shares of pixels, of the output without the least influential less that without the most.

    Removed pixels get the weighted mean of their neighbours (see `imputed`) and Gaussian noise, the same for both
    orders. Of pixels that tie at the border of a share all are imputed, each blended in by the part of them that
    falls under it; so a constant map scores 0. Rong et al. (2022); both orders together as by Blücher et al. (2024).
    """

    name: ClassVar[str] = "road"
    title: ClassVar[str] = "Remove and debias (ROAD)"
    reference: ClassVar[str] = "Rong, Leemann et al. (2022), ICML; arXiv:2202.00449"
    family: ClassVar = "faithfulness"
    higher_is_better: ClassVar[bool] = True
    co12: ClassVar[tuple[str, ...]] = ("correctness",)
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    summary: ClassVar[str] = (
        "How much more the output loses when the most rather than the least influential pixels are smoothed away."
    )
    caveat: ClassVar[str] = (
        "It rewards blurred maps: few scattered pixels are filled in from their neighbours and nothing is lost."
    )
    formula: ClassVar[str] = (
        "mean over p of f(x with the p % least influential pixels imputed) - f(x with the p % most influential imputed)"
    )
    span: ClassVar[str] = "any; 0 for a constant map"
    undefined_when: ClassVar[str] = "Where the output is not finite."
    stochastic: ClassVar[bool] = True
    precision: ClassVar[str] = "Only the noise: at the default about 0.02 logits on the demo's networks."

    percentages: tuple[float, ...] = field(
        default=(10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0),
        metadata={"help": "The shares of pixels that are removed, in percent"},
    )
    noise: float = field(
        default=0.01, metadata={"help": "S.d. of the noise on imputed pixels, in the image's unit", "minimum": 0.0}
    )
    sign: Sign = field(default="signed", metadata={"help": "How the map's sign is read before pixels are ordered"})
    scale: Scale = field(default="logit", metadata={"help": "The raw output, or its probability"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.percentages or not all(0 < percent <= 100 for percent in self.percentages):
            raise MetricError("road: percentages must be numbers above 0 and up to 100.")

    def judge(self, inputs: Inputs) -> Scored:
        """The mean difference between the two orders of removal."""
        most = ranked(inputs, self.sign)
        noise = self._noise(inputs)
        gain = self._outputs(inputs, most.reversed(), noise) - self._outputs(inputs, most, noise)
        return Scored.of(gain.mean(1))

    def _outputs(self, inputs: Inputs, ranks: Ranks, noise: Tensor) -> Tensor:
        """The output `(B, shares)` with the first pixels of the order removed."""
        images = inputs.images
        counts = torch.tensor([int(ranks.above.shape[1] * percent / 100) for percent in self.percentages])
        counts = counts.to(images.device)

        def remove(image: Tensor, item: Tensor) -> Tensor:
            share = Ranks(ranks.above[image], ranks.tied[image]).top(counts[item][:, None])
            share = share.to(images.dtype).unflatten(1, images.shape[2:])
            filled = imputed(images[image], share > 0, inputs.memory_mb / 2) + noise[item]
            return torch.lerp(images[image], filled, share[:, None])

        return inputs.outputs(len(counts), remove, self.scale)

    def _noise(self, inputs: Inputs) -> Tensor:
        """Noise for every share: `(shares, C, H, W)`."""
        generator = torch.Generator().manual_seed(derive(inputs.seed, "road"))
        shape = (len(self.percentages), *inputs.images.shape[1:])
        return self.noise * torch.randn(shape, generator=generator).to(inputs.images)
