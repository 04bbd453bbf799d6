"""The target's gradient by the image, shared by the methods that read it, in chunks that fit the memory."""

from __future__ import annotations

import torch
from torch import Tensor

from explainers.base import Request
from foundation.forwards import chunk_size, input_gradient


def shared_gradient(request: Request) -> Tensor:
    """The gradient `(B, C, H, W)` at the images themselves."""
    return request.shared("gradient", lambda: gradients_at(request, request.images, None)[1])


def gradients_at(request: Request, images: Tensor, index: Tensor | None) -> tuple[Tensor, Tensor]:
    """`(values (N,), gradients (N, C, H, W))` at changed images; `index (N,)` says whose changed images they are."""
    if index is None:
        index = torch.arange(len(images), device=images.device)
    size = gradient_chunk(request)
    parts = [
        input_gradient(request.model, images[start : start + size], request.target.take(index[start : start + size]))
        for start in range(0, len(images), size)
    ]
    return torch.cat([values for values, _ in parts]), torch.cat([gradient for _, gradient in parts])


def gradient_chunk(request: Request) -> int:
    """Images a forward and backward pass may hold: half of a forward pass's, since gradients stand beside values."""
    return request.shared("gradient chunk", lambda: chunk_size(request.model, request.images, request.memory_mb / 2))
