"""What a metric reads: the validated inputs of one scoring, and the model's outputs on them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from evaluation.metrics.readings import DiceTarget, Reading, Scale, ScaledTarget, decided, region_channel
from foundation.forwards import Forwards, Perturb, untouched
from foundation.targets import Target

__all__ = ["MEMORY_MB", "Explain", "Inputs", "MetricError", "Reading", "Scale", "as_found", "prepare"]

Explain = Callable[[nn.Module, Tensor, Target], Tensor]

MEMORY_MB = 1024

# Who gets which part of the memory budget: the forward passes, and what is held for the images in work. The rest is
# for the masks of regions (see `evaluation.metrics.regions`) and for what altering a chunk of images takes in between.
FORWARDS_SHARE = 1 / 2
PARTS_SHARE = 1 / 4

# What a pixel of a map costs while it is ranked: the map, its order and sorted values, and the ranks, some twice.
BYTES_A_PIXEL = 96


class MetricError(ValueError):
    """The metric cannot be computed from these arguments."""


@dataclass(frozen=True)
class Inputs:
    """The validated arguments of one scoring.

    `images (B, C, H, W)`, `maps (B, H, W)` detached and float32, `masks (B, H, W)` bool or None, `target` bound to
    the images. `by_image` keeps what depends on the images alone and may serve several maps, `by_map` what depends
    on these maps and may serve several metrics, `by_network` what depends on neither; what is held is no larger than
    a few maps.
    """

    images: Tensor
    maps: Tensor
    model: nn.Module | None = None
    target: Target | None = None
    masks: Tensor | None = None
    explain: Explain | None = None
    seed: int = 0
    memory_mb: int = MEMORY_MB
    by_image: dict[Hashable, Any] = field(default_factory=dict)
    by_map: dict[Hashable, Any] = field(default_factory=dict)
    by_network: dict[Hashable, Any] = field(default_factory=dict)

    def with_maps(self, maps: Tensor, explain: Explain | None) -> Inputs:
        """The same images with other maps; what was kept by image stays."""
        return replace(self, maps=checked_maps(self.images, maps), explain=explain, by_map={})

    def with_seed(self, seed: int) -> Inputs:
        """The same arguments with another seed; only what depends on the network alone is kept."""
        return replace(self, seed=seed, by_image={}, by_map={})

    def parts(self) -> list[Inputs]:
        """The same scoring, some images at a time, so that what is held for them keeps to its part of the budget."""
        batch, channels, height, width = self.images.shape
        charged = height * width * (BYTES_A_PIXEL + 3 * channels * self.images.element_size())
        size = max(1, int(self.memory_mb * 2**20 * PARTS_SHARE / charged))
        if size >= batch:
            return [self]
        return [self._part(index) for index in torch.arange(batch, device=self.images.device).split(size)]

    def _part(self, index: Tensor) -> Inputs:
        return replace(
            self,
            images=self.images[index],
            maps=self.maps[index],
            masks=None if self.masks is None else self.masks[index],
            target=None if self.target is None else self.target.take(index),
            by_image={},
            by_map={},
        )

    def outputs(self, count: int, perturb: Perturb, reading: Reading = "logit") -> Tensor:
        """What is read from the output of `count` altered copies of each image: `(B, count)` float64, on their device.

        `perturb(image, item)` makes the copies, see `foundation.forwards.Forwards`.
        """
        target = self._read_by(reading)
        return self.forwards().stream(self.images, target, count, perturb).double()

    def outputs_of(
        self, index: int, count: int, perturb: Callable[[Tensor], Tensor], reading: Reading = "logit"
    ) -> Tensor:
        """As `outputs`, of one image alone: `(count,)`; `perturb(item)` makes its copies `(n, C, H, W)`."""
        target, place = self._read_by(reading), torch.tensor([index])
        one = self.images[index : index + 1]
        found = self.forwards().stream(one, target, count, lambda _, item: perturb(item), places=place)
        return found[0].double()

    def whole(self, reading: Reading = "logit") -> Tensor:
        """What is read from the output of the images as they are: `(B, 1)` float64."""
        return self._kept("whole", reading, self.images)

    def bare(self, name: Hashable, images: Tensor, reading: Reading = "logit") -> Tensor:
        """What is read from the output of images `(B, C, H, W)` that all maps share under a name: `(B, 1)` float64."""
        return self._kept(("bare", name), reading, images)

    def forwards(self) -> Forwards:
        """The network's forward passes, which remember what they have seen; one for all metrics of these images."""
        if self.model is None or self.target is None:
            raise MetricError("This metric needs a model and a target.")
        if "forwards" not in self.by_network:
            self.by_network["forwards"] = Forwards(self.model, self.images, self.memory_mb * FORWARDS_SHARE)
        forwards: Forwards = self.by_network["forwards"]
        return forwards

    def decision(self) -> Tensor:
        """The regions `(B, H, W)` that the network predicts on the whole images for the channel that is explained."""
        channel = region_channel(self.target)
        if channel is None:
            raise MetricError("Dice is defined for a region of a segmenter, not for a class.")
        if "decision" not in self.by_image:
            forwards = self.forwards()
            self.by_image["decision"] = decided(forwards.network, self.images, channel, forwards.size)
        decision: Tensor = self.by_image["decision"]
        return decision

    def _kept(self, name: Hashable, reading: Reading, images: Tensor) -> Tensor:
        key = (name, reading)
        if key not in self.by_image:
            self.by_image[key] = self.outputs(1, lambda image, item: images[image], reading)
        kept: Tensor = self.by_image[key]
        return kept

    def _read_by(self, reading: Reading) -> Target:
        """The target as it is read; the same object each time, by which remembered outputs are found."""
        key = ("target", reading)
        if key not in self.by_image:
            if self.target is None:
                raise MetricError("This metric needs a model and a target.")
            if reading == "dice":
                decision, channel = self.decision(), region_channel(self.target)
                self.by_image[key] = DiceTarget(channel or 0, decision)
            else:
                self.by_image[key] = ScaledTarget(self.target, reading)
        target: Target = self.by_image[key]
        return target

    def explained(self, model: nn.Module, target: Target) -> Tensor:
        """Maps `(B, H, W)` of these images for another model or target, by way of `explain`."""
        if self.explain is None:
            raise MetricError("This metric needs the function that made the maps (explain).")
        with torch.enable_grad():
            maps = self.explain(model, self.images.clone(), target)
        return checked_maps(self.images, maps)


def prepare(
    model: nn.Module | None,
    images: Tensor,
    maps: Tensor,
    target: Target | None,
    *,
    needs: frozenset[str],
    masks: Tensor | None = None,
    explain: Explain | None = None,
    seed: int = 0,
    memory_mb: int = MEMORY_MB,
) -> Inputs:
    """Check the arguments against what the metrics need, and bind the target to the images.

    Raises MetricError (a ValueError) for a wrong shape, a value that is not finite or a missing argument.
    """
    images = checked_images(images)
    if memory_mb < 1:
        raise MetricError("The memory budget must be at least 1 MB.")
    if "mask" in needs and masks is None:
        raise MetricError("This metric needs masks of shape (B, H, W).")
    if "explain" in needs and explain is None:
        raise MetricError("This metric needs the function that made the maps (explain).")
    if needs & {"model", "explain"}:
        if model is None or target is None:
            raise MetricError("This metric needs a model and a target.")
        target = target.bind(model, images)
    return Inputs(
        images=images,
        maps=checked_maps(images, maps),
        model=model,
        target=target,
        masks=None if masks is None else checked_masks(images, masks),
        explain=explain,
        seed=int(seed),
        memory_mb=memory_mb,
    )


def checked_images(images: Tensor) -> Tensor:
    """Images `(B, C, H, W)`, floating point, finite and not empty."""
    if images.ndim != 4 or images.numel() == 0 or not images.is_floating_point():
        raise MetricError(f"Images must be floating point (B, C, H, W), not {images.dtype} {tuple(images.shape)}.")
    if not torch.isfinite(images).all():
        raise MetricError("The images hold values that are not finite.")
    return images.detach()


def checked_maps(images: Tensor, maps: Tensor) -> Tensor:
    """Maps `(B, H, W)` as finite float32 on the images' device."""
    wanted = (len(images), *images.shape[2:])
    if tuple(maps.shape) != wanted:
        raise MetricError(f"Maps of shape {tuple(maps.shape)} do not fit images that need {wanted}.")
    if not torch.isfinite(maps).all():
        raise MetricError("The maps hold values that are not finite.")
    return maps.detach().to(device=images.device, dtype=torch.float32)


def checked_masks(images: Tensor, masks: Tensor) -> Tensor:
    """Masks `(B, H, W)` as bool on the images' device; numbers must be 0 or 1."""
    wanted = (len(images), *images.shape[2:])
    if tuple(masks.shape) != wanted:
        raise MetricError(f"Masks of shape {tuple(masks.shape)} do not fit images that need {wanted}.")
    if masks.dtype != torch.bool and not ((masks == 0) | (masks == 1)).all():
        raise MetricError("Masks must be boolean, or hold 0 and 1 only.")
    return masks.detach().to(images.device).bool()


@contextmanager
def as_found(model: nn.Module | None) -> Iterator[None]:
    """Evaluation mode inside; after, the model, if there is one, is as it was, also when something fails."""
    if model is None:
        yield
        return
    with untouched(model):
        yield
