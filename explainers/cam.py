"""What the class activation maps share: a layer's activation, the target's gradient by it, ReLU and upsampling."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from explainers.base import Explained, Explainer, Request
from explainers.errors import LayerError
from explainers.gradients import gradient_chunk
from explainers.layers import chosen_layer
from foundation.regions import predicted
from foundation.targets import RegionTarget, Target

# Images that go through the network at once on a CPU: four together are the fastest where nothing is folded.
PAIR_CHUNK = {"cpu": 4}


class Pair(NamedTuple):
    """Activation of a layer and the target's gradient by it, both `(B, c, h, w)`, and the layer's name."""

    activation: Tensor
    gradient: Tensor
    layer: str


class _Passed(NamedTuple):
    activation: Tensor
    gradient: Tensor | None
    target: Target


@dataclass(frozen=True)
class Cam(Explainer):
    """A combination of a layer's feature maps; subclasses write `combine`."""

    layer: str | None = field(
        default=None,
        metadata={"help": "Module whose output is used; empty for the last one before pooling, or the bottleneck."},
    )
    signed: bool = field(default=False, metadata={"help": "Keep negative evidence (no ReLU)."})

    @abstractmethod
    def combine(self, request: Request, layer: str) -> Tensor:
        """The map `(B, h, w)` at the layer's resolution, before ReLU.

        It reads `activation_and_gradient(request, layer)`, or `activation(request, layer)` if that is all it needs.
        """

    def compute(self, request: Request) -> Explained:
        """The combined map, rectified at the layer's resolution unless signed, then upsampled."""
        layer = chosen_layer(request, self.layer)
        coarse = self.combine(request, layer)
        if not self.signed:
            coarse = coarse.clamp(min=0)
        size = (request.images.shape[2], request.images.shape[3])
        return Explained(upsampled(coarse, size), [{"layer": layer} for _ in range(len(coarse))])

    def bind(self, request: Request) -> Target:
        """A region that the network is yet to predict comes from the pass that gives activation and gradient."""
        target = request.target
        if self.later or not (isinstance(target, RegionTarget) and target.mask is None):
            return super().bind(request)
        layer = chosen_layer(request, self.layer)
        passed = _passed(request, layer, differentiate=True)
        _keep(request, layer, passed)
        return passed.target


def upsampled(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """`(N, h, w)` -> `(N, H, W)`, bilinear with `align_corners=False`."""
    return torch.nn.functional.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def activation_and_gradient(request: Request, layer: str) -> Pair:
    """The layer's output and the target's gradient by it; only what follows the layer is differentiated.

    The activation is what the layer returned, also when the next module changes it in place; of a layer that is
    called several times, what it returned last. Made once for all methods of a request.
    """
    if ("gradient", layer) not in request.cache:
        _keep(request, layer, _passed(request, layer, differentiate=True))
    return Pair(request.cache["activation", layer], request.cache["gradient", layer], layer)


def activation(request: Request, layer: str) -> Tensor:
    """The layer's output alone, `(B, c, h, w)`: without a gradient unless another method has asked for it."""
    if ("activation", layer) not in request.cache:
        _keep(request, layer, _passed(request, layer, differentiate=False))
    found: Tensor = request.cache["activation", layer]
    return found


def _keep(request: Request, layer: str, passed: _Passed) -> None:
    request.cache["activation", layer] = passed.activation
    if passed.gradient is not None:
        request.cache["gradient", layer] = passed.gradient


def _passed(request: Request, layer: str, *, differentiate: bool) -> _Passed:
    """All images through the network, cut at the layer, in chunks that fit the memory."""
    count = len(request.images)
    useful = PAIR_CHUNK.get(request.images.device.type, count)
    size = min(useful, gradient_chunk(request)) if count > useful else count
    index = torch.arange(count, device=request.images.device).split(size)
    with torch.set_grad_enabled(differentiate):
        parts = [_cut_at(request.model, request.images[part], request.target.take(part), layer) for part in index]
    gradients = [part.gradient for part in parts if part.gradient is not None]
    return _Passed(
        torch.cat([part.activation for part in parts]),
        torch.cat(gradients) if gradients else None,
        _joined(request.target, [part.target for part in parts]),
    )


def _cut_at(model: nn.Module, images: Tensor, target: Target, layer: str) -> _Passed:
    kept: list[Tensor] = []

    def cut(module: nn.Module, arguments: tuple[object, ...], output: object) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim != 4:
            raise LayerError(f"The output of layer {layer!r} is no stack of feature maps (B, c, h, w).")
        leaf = output.detach().clone().requires_grad_(torch.is_grad_enabled())
        kept[:] = [leaf]
        return leaf.clone()  # the network goes on with a copy, which it may overwrite

    handle = model.get_submodule(layer).register_forward_hook(cut)
    try:
        output = model(images)
    finally:
        handle.remove()
    if isinstance(target, RegionTarget) and target.mask is None:
        target = replace(target, mask=predicted(output.detach(), target.channel))
    values = target(output)
    if not kept:
        raise LayerError(f"Layer {layer!r} takes no part in the network's forward pass.")
    gradient = _gradient(values, kept[0], layer) if torch.is_grad_enabled() else None
    return _Passed(kept[0].detach(), gradient, target)


def _gradient(values: Tensor, leaf: Tensor, layer: str) -> Tensor:
    gradient = torch.autograd.grad(values.sum(), leaf, allow_unused=True)[0] if values.requires_grad else None
    if gradient is None:
        raise LayerError(f"The explained output does not depend on layer {layer!r}.")
    return gradient


def _joined(target: Target, parts: list[Target]) -> Target:
    """The target as its parts were bound; an empty region is an error here."""
    masks = [part.mask for part in parts if isinstance(part, RegionTarget) and part.mask is not None]
    return target.with_mask(torch.cat(masks)) if isinstance(target, RegionTarget) and masks else target
