"""Gaussian blur of images."""

from __future__ import annotations

import torch
from torch import Tensor


def blurred(images: Tensor, deviation: float) -> Tensor:
    """Images `(B, C, H, W)` blurred by a Gaussian of `deviation` pixels, cut off at three deviations.

    Near the border the kernel is renormalised over the pixels that exist, so that a constant image stays constant.
    """
    if deviation <= 0:
        return images
    for dim in (2, 3):
        images = _blurred_along(images, deviation, dim)
    return images


def _blurred_along(images: Tensor, deviation: float, dim: int) -> Tensor:
    place = torch.arange(images.shape[dim], dtype=images.dtype, device=images.device)
    distance = (place[:, None] - place[None, :]).abs()
    kernel = torch.exp(-0.5 * (distance / deviation) ** 2) * (distance <= 3 * deviation)
    kernel = kernel / kernel.sum(1, keepdim=True)
    return (kernel @ images.movedim(dim, -2).flatten(0, 1)).view_as(images.movedim(dim, -2)).movedim(-2, dim)
