"""What the class activation maps share: their layer, its (activation, gradient) pair, ReLU and upsampling."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from explainers.base import Explained, Explainer, Request
from explainers.errors import LayerError
from explainers.gradients import gradient_chunk
from foundation.forwards import SMALLEST_CHUNK
from foundation.targets import Target


class Pair(NamedTuple):
    """Activation of a layer and the target's gradient by it, both `(B, c, h, w)`, and the layer's name."""

    activation: Tensor
    gradient: Tensor
    layer: str


# Modules that lay what they wrap beside their own input: their output is no layer's, but two layers' together.
JOINS = frozenset({"SkipConnection"})


class _Call(NamedTuple):
    name: str
    joins: bool
    shape: torch.Size
    output: int


@dataclass(frozen=True)
class Cam(Explainer):
    """A weighted sum of a layer's feature maps; subclasses write `combine`."""

    layer: str | None = field(
        default=None,
        metadata={"help": "Module whose output is used; empty for the last one before pooling, or the bottleneck."},
    )
    signed: bool = field(default=False, metadata={"help": "Keep negative evidence (no ReLU)."})

    @abstractmethod
    def combine(self, request: Request, pair: Pair) -> Tensor:
        """The map `(B, h, w)` at the layer's resolution, before ReLU."""

    def compute(self, request: Request) -> Explained:
        """The combined map, rectified at the layer's resolution unless signed, then upsampled."""
        layer = chosen_layer(request, self.layer)
        pair = request.shared(("pair", layer), lambda: activation_and_gradient(request, layer))
        coarse = self.combine(request, pair)
        if not self.signed:
            coarse = coarse.clamp(min=0)
        size = (request.images.shape[2], request.images.shape[3])
        return Explained(upsampled(coarse, size), [{"layer": layer} for _ in range(len(coarse))])


def upsampled(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """`(N, h, w)` -> `(N, H, W)`, bilinear with `align_corners=False`."""
    return torch.nn.functional.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def chosen_layer(request: Request, layer: str | None) -> str:
    """The given layer's name, checked; or the default: the last feature maps before pooling, or the bottleneck."""
    if layer is None:
        return request.shared("default layer", lambda: default_layer(request.model, request.images))
    if layer not in dict(request.model.named_modules()):
        raise LayerError(f"The network has no layer {layer!r}.")
    return layer


def default_layer(model: nn.Module, images: Tensor) -> str:
    """The layer that a CAM uses unless told.

    For a classifier, the last module whose output is `(B, c, h, w)` with `h*w > 1`: what global pooling is fed with.
    For a network whose output is an image, the last module at the coarsest resolution: the bottleneck.
    """
    calls: list[_Call] = []
    with torch.no_grad(), _watched(model, calls):
        final = model(images[:1])
    spatial = [call for call in calls if len(call.shape) == 4 and call.shape[2] * call.shape[3] > 1]
    if final.ndim == 4:
        spatial = [call for call in spatial if call.output != id(final) and not call.joins]
        coarsest = min((call.shape[2] * call.shape[3] for call in spatial), default=0)
        spatial = [call for call in spatial if call.shape[2] * call.shape[3] == coarsest]
    if not spatial:
        raise LayerError("The network has no layer whose output is a stack of feature maps larger than one pixel.")
    return spatial[-1].name


def activation_and_gradient(request: Request, layer: str) -> Pair:
    """The layer's output and the target's gradient by it; only what follows the layer is differentiated.

    The activation is what the layer returned, also when the next module changes it in place.
    """
    count = len(request.images)
    size = gradient_chunk(request) if count > SMALLEST_CHUNK else count
    index = torch.arange(count, device=request.images.device).split(size)
    parts = [_cut_at(request.model, request.images[part], request.target.take(part), layer) for part in index]
    return Pair(torch.cat([part.activation for part in parts]), torch.cat([part.gradient for part in parts]), layer)


def _cut_at(model: nn.Module, images: Tensor, target: Target, layer: str) -> Pair:
    kept: list[Tensor] = []

    def cut(module: nn.Module, arguments: tuple[object, ...], output: object) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim != 4:
            raise LayerError(f"The output of layer {layer!r} is no stack of feature maps (B, c, h, w).")
        leaf = output.detach().clone().requires_grad_()
        kept[:] = [leaf]
        return leaf.clone()  # the network goes on with a copy, which it may overwrite

    handle = model.get_submodule(layer).register_forward_hook(cut)
    try:
        values = target(model(images))
    finally:
        handle.remove()
    if not kept:
        raise LayerError(f"Layer {layer!r} takes no part in the network's forward pass.")
    (gradient,) = torch.autograd.grad(values.sum(), kept[0], allow_unused=True)
    if gradient is None:
        raise LayerError(f"The explained output does not depend on layer {layer!r}.")
    return Pair(kept[0].detach(), gradient, layer)


@contextmanager
def _watched(model: nn.Module, calls: list[_Call]) -> Iterator[None]:
    """Write down each call of a submodule, in the order in which they end."""
    alive: list[object] = []  # outputs are kept, so that their ids stay their own

    def watcher(name: str) -> Callable[[nn.Module, tuple[object, ...], object], None]:
        def watch(module: nn.Module, arguments: tuple[object, ...], output: object) -> None:
            if isinstance(output, Tensor):
                alive.append(output)
                calls.append(_Call(name, type(module).__name__ in JOINS, output.shape, id(output)))

        return watch

    handles = [module.register_forward_hook(watcher(name)) for name, module in model.named_modules() if name]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
