"""What is read from a network's raw output: the target's logit, its probability, or the overlap of its decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from foundation.targets import RegionTarget, Target

Scale = Literal["logit", "probability"]
Reading = Literal["logit", "probability", "dice"]


@dataclass(frozen=True)
class ScaledTarget:
    """A target read from the raw output, or from probabilities: softmax over classes, logistic if there is one."""

    target: Target
    scale: Scale

    def __call__(self, output: Tensor) -> Tensor:
        """`(B, K)` or `(B, K, H, W)` raw output -> `(B,)`."""
        if self.scale == "logit":
            return self.target(output)
        return self.target(output.sigmoid() if output.shape[1] == 1 else output.softmax(1))

    def bind(self, model: nn.Module, images: Tensor) -> ScaledTarget:
        """The same scale of the bound target."""
        return replace(self, target=self.target.bind(model, images))

    def take(self, index: Tensor) -> ScaledTarget:
        """The same scale of the taken target."""
        return replace(self, target=self.target.take(index))


@dataclass(frozen=True)
class DiceTarget:
    """The Dice coefficient of the region that is predicted for a channel with `reference (B, H, W)`, bool.

    0 where the prediction misses the reference altogether, 1 where both are the same; NaN where both are empty.
    """

    channel: int
    reference: Tensor

    def __call__(self, output: Tensor) -> Tensor:
        """`(B, K, H, W)` raw output -> `(B,)`."""
        found = predicted_region(output, self.channel).flatten(1)
        reference = self.reference.flatten(1)
        shared = (found & reference).sum(1)
        return (2 * shared / (found.sum(1) + reference.sum(1))).to(output.dtype)

    def bind(self, model: nn.Module, images: Tensor) -> DiceTarget:
        """It is bound: the reference is fixed."""
        return self

    def take(self, index: Tensor) -> DiceTarget:
        """The references of the images at `index`."""
        return replace(self, reference=self.reference[index])


def predicted_region(output: Tensor, channel: int) -> Tensor:
    """Where `(B, K, H, W)` logits decide for a channel: the highest, or above 0 if it is the only one; `(B, H, W)`."""
    return output[:, 0] > 0 if output.shape[1] == 1 else output.argmax(1) == channel


def region_channel(target: Target | None) -> int | None:
    """The channel whose region a target explains; None where it explains no region of a segmenter."""
    return target.channel if isinstance(target, RegionTarget) else None


def decided(network: nn.Module, images: Tensor, channel: int, size: int) -> Tensor:
    """The regions `(B, H, W)` that the network predicts for a channel, `size` images at a time."""
    with torch.no_grad():
        return torch.cat([predicted_region(network(part), channel) for part in images.split(size)])
