"""What is explained: a class of a classifier, or a region of a segmenter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from foundation.regions import predicted


class TargetError(ValueError):
    """The target does not fit the network's output."""


class Target(Protocol):
    """Maps a network's raw output to one number an image."""

    def __call__(self, output: Tensor) -> Tensor:
        """`(B, K)` or `(B, K, H, W)` raw output -> `(B,)`."""

    def bind(self, model: nn.Module, images: Tensor) -> Target:
        """Fix everything that depends on the unperturbed images `(B, C, H, W)`; idempotent."""

    def take(self, index: Tensor) -> Target:
        """Select or repeat the state of each image by a LongTensor of image indices `(N,)`."""


@dataclass(frozen=True)
class ClassTarget:
    """The raw logit of a class; `index` is one class for all images or a `(B,)` tensor of classes."""

    index: int | Tensor

    def __call__(self, output: Tensor) -> Tensor:
        if output.ndim != 2:
            raise TargetError(f"A class target needs logits (B, K), not a tensor of shape {tuple(output.shape)}.")
        self._check(output)
        if isinstance(self.index, Tensor):
            return output.gather(1, self.index.to(output.device)[:, None])[:, 0]
        return output[:, self.index]

    def bind(self, model: nn.Module, images: Tensor) -> ClassTarget:
        """One class an image, as a tensor."""
        if isinstance(self.index, Tensor):
            if self.index.shape != images.shape[:1]:
                raise TargetError(f"The target names {self.index.numel()} classes for {len(images)} images.")
            return self
        return replace(self, index=torch.full((len(images),), self.index, dtype=torch.long, device=images.device))

    def take(self, index: Tensor) -> ClassTarget:
        """The classes of the images at `index`."""
        return replace(self, index=self.index[index.to(self.index.device)]) if isinstance(self.index, Tensor) else self

    def _check(self, output: Tensor) -> None:
        index = self.index
        if isinstance(index, Tensor):
            if index.shape != output.shape[:1]:
                raise TargetError(f"The target names {index.numel()} classes for {len(output)} images.")
            low, high = (int(index.min()), int(index.max())) if index.numel() else (0, 0)
        else:
            low = high = index
        if low < 0 or high >= output.shape[1]:
            wrong = low if low < 0 else high
            raise TargetError(f"Class {wrong} is out of range: the network has {output.shape[1]} classes.")


@dataclass(frozen=True)
class RegionTarget:
    """The logits of a channel summed (or averaged) over a region.

    `mask` is a `(B, H, W)` bool tensor, or None for the region that the model itself predicts for the channel:
    where that channel has the highest logit (or a positive one, if it is the only channel).
    """

    channel: int
    mask: Tensor | None = None
    reduce: Literal["sum", "mean"] = "sum"

    def __call__(self, output: Tensor) -> Tensor:
        if self.mask is None:
            raise TargetError("A region target must be bound to its images before it is used.")
        self._check(output)
        mask = self.mask.to(device=output.device, dtype=output.dtype)
        total = (output[:, self.channel] * mask).sum((1, 2))
        return total if self.reduce == "sum" else total / mask.sum((1, 2))

    def bind(self, model: nn.Module, images: Tensor) -> RegionTarget:
        """Fix the region; a predicted one comes from one forward pass in evaluation mode."""
        if self.mask is None:
            return self.with_mask(predicted(self._output(model, images), self.channel))
        if self.mask.shape != (len(images), *images.shape[2:]):
            raise TargetError(f"The mask's shape {tuple(self.mask.shape)} does not fit images {tuple(images.shape)}.")
        return self.with_mask(self.mask)

    def with_mask(self, mask: Tensor) -> RegionTarget:
        """The same target over another region `(B, H, W)`, which must hold a pixel of each image."""
        empty = (~mask.flatten(1).any(1)).nonzero()[:, 0].tolist()
        if empty:
            raise TargetError(f"The region of image {empty[0]} is empty: there is nothing to explain.")
        return replace(self, mask=mask.bool())

    def take(self, index: Tensor) -> RegionTarget:
        """The regions of the images at `index`."""
        return self if self.mask is None else replace(self, mask=self.mask[index.to(self.mask.device)])

    def _output(self, model: nn.Module, images: Tensor) -> Tensor:
        training = [module for module in model.modules() if module.training]
        model.eval()
        try:
            with torch.no_grad():
                output: Tensor = model(images)
        finally:
            for module in training:
                module.training = True
        return output

    def _check(self, output: Tensor) -> None:
        if output.ndim != 4:
            raise TargetError(f"A region target needs logits (B, K, H, W), not a tensor {tuple(output.shape)}.")
        if not 0 <= self.channel < output.shape[1]:
            raise TargetError(f"Channel {self.channel} is out of range: the network has {output.shape[1]}.")
