"""Guided backpropagation: only positive gradients pass a rectifier on their way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from explainers.base import Request
from explainers.errors import NetworkError
from explainers.gradients import gradient_chunk
from explainers.interception import Call, Interception, relayed
from explainers.operations import RECTIFIERS

# ReLU written as a bound from below.
BOUNDS = frozenset({"clamp", "clamp_", "clip", "clip_", "clamp_min"})


class Guidance(Interception):
    """While active, rectifiers hand back their own gradient times what is positive of the one that they got."""

    def __init__(self) -> None:
        super().__init__()
        self.rectifiers = 0

    def called(self, call: Call) -> Any:
        """The call's value; guided if it is a rectifier's."""
        if not (call.name in RECTIFIERS or (call.name in BOUNDS and _bounds_at_zero(call))):
            return call.run()
        self.rectifiers += 1
        with torch.enable_grad():
            leaf = call.input.detach().requires_grad_()
            value = call.on(leaf)
        return relayed(lambda: value.detach(), lambda g: torch.autograd.grad(value, leaf, g.clamp(min=0)), [call.input])


def guided_gradient(request: Request) -> Tensor:
    """The target's guided gradient `(B, C, H, W)` by the image (Springenberg et al. 2015)."""
    index = torch.arange(len(request.images), device=request.images.device)
    return torch.cat([_of(request, part) for part in index.split(gradient_chunk(request))])


def _of(request: Request, index: Tensor) -> Tensor:
    images, guidance = request.images[index].requires_grad_(), Guidance()
    output = guidance.of_network(request.model, images)
    if not guidance.rectifiers:
        raise NetworkError("Guided backpropagation needs a network with rectifiers (ReLU and its like); this has none.")
    with torch.no_grad():
        plain = request.model(images)
    if not torch.allclose(plain, output, rtol=1e-3, atol=1e-4 * float(plain.abs().max())):
        raise NetworkError("The network changes tensors in place in a way that guided backpropagation cannot follow.")
    (gradient,) = torch.autograd.grad(request.target.take(index)(output).sum(), images)
    return gradient


def _bounds_at_zero(call: Call) -> bool:
    return call.argument(1, "min") == 0 and call.argument(2, "max") is None
