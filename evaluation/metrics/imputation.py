"""Linear imputation: removed pixels as the weighted means of their neighbours, all of them solved for together."""

from __future__ import annotations

import torch
from torch import Tensor

from evaluation.metrics.multigrid import binomial, solve

# How far an imputed value may be off, as a share of the image's range; the noise that ROAD adds is far larger.
ACCURACY = 2e-5
# What a system takes while it is solved, in copies of its image.
COPIES = 16
# On a processor larger batches fall out of its caches.
BATCH_ON_CPU = 8


def imputed(images: Tensor, removed: Tensor, memory_mb: float = 1024) -> Tensor:
    """The images `(n, C, H, W)` with the pixels that are `removed (n, H, W)` filled in from those that are not.

    Each removed pixel is the weighted mean of its eight neighbours (1/6 beside, 1/12 across), removed ones included;
    neighbours beyond the edge do not count, and the other weights then sum to 1. With every pixel removed nothing is
    left to interpolate: the image becomes its channels' means. Rong et al. (2022), arXiv:2202.00449, section 4.
    """
    count, channels, height, width = images.shape
    working = images.flatten(0, 1).to(images.dtype if images.dtype == torch.float64 else torch.float32)
    free = removed.repeat_interleave(channels, 0)
    size = int(memory_mb * 2**20 / (COPIES * height * width * working.element_size()))
    size = max(1, min(size, BATCH_ON_CPU) if images.device.type == "cpu" else size)
    parts = [_filled(*pair) for pair in zip(working.split(size), free.split(size), strict=True)]
    return torch.cat(parts).view(count, channels, height, width).to(images.dtype)


def _filled(images: Tensor, removed: Tensor) -> Tensor:
    """`(N, H, W)` filled; the mean is taken off first, which keeps digits where values lie far from zero."""
    mean = images.mean((1, 2), keepdim=True)
    known = (images - mean).masked_fill(removed, 0)
    spread = images.amax((1, 2)) - images.amin((1, 2))
    found = solve(removed, binomial(known).div_(12).masked_fill_(~removed, 0), ACCURACY * spread)
    return torch.where(removed, found + mean, images)
