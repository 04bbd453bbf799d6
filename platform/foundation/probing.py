"""What one forward pass of one image tells about a network: its output, its layers' sizes, what could be folded."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Probe(NamedTuple):
    """The raw output for one image, the bytes of each leaf module's output, and the foldable pairs.

    `pairs` names convolutions whose output goes straight into a batch norm, each of the two used once.
    """

    output: Tensor
    sizes: tuple[int, ...]
    pairs: tuple[tuple[str, str], ...]


def probe(model: nn.Module, image: Tensor) -> Probe:
    """One forward pass of `image (1, C, H, W)` without gradients, watched; the model is in evaluation mode."""
    names = {module: name for name, module in model.named_modules()}
    made_by: dict[int, tuple[Tensor, str]] = {}
    pairs: list[tuple[str, str]] = []
    calls: dict[str, int] = {}
    sizes: list[int] = []

    def watch(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        name = names[module]
        calls[name] = calls.get(name, 0) + 1
        if not isinstance(output, Tensor):
            return
        sizes.append(output.numel() * output.element_size())
        if isinstance(module, nn.Conv2d):
            made_by[id(output)] = (output, name)  # the tensor is kept, so that its id stays its own
        elif isinstance(module, nn.BatchNorm2d) and id(arguments[0]) in made_by and module.running_var is not None:
            pairs.append((made_by[id(arguments[0])][1], name))

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [module.register_forward_hook(watch) for module in leaves]
    try:
        with torch.no_grad():
            output = model(image)
    finally:
        for handle in handles:
            handle.remove()
    return Probe(output, tuple(sizes), tuple(pair for pair in pairs if calls[pair[0]] == calls[pair[1]] == 1))
