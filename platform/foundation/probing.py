"""What one forward pass of one image tells about a network: its output, its memory, what could be folded."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


class Probe(NamedTuple):
    """The raw output for one image, what its forward pass needs in bytes, and the foldable pairs.

    `made` is all that was computed, as a backward pass keeps it; `live` the most that stood at once without one;
    `largest` the largest single result. Results of layers and of functions count alike (concatenations, additions,
    functional activations); what an operation needs within itself does not.
    `pairs` names convolutions whose output goes straight into a batch norm, each of the two used once.
    """

    output: Tensor
    made: int
    live: int
    largest: int
    pairs: tuple[tuple[str, str], ...]


def probe(model: nn.Module, image: Tensor) -> Probe:
    """One forward pass of `image (1, C, H, W)` without gradients, watched; the model is in evaluation mode."""
    names = {module: name for name, module in model.named_modules()}
    made_by: dict[int, tuple[weakref.ref[Tensor], str]] = {}
    pairs: list[tuple[str, str]] = []
    calls: dict[str, int] = {}

    def watch(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        name = names[module]
        calls[name] = calls.get(name, 0) + 1
        if isinstance(module, nn.Conv2d):
            made_by[id(output)] = (weakref.ref(output), name)
        elif arguments and module.running_var is not None:
            maker, conv = made_by.get(id(arguments[0]), (None, ""))
            if maker is not None and maker() is arguments[0]:  # another tensor may have taken the id of a freed one
                pairs.append((conv, name))

    kinds = (nn.Conv2d, nn.BatchNorm2d)
    handles = [module.register_forward_hook(watch) for module in model.modules() if isinstance(module, kinds)]
    results = Results([image, *model.parameters(), *model.buffers()])
    try:
        with torch.no_grad(), results:
            output = model(image)
    finally:
        for handle in handles:
            handle.remove()
    once = tuple(pair for pair in pairs if calls[pair[0]] == calls[pair[1]] == 1)
    return Probe(output, results.made, results.peak, results.largest, once)


class Results(TorchFunctionMode):
    """A context that counts the bytes of what functions return: each stretch of memory once, while it is in use.

    What stood before it is not counted; `given` are tensors whose memory may come back as a result all the same.
    """

    def __init__(self, given: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self.made = self.live = self.peak = self.largest = 0
        self._in_use = {tensor.untyped_storage().data_ptr() for tensor in given}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for item in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(item, Tensor):
                self._count(item)
        return result

    def _count(self, result: Tensor) -> None:
        storage = result.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if size == 0 or place in self._in_use:
            return
        self._in_use.add(place)
        weakref.finalize(storage, self._freed, place, size)
        self.made, self.live, self.largest = self.made + size, self.live + size, max(self.largest, size)
        self.peak = max(self.peak, self.live)

    def _freed(self, place: int, size: int) -> None:
        self._in_use.discard(place)
        self.live -= size
