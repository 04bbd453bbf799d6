"""Forward passes: the network left as it was found, and many perturbed copies streamed under a memory budget."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from foundation.targets import Target

# Perturbed copies sent through the network at once, at most: beyond these, larger chunks no longer pay.
LARGEST_CHUNK = {"cpu": 32, "cuda": 512}

# On a CPU a chunk is fastest while the largest layer's output stays about this small (it fits the cache), but a few
# images together are always faster than one. Measured on small ResNets, DenseNets and U-Nets at 160 x 160.
CACHE_MB = 8
SMALLEST_CHUNK = 4

# How far the logits of the prepared copy may lie from the original's, relative to the largest logit.
EQUAL_VALUED = 2e-5

Perturb = Callable[[Tensor, Tensor], Tensor]


@contextmanager
def untouched(model: nn.Module) -> Iterator[nn.Module]:
    """The network in evaluation mode, without weight gradients; on leaving it is exactly as it was found.

    Mode, `requires_grad`, `.grad` and buffers are restored, also after an error. Hooks are the caller's to remove.
    """
    modes = [(module, module.training) for module in model.modules()]
    parameters = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    try:
        model.eval()
        for parameter, _, _ in parameters:
            parameter.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield model
    finally:
        for module, training in modes:
            module.training = training
        for parameter, requires, gradient in parameters:
            parameter.requires_grad_(requires)
            parameter.grad = gradient
        with torch.no_grad():
            for buffer, before in buffers:
                if not torch.equal(buffer, before):
                    buffer.copy_(before)


def prepared(model: nn.Module, images: Tensor) -> nn.Module:
    """A copy for forward passes only, faster at equal values: conv-BN folded, channels last.

    `model` is in evaluation mode. Where folding applies nowhere, the copy would not pay, or its logits for the first
    image are not those of the original within `EQUAL_VALUED`, the answer is `model` itself.
    """
    probe = images[:1]
    with torch.no_grad():
        pairs, expected = _conv_norm_pairs(model, probe)
        if not pairs:
            return model
        faster = copy.deepcopy(model)
        modules = dict(faster.named_modules())
        for conv, norm in pairs:
            fused = torch.nn.utils.fuse_conv_bn_eval(modules[conv], modules[norm])
            _replace(faster, conv, fused)
            _replace(faster, norm, nn.Identity())
        faster = faster.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = faster(probe.contiguous(memory_format=torch.channels_last))
    if (found - expected).abs().max() > EQUAL_VALUED * expected.abs().max():
        return model
    return faster


def chunk_size(model: nn.Module, images: Tensor, memory_mb: float) -> int:
    """How many images a forward pass may hold within `memory_mb` MiB, at least one.

    An image is charged with the outputs of all leaf modules (skip connections may keep any of them) and four copies
    of itself.
    """
    charged = [4 * images[:1].numel() * images.element_size()]

    def charge(module: nn.Module, arguments: tuple[object, ...], output: object) -> None:
        if isinstance(output, Tensor):
            charged.append(output.numel() * output.element_size())

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [module.register_forward_hook(charge) for module in leaves]
    try:
        with torch.no_grad():
            model(images[:1])
    finally:
        for handle in handles:
            handle.remove()
    useful = LARGEST_CHUNK.get(images.device.type, 32)
    if images.device.type == "cpu":
        useful = min(useful, max(SMALLEST_CHUNK, int(CACHE_MB * 2**20 / max(charged[1:], default=1))))
    return max(1, min(useful, int(memory_mb * 2**20 / sum(charged))))


class Forwards:
    """Forward passes of one network for images of one shape, without gradients, under a memory budget in MiB.

    The network is in evaluation mode; what runs is its prepared copy (see `prepared`). Values do not depend on the
    budget beyond the rounding of float32.
    """

    def __init__(self, model: nn.Module, images: Tensor, memory_mb: float = 1024) -> None:
        self.network = prepared(model, images)
        self.layout = torch.contiguous_format if self.network is model else torch.channels_last
        self.size = chunk_size(model, images, memory_mb)

    def stream(self, images: Tensor, target: Target, count: int, perturb: Perturb) -> Tensor:
        """Target values of `count` perturbed copies of each image: `(B, count)`, without ever holding them all.

        `perturb(image, item)` gets two LongTensors `(n,)`, the indices of the images and of their perturbations, and
        returns `(n, C, H, W)`; `target` is bound to `images`.
        """
        batch = len(images)
        if count == 0:
            return images.new_zeros((batch, 0))
        values = []
        with torch.no_grad():
            for start in range(0, batch * count, self.size):
                index = torch.arange(start, min(start + self.size, batch * count), device=images.device)
                image, item = index // count, index % count
                copies = perturb(image, item).contiguous(memory_format=self.layout)
                values.append(target.take(image)(self.network(copies)))
        return torch.cat(values).view(batch, count)


def stream(
    model: nn.Module, images: Tensor, target: Target, count: int, perturb: Perturb, *, memory_mb: float = 1024
) -> Tensor:
    """`Forwards.stream` for a single use: target values `(B, count)` of perturbed copies."""
    return Forwards(model, images, memory_mb).stream(images, target, count, perturb)


def input_gradient(model: nn.Module, images: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    """`(values (B,), gradient (B, C, H, W))` of the target by the images; the images' own graph is left alone."""
    leaf = images.detach().clone().requires_grad_()
    values = target(model(leaf))
    (gradient,) = torch.autograd.grad(values.sum(), leaf)
    return values.detach(), gradient


def _conv_norm_pairs(model: nn.Module, probe: Tensor) -> tuple[list[tuple[str, str]], Tensor]:
    """Names of convolutions whose output goes straight into a batch norm, each used once; and the probe's logits."""
    names = {module: name for name, module in model.named_modules()}
    made_by: dict[int, tuple[Tensor, str]] = {}
    pairs: list[tuple[str, str]] = []
    calls: dict[str, int] = {}

    def watch(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        name = names[module]
        calls[name] = calls.get(name, 0) + 1
        if isinstance(module, nn.Conv2d):
            made_by[id(output)] = (output, name)  # the tensor is kept, so that its id stays its own
        elif id(arguments[0]) in made_by and module.running_var is not None:
            pairs.append((made_by[id(arguments[0])][1], name))

    kinds = (nn.Conv2d, nn.BatchNorm2d)
    handles = [module.register_forward_hook(watch) for module in model.modules() if isinstance(module, kinds)]
    try:
        output = model(probe)
    finally:
        for handle in handles:
            handle.remove()
    return [pair for pair in pairs if calls[pair[0]] == calls[pair[1]] == 1], output


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)
