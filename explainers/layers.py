"""Which layer a class activation map reads unless it is told: found by watching one image pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from explainers.base import Request
from explainers.errors import LayerError
from explainers.gradients import gradient_chunk

# Modules that lay what they wrap beside their own input: their output is no layer's, but two layers' together.
JOINS = frozenset({"SkipConnection"})

# Default layers and chunk sizes by network, forgotten with it.
_KNOWN: WeakKeyDictionary[nn.Module, dict[Any, tuple[str, int]]] = WeakKeyDictionary()


class Call(NamedTuple):
    """One call of a module: its name (the network's own is empty), and shapes of what it took and returned."""

    name: str
    joins: bool
    took: torch.Size | None
    shape: torch.Size
    output: int

    @property
    def places(self) -> int:
        """Height times width of the feature maps that it returned; 0 of anything else."""
        return _places(self.shape)


def chosen_layer(request: Request, layer: str | None) -> str:
    """The given layer's name, checked; or the default: the last feature maps before pooling, or the bottleneck."""
    if layer is None:
        return request.shared("default layer", lambda: _remembered(request))
    if layer not in dict(request.model.named_modules()):
        raise LayerError(f"The network has no layer {layer!r}.")
    return layer


def default_layer(model: nn.Module, images: Tensor) -> str:
    """The layer that a CAM uses unless told.

    For a classifier, the last module whose output is `(B, c, h, w)` with `h*w > 1`: what global pooling is fed with.
    For a network whose output is an image, the last module at the coarsest resolution: the bottleneck.
    """
    calls: list[Call] = []
    with torch.no_grad(), watched(model, calls):
        model(images[:1])
    return layer_of(calls)


def layer_of(calls: list[Call]) -> str:
    """The default layer of a network whose calls these are, in the order in which they end."""
    final = [call for call in calls if not call.name][-1:]
    segments = bool(final) and len(final[0].shape) == 4
    if not segments and any(len(call.shape) == 3 for call in calls):
        raise LayerError(
            "The network works on tokens, so that no layer's feature maps lead to its output: use a gradient or "
            "perturbation method instead, such as integrated-gradients or occlusion, or name a layer."
        )
    spatial = [call for call in calls if call.name and call.places > 1]
    if segments:
        spatial = _bottleneck([call for call in spatial if call.output != final[0].output and not call.joins], calls)
    if not spatial:
        raise LayerError("The network has no layer whose output is a stack of feature maps larger than one pixel.")
    return spatial[-1].name


def _bottleneck(spatial: list[Call], calls: list[Call]) -> list[Call]:
    """Calls at the coarsest resolution, but for those within a module that takes it and returns a finer one."""
    coarsest = min((call.places for call in spatial), default=0)
    refining = [f"{call.name}." for call in calls if call.took and _places(call.took) == coarsest < call.places]
    coarse = [call for call in spatial if call.places == coarsest]
    return [call for call in coarse if not call.name.startswith(tuple(refining))] or coarse


def _places(shape: torch.Size) -> int:
    return shape[2] * shape[3] if len(shape) == 4 else 0


def _remembered(request: Request) -> str:
    """The default layer, found once for a network of this structure and images of this shape.

    The pass that finds it also measures how many images a gradient may hold; both are asked for anew with each call
    of `explain`, which may be for a single image.
    """
    images = request.images
    structure = tuple((name, type(module), module.extra_repr()) for name, module in request.model.named_modules())
    key = (structure, images.shape[1:], images.dtype, images.device, request.memory_mb)
    known = _KNOWN.setdefault(request.model, {})
    if key not in known:
        calls: list[Call] = []
        with watched(request.model, calls):
            chunk = gradient_chunk(request)
        known[key] = (layer_of(calls) if calls else default_layer(request.model, images), chunk)
    layer, chunk = known[key]
    request.shared("gradient chunk", lambda: chunk)
    return layer


@contextmanager
def watched(model: nn.Module, calls: list[Call]) -> Iterator[None]:
    """Write down each call of a module that returns a tensor, in the order in which they end."""
    alive: list[object] = []  # outputs are kept, so that their ids stay their own

    def watcher(name: str) -> Callable[[nn.Module, tuple[object, ...], object], None]:
        def watch(module: nn.Module, arguments: tuple[object, ...], output: object) -> None:
            if isinstance(output, Tensor):
                alive.append(output)
                took = arguments[0].shape if arguments and isinstance(arguments[0], Tensor) else None
                calls.append(Call(name, type(module).__name__ in JOINS, took, output.shape, id(output)))

        return watch

    handles = [module.register_forward_hook(watcher(name)) for name, module in model.named_modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
