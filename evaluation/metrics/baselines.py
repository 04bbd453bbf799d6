"""What stands in the place of a removed pixel."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from foundation.seeds import derive

Baseline = Literal["zero", "mean", "blur", "uniform"]


def baseline_images(images: Tensor, baseline: Baseline, seed: int) -> Tensor:
    """The images `(B, C, H, W)` with everything removed; each depends on its own image (and the seed) alone.

    `zero`; `mean` of each channel over the image's pixels; `blur`: a Gaussian whose s.d. is a sixteenth of the
    shorter side; `uniform`: one draw a pixel and channel between the channel's least and greatest value.
    """
    match baseline:
        case "zero":
            return torch.zeros_like(images)
        case "mean":
            return images.mean((2, 3), keepdim=True).expand_as(images)
        case "blur":
            return blurred(images, min(images.shape[2:]) / 16)
        case "uniform":
            generator = torch.Generator().manual_seed(derive(seed, "baseline"))
            draw = torch.rand(images.shape[1:], generator=generator).to(images)
            low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
            return low + (high - low) * draw


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur with s.d. `sigma` in pixels, cut at 3 s.d.; the edge's own pixels are repeated outwards."""
    radius = max(1, math.ceil(3 * sigma))
    offsets = torch.arange(-radius, radius + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-0.5 * (offsets / max(sigma, 1e-6)) ** 2)
    kernel = (kernel / kernel.sum()).expand(images.shape[1], 1, -1)
    padded = functional.pad(images, (radius,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel[:, :, None, :], groups=images.shape[1])
    return functional.conv2d(across, kernel[:, :, :, None], groups=images.shape[1])
